import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSimulator } from '../../../packages/simulator/src/simulator.ts';
import { updateCatalogue } from '../../../src/catalogue/update-catalogue.ts';
import { unlimited } from '../../../src/clock.ts';
import type { ObjectStore } from '../../../src/ports.ts';
import { erasureKey, parseErasure, tombstoneId } from '../../../src/record/erasure.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import {
  addRecording,
  DAY,
  factsLine,
  type Invented,
  inventPorts,
  putFacts,
} from '../../catalogue/invented-archive.ts';
import { makeDirectory } from '../run-cli.ts';
import { runHere } from '../run-here.ts';

const NUMBER = '+4917000111';
const OTHER = '+4930111222';
const TEXT = { metadata: {}, contentType: 'text/plain' };

describe('erase', () => {
  let dir: string;
  let remove: () => Promise<void>;
  let env: Record<string, string>;
  let store: ObjectStore;
  let ports: ReturnType<typeof inventPorts>;
  let kept: Invented;
  let erased: Invented;

  beforeEach(async () => {
    ({ dir, remove } = await makeDirectory());
    const key = randomBytes(32);
    store = createDirectoryStore(path.join(dir, 'store'));
    env = {
      ARCHIVE_STORE: `file:${path.join(dir, 'store')}`,
      ENCRYPTION_KEY_HEX: key.toString('hex'),
      ARCHIVE_FACTS: 'analytics',
    };
    ports = inventPorts({ archive: store, key });
    kept = await addRecording(store);
    erased = await addRecording(store);
    await putFacts(ports, [
      factsLine(kept.conversationId, { agents: ['agent-1'], customer: OTHER }),
      factsLine(erased.conversationId, { agents: ['agent-2'], customer: NUMBER }),
    ]);
    await updateCatalogue(ports, { from: DAY, to: DAY }, unlimited);
  });
  afterEach(() => remove());

  const run = (...args: readonly string[]) => runHere(['erase', ...args], { env });
  const planned = async (...args: readonly string[]) => {
    const { code, records, stderr } = await run(...args, '--reason', 'request 31', '--json');
    expect(stderr).not.toContain('error');
    expect(code).toBe(0);
    const plan = records().find(({ type }) => type === 'plan');
    return { name: String(plan?.['plan']), recordings: Number(plan?.['recordings']) };
  };
  const erase = async (...args: readonly string[]) => {
    const { name, recordings } = await planned(...args);
    return run('--confirm', name, '--yes', String(recordings));
  };
  const isThere = async (key: string) => (await store.head(key, unlimited)) !== undefined;

  it('plans first and touches nothing, and erases what the plan names when it is confirmed', async () => {
    const { name, recordings } = await planned(erased.recordingId, '--by', 'A. Brandt');
    expect(recordings).toBe(1);
    expect(await isThere(erased.key)).toBe(true);
    expect(await isThere(erasureKey(tombstoneId(erased.recordingId)))).toBe(false);
    expect(await run('--confirm', name, '--yes', '2')).toMatchObject({ code: 2 });
    expect(await isThere(erased.key)).toBe(true);
    const done = await run('--confirm', name, '--yes', '1', '--by', 'A. Brandt');
    expect(done).toMatchObject({ code: 0 });
    expect(await isThere(erased.key)).toBe(false);
    expect(await isThere(kept.key)).toBe(true);
    expect(await isThere(receiptKey(erased.key))).toBe(true);
    const { body } = await store.get(erasureKey(tombstoneId(erased.recordingId)), unlimited);
    let text = '';
    for await (const chunk of body) text += Buffer.from(chunk).toString('utf8');
    expect(parseErasure(text)).toMatchObject({ day: DAY, reason: 'request 31', by: 'A. Brandt' });
    expect(text).not.toContain(erased.recordingId);
    expect(await run('status')).toMatchObject({ code: 0 });
  });

  it('finds the calls of a person by the number, and leaves nothing of it, of its conversation and of its plan', async () => {
    const list =
      'proof/0e1f2d3c-0000-4000-8000-000000000001/lists/2026/03/05/0123456789abcdef.source.jsonl.gz';
    const line = (one: Invented) =>
      JSON.stringify({
        conversation: one.conversationId,
        media: 'call',
        nonce: '00112233445566778899aabbccddeeff',
        recording: one.recordingId,
        state: 'both',
      });
    await store.put(list, gzipSync(`${line(kept)}\n${line(erased)}\n`), TEXT, unlimited);
    for (const beside of ['context', 'transcripts', 'peaks', 'links']) {
      const name = `${beside}/2026/03/05/${erased.recordingId}.json`;
      await store.put(name, Buffer.from(erased.recordingId), TEXT, unlimited);
    }
    env['GENESYS_ORGANIZATION_ID'] = '0e1f2d3c-0000-4000-8000-000000000001';
    expect(await erase('--subject', NUMBER)).toMatchObject({ code: 0 });
    const stay = new Set([receiptKey(erased.key)]);
    for (const [name, bytes] of await everything(path.join(dir, 'store'))) {
      if (stay.has(name.replace(/\.metadata\.json$/, ''))) continue;
      // the catalogue keeps a row with ids, and an index of them
      if (name.startsWith('catalogue/')) expect(bytes.includes(NUMBER)).toBe(false);
      else {
        expect(`${name} ${bytes.includes(erased.recordingId)}`).toBe(`${name} false`);
        expect(`${name} ${bytes.includes(erased.conversationId)}`).toBe(`${name} false`);
      }
      expect(name.includes(erased.recordingId)).toBe(false);
    }
    const found = await runHere(['find', '--customer', NUMBER, '--fresh'], { env });
    expect(found).toMatchObject({ code: 6 });
    const row = await runHere(['find', erased.recordingId, '--json', '--reveal'], { env });
    expect(row.records().at(-1)).toMatchObject({ state: 'erased' });
    expect(row.stdout).not.toContain('4917000111');
    const lines = gunzipSync(await readFile(path.join(dir, 'store', list))).toString('utf8');
    expect(lines).toContain(kept.recordingId);
    expect(lines).toContain('{"leaf":"');
  });

  it.each(['+49 (0)170/00-111', '0049 170 00111', 'tel:+49-170-00111', 'sip:+4917000111@sbc.example.com'])(
    'finds them by the number as people write it: %s',
    async (written) => {
      expect(await planned('--subject', written)).toMatchObject({ recordings: 1 });
    },
  );

  it('says how many recordings may be of the person and cannot be known to be, which it leaves', async () => {
    const unknown = await addRecording(store);
    const { code, stderr } = await run('--subject', NUMBER, '--reason', 'r', '--dry-run');
    expect(code).toBe(0);
    expect(stderr).toContain('1 recording to erase');
    expect(stderr).toContain('warning: 1 recording without facts of the platform');
    const held = await runHere(['hold', 'place', '--matter', 'm', '--where', `--customer ${OTHER}`], { env });
    expect(held.stderr).not.toContain('without facts');
    await updateCatalogue(ports, { from: DAY, to: DAY }, unlimited);
    const later = await runHere(['hold', 'place', '--matter', 'm', '--where', `--customer ${OTHER}`], {
      env,
    });
    expect(later.stderr).toContain('warning: 1 recording without facts of the platform');
    expect(await isThere(unknown.key)).toBe(true);
  });

  it('is refused as a whole by a hold on any part, at the plan and at its confirmation', async () => {
    const { name } = await planned(erased.recordingId, kept.recordingId);
    const held = await runHere(['hold', 'place', '--matter', '2026/117', kept.recordingId], { env });
    expect(held).toMatchObject({ code: 0 });
    const late = await run('--confirm', name, '--yes', '2');
    expect(late.code).toBe(4);
    expect(late.stderr).toContain('[HOLD_STANDS]');
    const refused = await run(erased.recordingId, kept.recordingId, '--reason', 'r');
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain(kept.recordingId);
    expect(await isThere(erased.key)).toBe(true);
    expect(await erase(erased.recordingId, kept.recordingId, '--leave-held')).toMatchObject({ code: 0 });
    expect(await isThere(erased.key)).toBe(false);
    expect(await isThere(kept.key)).toBe(true);
  });

  it('says of a plan that was carried out that it was, and keeps the lists of one that was broken off', async () => {
    const { name } = await planned(erased.recordingId);
    expect(await run('--confirm', name, '--yes', '1')).toMatchObject({ code: 0 });
    const again = await run('--confirm', name, '--yes', '1');
    expect(again).toMatchObject({ code: 0 });
    expect(again.stderr).toContain('carried out before');
    const other = await planned(kept.recordingId);
    const [job = ''] = other.name.split('.');
    expect(await runHere(['jobs', 'cancel', job], { env })).toMatchObject({ code: 0 });
    await run('--confirm', other.name, '--yes', '1');
    expect(await isThere(kept.key)).toBe(true);
    expect(await isThere(`jobs/${job}/shards/000000.ndjson.gz`)).toBe(true);
  });

  it('says of an erased recording that it was erased, with the tombstone, and not that it is missing', async () => {
    await erase(erased.recordingId);
    for (const command of [
      ['restore', erased.recordingId, '-o', path.join(dir, 'out')],
      ['restore', erased.key, '-o', path.join(dir, 'out')],
      ['restore', erased.recordingId, '--unverified', '-o', path.join(dir, 'out')],
      ['inspect', erased.recordingId],
    ]) {
      const refused = await runHere(command, { env });
      expect(`${command.join(' ')}: ${refused.stderr}`).toContain('[RECORDING_ERASED]');
      expect(refused.stderr).toContain(tombstoneId(erased.recordingId));
      expect(refused.code).toBe(6);
    }
    const again = await run(erased.recordingId, '--reason', 'once more');
    expect(again.stderr).toContain('[RECORDING_ERASED]');
    const verified = await runHere(['verify', '--all', '--depth', 'head', '--json'], { env });
    expect(verified.stdout).not.toContain('missing-object');
  });

  it('reports what came back of an erased recording, and finishes it', async () => {
    await erase(erased.recordingId);
    await store.put(erased.key, Buffer.from('it is back'), TEXT, unlimited);
    const status = await run('status', '--json');
    expect(status.code).toBe(7);
    expect(status.records()[0]).toMatchObject({ state: 'unfinished', versions: 1 });
    const refused = await runHere(['restore', erased.key, '--unverified', '-o', path.join(dir, 'out')], {
      env,
    });
    expect(refused.stderr).toContain('[RECORDING_ERASED]');
    const verified = await runHere(['verify', '--all', '--depth', 'head', '--json'], { env });
    expect(verified.stdout).toContain('"erased"');
    expect(await run('finish')).toMatchObject({ code: 2 });
    expect(await run('finish', '--yes', '1')).toMatchObject({ code: 0 });
    expect(await isThere(erased.key)).toBe(false);
    expect(await run('status')).toMatchObject({ code: 0 });
  });

  it('holds what the catalogue describes, and says of a hold that came after an erasure what it does not keep', async () => {
    const hold = (...args: readonly string[]) =>
      runHere(['hold', 'place', '--matter', '2026/117', ...args], { env });
    const held = await hold('--where', `--customer ${OTHER}`, '--json');
    expect(held.records().filter(({ type }) => type === 'held')).toMatchObject([{ key: kept.key }]);
    await erase(erased.recordingId);
    await store.put(erased.key, Buffer.from('it is back'), TEXT, unlimited);
    const late = await hold(erased.key, '--json');
    expect(late.code).toBe(3);
    expect(late.stderr).toContain('were erased, or are being erased');
    expect(await run('finish', '--yes', '1')).toMatchObject({ code: 7 });
    expect(await isThere(erased.key)).toBe(true);
    const entries: string[] = [];
    for await (const { key } of store.list('access/', unlimited)) {
      const { body } = await store.get(key, unlimited);
      for await (const chunk of body) entries.push(Buffer.from(chunk).toString('utf8'));
    }
    const actions = entries.map((entry) => (JSON.parse(entry) as { action: string }).action);
    expect(actions.toSorted()).toEqual(['erase', 'erase', 'hold', 'hold']);
    expect(entries.join('')).not.toContain(OTHER);
  });

  it('erases nothing by a plan that others have changed, and none without its whole name', async () => {
    const { name } = await planned(erased.recordingId);
    const [id = ''] = name.split('.');
    const shard = path.join(dir, 'store', 'jobs', id, 'shards', '000000.ndjson.gz');
    const item = JSON.parse(gunzipSync(await readFile(shard)).toString('utf8')) as object;
    const changed = { ...item, recording: kept.recordingId, keys: [kept.key] };
    const stat = await store.head(`jobs/${id}/shards/000000.ndjson.gz`, unlimited);
    if (stat === undefined) throw new Error('there is a shard');
    await store.replace?.(stat, gzipSync(`${JSON.stringify(changed)}\n`), TEXT, unlimited);
    const refused = await run('--confirm', name, '--yes', '1');
    expect(refused.stderr).toContain('[JOB_CHANGED]');
    expect((await run('--confirm', id, '--yes', '1')).stderr).toContain('[USAGE]');
    const other = await planned(erased.recordingId);
    const [otherId = ''] = other.name.split('.');
    expect((await run('--confirm', `${otherId}.AAAAAAAAAAAAAAAA`, '--yes', '1')).stderr).toContain(
      '[JOB_CHANGED]',
    );
    expect((await runHere(['jobs', 'run', otherId], { env })).stderr).toContain('[USAGE]');
    expect(await isThere(kept.key)).toBe(true);
    expect(await isThere(erased.key)).toBe(true);
  });

  it('shows requests of the platform without numbers, and plans what one names when it is told to', async () => {
    const simulator = await startSimulator({});
    try {
      Object.assign(env, simulator.environment());
      const post = async (requestType: string, subject: object) => {
        const path = `${simulator.apiUrl}/api/v2/gdpr/requests?deleteConfirmed=true`;
        const token = await tokenOf(simulator.apiUrl, env);
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
        const body = JSON.stringify({ requestType, subject });
        const answer = await fetch(path, { method: 'POST', headers, body });
        return ((await answer.json()) as { id: string }).id;
      };
      const id = await post('GDPR_DELETE', { phoneNumbers: [NUMBER] });
      const other = await post('GDPR_EXPORT', { phoneNumbers: [NUMBER] });
      const listed = await run('requests');
      expect(listed).toMatchObject({ code: 0 });
      expect(listed.stdout).toContain(`${id}  GDPR_DELETE`);
      expect(listed.stdout + listed.stderr).not.toContain('4917000111');
      expect(await isThere(erased.key)).toBe(true);
      const { code, records } = await run('--request', id, '--dry-run', '--json');
      expect(code).toBe(0);
      expect(records().at(-1)).toMatchObject({ type: 'plan', recordings: 1, dryRun: true });
      expect(JSON.stringify(records())).not.toContain('4917000111');
      expect((await run('--request', other)).stderr).toContain('[USAGE]');
      expect((await run('--request', 'none')).stderr).toContain('[NOTHING_FOUND]');
      expect(await isThere(erased.key)).toBe(true);
      const named = await post('GDPR_DELETE', {
        phoneNumbers: [NUMBER],
        externalContactId: 'c',
        name: 'Kim',
      });
      expect((await run('--request', named, '--dry-run')).stderr).toContain('externalContactId, name');
      // that it may not be read is no answer, and least of all none
      simulator.world.deny('gdpr:request:view');
      const refused = await run('requests', '--json');
      expect(refused).toMatchObject({ code: 4, stdout: '' });
      expect(refused.stderr).toContain('GENESYS_FORBIDDEN');
    } finally {
      await simulator.close();
    }
  });

  it('says what is missing from a wrong command', async () => {
    for (const [args, words] of [
      [[], 'say which recordings'],
      [[erased.recordingId], 'say why'],
      [[erased.recordingId, '--subject', NUMBER, '--reason', 'r'], 'exclude each other'],
      [['status', '--reason', 'r'], '--reason does not go with'],
      [['--confirm', 'x', '--yes', '1'], 'not the name of a plan'],
      [['99999999-9999-4999-8999-999999999999', '--reason', 'r'], '[OBJECT_NOT_FOUND]'],
      [['--subject', '+49309999999', '--reason', 'r'], '[NOTHING_FOUND]'],
      [['--subject', '0170 00111', '--reason', 'r'], 'a number without its country'],
    ] as const) {
      const refused = await run(...args);
      expect(refused.stderr).toContain(words);
      expect(refused.code).not.toBe(0);
    }
  });
});

async function tokenOf(apiUrl: string, env: Readonly<Record<string, string>>): Promise<string> {
  const { GENESYS_CLIENT_ID = '', GENESYS_CLIENT_SECRET = '' } = env;
  const basic = Buffer.from(`${GENESYS_CLIENT_ID}:${GENESYS_CLIENT_SECRET}`).toString('base64');
  const answer = await fetch(`${apiUrl}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials',
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** Every file below a directory, and what is in it when it is uncompressed. */
async function everything(root: string): Promise<readonly (readonly [name: string, bytes: Buffer])[]> {
  const found: [string, Buffer][] = [];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const bytes = await readFile(file);
    const name = path.relative(root, file);
    found.push([name, bytes]);
    if (name.endsWith('.gz')) found.push([name, gunzipSync(bytes)]);
  }
  return found;
}
