import { generateKeyPairSync } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ScriptedConversation } from '../../../packages/simulator/src/published/recordings/scripted.ts';
import { canonicalJson } from '../../../src/record/canonical-json.ts';
import { createReceiptSigner } from '../../../src/record/receipt/receipt.ts';
import { DRILL_SCHEMA, drillKey, drillKeyName, drillText } from '../../../src/proof/drill/drill-report.ts';
import { noteKey } from '../../../src/proof/formats/note.ts';
import { DAY_MS, dayOf } from '../../../src/recording/time.ts';
import { backfills, NOW } from '../../backfill/start-backfill.ts';
import { runHere } from '../run-here.ts';

const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
const ORIGIN = `recordings.example.com/proof/${ORGANIZATION}`;
const CLIENT = { clientId: 'source-client', clientSecret: 'source-secret' };
const BY = ['--by', 'A. Brandt'];
const WHY = ['--reason', 'retention 2026'];

const { start, closeAll } = backfills();
afterEach(closeAll);
let keyDir: string;
let signing: string;
const drills = generateKeyPairSync('ed25519');
beforeAll(async () => {
  keyDir = await mkdtemp(path.join(tmpdir(), 'source-delete-'));
  signing = path.join(keyDir, 'receipts.pem');
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFile(signing, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
});
afterAll(() => rm(keyDir, { recursive: true }));

/** An archive that has all of its conversations, with a drill of yesterday. */
async function open(conversations: readonly ScriptedConversation[], more: Record<string, string> = {}) {
  const started = await start(
    {
      conversations: conversations.map((one) => ({ endedAt: NOW - 10 * DAY_MS, ...one })),
      clients: [CLIENT],
    },
    {
      ARCHIVE_SIGNING_KEY_FILE: signing,
      GENESYS_ORGANIZATION_ID: ORGANIZATION,
      ARCHIVE_PROOF_ORIGIN: ORIGIN,
      ARCHIVE_PROOF_VKEYS: noteKey(drillKeyName(ORIGIN), drills.publicKey).vkey,
      ARCHIVE_SOURCE_DELETE: '1',
      GENESYS_SOURCE_CLIENT_ID: CLIENT.clientId,
      GENESYS_SOURCE_CLIENT_SECRET: CLIENT.clientSecret,
      GENESYS_FORMAT: 'WAV',
      ...more,
    },
  );
  const { clock, simulator, dir } = started;
  const settings: Record<string, string> = started.settings;
  for (const { id } of simulator.world.conversations) await started.archiveLive(id);
  await drill(dir, NOW - DAY_MS);
  const run = (...args: readonly string[]) => runHere(args, { env: settings, clock });
  const recordings = simulator.world.conversations.flatMap((one) => [...one.recordings]);
  const planned = async (...args: readonly string[]) => {
    const { code, records, stderr } = await run('source-delete', 'plan', ...args, ...WHY, ...BY, '--json');
    expect(stderr).not.toContain('error');
    expect(code).toBe(0);
    const plan = records().find(({ type }) => type === 'plan');
    return { name: String(plan?.['plan']), recordings: Number(plan?.['recordings']), records: records() };
  };
  const remove = async (...args: readonly string[]) => {
    const { name, recordings: count } = await planned(...args);
    return run('source-delete', 'run', name, '--yes', String(count), ...BY, '--json');
  };
  return { ...started, settings, run, planned, remove, recordings };
}

async function drill(dir: string, at: number, counts: { failed?: number } = {}) {
  const day = dayOf(at);
  const none = { drawn: 3, failed: 0, erased: 0, unknown: 0, decoded: 3, doubtful: 0, hashed: 0, bytes: 9 };
  const failed = counts.failed ?? 0;
  const unsigned = {
    schema: DRILL_SCHEMA,
    organization: ORGANIZATION,
    origin: ORIGIN,
    day,
    tool: { name: 'genesys-media-archive', version: '1' },
    checkpoint: { size: 3, root: `${'A'.repeat(43)}=` },
    sample: { count: 3 },
    store: `file:${dir}`,
    began: new Date(at).toISOString(),
    ended: new Date(at).toISOString(),
    counts: { ...none, failed, restored: 3 - failed },
    recordings: [],
  } as const;
  const signer = createReceiptSigner(drills.privateKey);
  const { id } = noteKey(drillKeyName(ORIGIN), drills.publicKey);
  const value = Buffer.from(
    await signer.sign(Buffer.from(drillText({ ...unsigned, recordings: [] }))),
  ).toString('base64');
  const file = path.join(dir, drillKey(day));
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${canonicalJson({ ...unsigned, recordings: [], signature: { id, value } })}\n`);
}

const RANGE = ['--from', dayOf(NOW - 12 * DAY_MS), '--to', dayOf(NOW)];

describe('source-delete', () => {
  it('plans, marks, waits, notes what is gone, and says what it did at every step', async () => {
    const { run, planned, recordings, clock, dir } = await open([
      { recordings: [{ seconds: 1 }, { seconds: 1 }] },
    ]);
    const { name, recordings: count } = await planned(...RANGE, '--compare');
    expect(count).toBe(2);
    expect(recordings.map(({ deleteDate }) => deleteDate)).toEqual([undefined, undefined]);
    expect(await run('source-delete', 'run', name, '--yes', '1', ...BY)).toMatchObject({ code: 2 });
    expect(recordings.map(({ deleteDate }) => deleteDate)).toEqual([undefined, undefined]);
    const done = await run('source-delete', 'run', name, '--yes', '2', ...BY);
    expect(`${done.code} ${done.stderr}`).toContain('2 marked, 0 had been before, 0 left at the platform');
    const day = dayOf(NOW + 8 * DAY_MS);
    expect(recordings.map(({ deleteDate }) => deleteDate)).toEqual([
      `${day}T00:00:00.000Z`,
      `${day}T00:00:00.000Z`,
    ]);
    const waiting = await run('source-delete', 'status', ...BY);
    expect([waiting.code, waiting.stderr]).toEqual([
      0,
      expect.stringContaining('at the platform: 2 waiting'),
    ]);
    clock.advance(9 * DAY_MS);
    const gone = await run('source-delete', 'status', ...BY);
    expect([gone.code, gone.stderr]).toEqual([0, expect.stringContaining('2 noted as gone')]);
    const entries = (await readdir(path.join(dir, 'access'), { recursive: true })).filter((one) =>
      one.endsWith('.json'),
    );
    const texts = await Promise.all(entries.map((one) => readFile(path.join(dir, 'access', one), 'utf8')));
    const acts = texts.filter((text) => text.includes('"source-delete"') && !text.includes('.metadata'));
    expect(acts.some((text) => recordings.every(({ id }) => text.includes(id)))).toBe(true);
    const again = await run('source-delete', 'run', name, '--yes', '2', ...BY);
    expect(again.code).toBe(0);
  });

  it('is off by default, and refuses the OAuth client that archives', async () => {
    const { run, settings } = await open([{ recordings: [{ seconds: 1 }] }], { ARCHIVE_SOURCE_DELETE: '0' });
    const off = await run('source-delete', 'plan', ...RANGE, '--compare', ...WHY);
    expect([off.code, off.stderr]).toEqual([2, expect.stringContaining('SOURCE_DELETE_OFF')]);
    settings['ARCHIVE_SOURCE_DELETE'] = '1';
    settings['GENESYS_SOURCE_CLIENT_ID'] = settings['GENESYS_CLIENT_ID'] ?? '';
    const same = await run('source-delete', 'plan', ...RANGE, '--compare', ...WHY);
    expect([same.code, same.stderr]).toEqual([2, expect.stringContaining('the one that archives')]);
    delete settings['GENESYS_SOURCE_CLIENT_ID'];
    delete settings['GENESYS_SOURCE_CLIENT_SECRET'];
    const none = await run('source-delete', 'plan', ...RANGE, '--compare', ...WHY);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('SOURCE_CLIENT_MISSING')]);
  });

  it('leaves what is held, protected, damaged, redacted or without a transcript, each by itself', async () => {
    const one = { recordings: [{ seconds: 1 }] };
    const { run, remove, simulator, recordings, dir } = await open([
      one,
      one,
      one,
      one,
      { recordings: [{ seconds: 1, sensitive: true }] },
    ]);
    const [held, guarded, damaged, good, sensitive] = recordings;
    const { code } = await run(
      'hold',
      'place',
      '--matter',
      '2026/117',
      '--conversation',
      held?.conversation.id ?? '',
      ...RANGE,
      ...BY,
    );
    expect(code).toBe(0);
    if (guarded !== undefined) guarded.conversation.isProtected = true;
    await flip(dir, damaged?.id ?? '');
    const done = await remove(...RANGE, '--compare');
    expect(done.code).toBe(0);
    expect(recordings.map(({ deleteDate }) => deleteDate !== undefined)).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
    expect(good?.deleteDate).toBeDefined();
    // what the client may not see unredacted is compared with nothing
    simulator.world.deny('recording:recording:viewSensitiveData');
    if (sensitive !== undefined) sensitive.deleteDate = undefined;
    const all = await run('source-delete', 'plan', ...RANGE, '--compare', ...WHY, '--json');
    const reasons = new Map(all.records().map((record) => [record['recording'], record['reasons']]));
    expect(reasons.get(held?.id)).toContain('held');
    expect(reasons.get(guarded?.id)).toContain('protected');
    expect(reasons.get(damaged?.id)).toEqual(['damaged']);
    expect(reasons.get(sensitive?.id)).toEqual(['different', 'maybe-redacted', 'date-removed']);
    const wanted = await run(
      'source-delete',
      'plan',
      ...RANGE,
      '--compare',
      '--transcript',
      '--context',
      ...WHY,
      '--json',
    );
    expect(wanted.code).toBe(6);
    expect(wanted.stderr).toContain('each of these recordings is left at the platform');
  });

  it('marks no more than a day may have, and goes on the next day', async () => {
    const { planned, run, recordings, clock, dir } = await open(
      [{ recordings: [{ seconds: 1 }, { seconds: 1 }, { seconds: 1 }] }],
      { ARCHIVE_SOURCE_DELETE_PER_DAY: '2' },
    );
    const { name } = await planned(...RANGE, '--compare');
    const first = await run('source-delete', 'run', name, '--yes', '3', ...BY);
    expect(first.code).toBe(7);
    expect(recordings.filter(({ deleteDate }) => deleteDate !== undefined)).toHaveLength(2);
    clock.advance(DAY_MS);
    await letADayPass(path.join(dir, 'jobs'));
    const second = await run('source-delete', 'run', name, '--yes', '3', ...BY);
    expect(second.code).toBe(0);
    expect(recordings.filter(({ deleteDate }) => deleteDate !== undefined)).toHaveLength(3);
  });

  it('takes dates back, puts the platform’s own there again, and does not set them by the same plan', async () => {
    const { planned, run, recordings } = await open([
      { recordings: [{ seconds: 1, deletedAfterS: 400 * 86_400 }] },
    ]);
    const [before] = recordings.map(({ deleteDate }) => deleteDate);
    const { name } = await planned(...RANGE, '--compare');
    expect((await run('source-delete', 'run', name, '--yes', '1', ...BY)).code).toBe(0);
    expect(recordings[0]?.deleteDate).not.toBe(before);
    const taken = await run('source-delete', 'cancel', recordings[0]?.id ?? '', ...WHY, ...BY);
    expect([taken.code, taken.stderr]).toEqual([0, expect.stringContaining('1 taken back, 0 not')]);
    expect(recordings[0]?.deleteDate).toBe(before);
    const again = await run('source-delete', 'run', name, '--yes', '1', ...BY);
    expect(again.stderr).toContain('0 marked');
    expect(recordings[0]?.deleteDate).toBe(before);
    const nothing = await run('source-delete', 'cancel', '--held', ...BY);
    expect(nothing.code).toBe(6);
  });

  it('neither sets nor takes back a date that cannot be written down', async () => {
    const { planned, run, recordings, dir } = await open([{ recordings: [{ seconds: 1 }, { seconds: 1 }] }]);
    const { name } = await planned(recordings[0]?.id ?? '', '--compare');
    expect((await run('source-delete', 'run', name, '--yes', '1', ...BY)).code).toBe(0);
    const other = await planned(recordings[1]?.id ?? '', '--compare');
    const dates = () => recordings.map(({ deleteDate }) => deleteDate);
    const before = dates();
    expect(before).toEqual([expect.any(String), undefined]);
    await rm(path.join(dir, 'access'), { recursive: true });
    await writeFile(path.join(dir, 'access'), 'in the way');
    for (const args of [
      ['run', other.name, '--yes', '1'],
      ['cancel', '--all'],
    ]) {
      expect((await run('source-delete', ...args, ...BY)).code).not.toBe(0);
      expect(dates()).toEqual(before);
    }
    const steps = await readdir(path.join(dir, 'source-deletions'), { recursive: true });
    expect(steps.some((step) => step.includes(recordings[1]?.id ?? ''))).toBe(false);
  });

  it('needs a drill that passed, and refuses a plan that someone has changed', async () => {
    const { run, planned, dir, recordings } = await open([{ recordings: [{ seconds: 1 }] }]);
    const { name } = await planned(...RANGE, '--compare');
    await drill(dir, NOW, { failed: 1 });
    const failed = await run('source-delete', 'run', name, '--yes', '1', ...BY);
    expect(failed.stdout).toContain('drill-failed');
    expect(recordings[0]?.deleteDate).toBeUndefined();
    const other = `${name.split('.')[0] ?? ''}.AAAAAAAAAAAAAAAA`;
    const changed = await run('source-delete', 'run', other, '--yes', '1', ...BY);
    expect([changed.code, changed.stderr]).toEqual([
      expect.any(Number),
      expect.stringContaining('JOB_CHANGED'),
    ]);
    const job = await run('jobs', 'run', name.split('.')[0] ?? '');
    expect(job.code).not.toBe(0);
    expect(recordings[0]?.deleteDate).toBeUndefined();
  });

  it.each([
    [['source-delete', 'purge'], 'source-delete does not know purge'],
    [['source-delete', 'plan', ...RANGE, '--compare'], 'say why'],
    [['source-delete', 'plan', ...WHY, '--compare'], 'say which recordings to hold'],
    [['source-delete', 'plan', ...RANGE, ...WHY], 'not redacted'],
    [['source-delete', 'run', 'x', '--yes', '1'], 'not the name of a plan'],
    [['source-delete', 'run'], 'name the one plan'],
    [['source-delete', 'status', 'x'], 'takes no ids'],
    [['source-delete', 'status', '--all'], '--all does not go with'],
    [['source-delete', 'cancel'], 'say what to take back'],
    [['source-delete', 'cancel', 'x', '--all'], 'say what to take back'],
  ])('%j is refused with exit code 2', async (args, words) => {
    const { run } = await open([]);
    const done = await run(...args);
    expect([done.code, done.stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});

/** For the store too, by whose times a lease ends that its runner could not give back. */
async function letADayPass(folder: string): Promise<void> {
  const yesterday = new Date(Date.now() - DAY_MS);
  for (const name of await readdir(folder, { recursive: true }))
    await utimes(path.join(folder, name), yesterday, yesterday);
}

async function flip(dir: string, recording: string): Promise<void> {
  const root = path.join(dir, 'archive');
  const name =
    (await readdir(root, { recursive: true })).find((one) => one.endsWith(`${recording}.enc`)) ?? '';
  const bytes = await readFile(path.join(root, name));
  bytes.writeUInt8(bytes.readUInt8(200) ^ 1, 200);
  await writeFile(path.join(root, name), bytes);
}
