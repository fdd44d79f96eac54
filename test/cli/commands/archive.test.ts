import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../../packages/simulator/src/simulator.ts';
import { filesIn, makeDirectory, runCli, startCli } from '../run-cli.ts';
import { runHere } from '../run-here.ts';

let simulator: Simulator;
let dir: string;
let remove: () => Promise<void>;
let env: Record<string, string>;
beforeEach(async () => {
  simulator = await startSimulator({ recordings: [{ seconds: 2 }, { seconds: 2 }, { seconds: 2 }] });
  ({ dir, remove } = await makeDirectory());
  env = {
    ...simulator.environment(),
    ARCHIVE_STORE: `file:${path.join(dir, 'store')}`,
    ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex'),
  };
});
afterEach(async () => {
  await simulator.close();
  await remove();
});

const ids = () => simulator.recordings.map(({ id }) => id);
const eventOf = (index = 0, shape: Parameters<Simulator['event']>[1] = 'eventbridge') =>
  JSON.stringify(simulator.event(ids()[index] ?? '', shape));
const bareEvent = (at: number) => {
  const id = `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
  return JSON.stringify({ mediaId: id, interactionId: id });
};
const archive = (input: string, ...args: string[]) =>
  runHere(['archive', '--event', '-', ...args], { env, input });

describe('archive', () => {
  it('archives what an event on standard input names, and finds it the second time', async () => {
    const first = await runCli(['archive', '--event', '-'], { env, input: eventOf() });
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(
      new RegExp(`^archived  ${ids()[0]}  archive/\\d{4}/\\d\\d/\\d\\d/${ids()[0]}\\.enc  `),
    );
    expect(first.stderr).toBe(
      'warning: ARCHIVE_ALLOW_LOOPBACK=1 permits http and this machine’s own addresses: for tests only\n',
    );
    const second = await archive(eventOf(), '--json');
    expect(second.records()).toEqual([
      expect.objectContaining({ type: 'recording', schemaVersion: 1, state: 'archived', stored: false }),
      expect.objectContaining({ type: 'summary', archived: 0, found: 1, failed: 0 }),
    ]);
    expect(simulator.requests.filter(({ server }) => server === 'media')).toHaveLength(1);
  });

  it('takes a file, one event a line, and ids', async () => {
    const file = path.join(dir, 'events.jsonl');
    await writeFile(file, `${eventOf(0)}\n${eventOf(1, 'bare')}\n`);
    const lines = await runCli(['archive', '--event', file], { env });
    expect(lines.code).toBe(0);
    expect(lines.stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(lines.stderr).toContain('2 recordings archived, 0 failed');
    const { id = '', interactionId = '' } = simulator.recordings[2] ?? {};
    const byId = await runHere(['archive', '--media', id, '--interaction', interactionId], { env });
    expect(byId.code).toBe(0);
    expect(byId.stdout).toMatch(new RegExp(`^archived  ${id}`));
  });

  it('does all of a batch but what fails, and exits with 3', async () => {
    const [one, two, three] = simulator.recordings;
    if (one === undefined || two === undefined || three === undefined) throw new Error('three are needed');
    simulator.faults.add({
      on: 'media',
      id: two.id,
      times: Infinity,
      fault: { kind: 'status', status: 403 },
    });
    const batch = simulator.event(one.id, 'sqs', { more: [two, three] }) as { Records: { body: string }[] };
    batch.Records.push({ ...batch.Records[0], body: '{"mediaId":"x"}' });
    const result = await archive(JSON.stringify(batch), '--json');
    expect(result.code).toBe(3);
    const states = result.records().map(({ type, recordingId, code }) => [type, recordingId, code]);
    expect(states).toHaveLength(5);
    expect(states).toContainEqual(['recording', one.id, undefined]);
    expect(states).toContainEqual(['recording', three.id, undefined]);
    expect(states).toContainEqual(['failed', two.id, 'GENESYS_FORBIDDEN']);
    expect(states).toContainEqual(['failed', undefined, 'EVENT_INVALID']);
    expect(JSON.parse(result.stderr.split('\n').at(-2) ?? '')).toMatchObject({
      code: 'SOME_FAILED',
      exitCode: 3,
    });
  });

  it.each([
    ['not ready yet', 7, 'MEDIA_NOT_READY', () => simulator.setStatus(ids()[0] ?? '', 'processing')],
    [
      'gone',
      6,
      'MEDIA_NOT_FOUND',
      () => simulator.faults.add({ on: 'media', fault: { kind: 'status', status: 404 } }),
    ],
    [
      'forbidden',
      4,
      'GENESYS_FORBIDDEN',
      () => simulator.faults.add({ on: 'media', fault: { kind: 'status', status: 403 } }),
    ],
  ])('a lone recording that is %s: exit %i', async (_name, code, errorCode, arrange) => {
    arrange();
    const result = await archive(eventOf(0, 'bare'));
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(`[${errorCode}]`);
    expect(result.stdout).toMatch(/^failed {4}/);
  });

  it('a conversation that is not there is named, where no recording of it is known', async () => {
    const conversationId = '9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a';
    const result = await archive(JSON.stringify({ conversationId, endedAt: '2026-05-20T14:32:10Z' }));
    expect(result.code).toBe(6);
    expect(result.stderr).toContain(
      `error: what was recorded of conversation ${conversationId} is not available: conversation not found`,
    );
  });

  it('wrong credentials: exit 4', async () => {
    const result = await runHere(['archive', '--event', '-'], {
      env: { ...env, GENESYS_CLIENT_SECRET: 'wrong-secret' },
      input: eventOf(),
    });
    expect(result.code).toBe(4);
    expect(result.stderr).toContain('[GENESYS_AUTH_REJECTED]');
    expect(result.stderr).toContain('next:  genesys-archive doctor');
    expect(result.stderr).not.toContain('wrong-secret');
  });

  it('ignores events of another kind, with the reason', async () => {
    const event = JSON.stringify(
      simulator.event(ids()[0] ?? '', 'eventbridge', { data: { eventType: 'chat' } }),
    );
    const result = await archive(event);
    expect(result).toMatchObject({ code: 0, stdout: '' });
    expect(result.stderr).toContain('ignored: eventType is "chat", not "media"');
  });

  it('refuses what is no event, and an event that is missing', async () => {
    expect((await archive('{"mediaId":"../oauth/clients?x="}')).code).toBe(2);
    expect((await archive('{oops')).stderr).toContain('[EVENT_INVALID]');
    expect((await archive('')).stderr).toContain('error: the event is empty  [EVENT_INVALID]');
    expect((await runHere(['archive', '--event', '/nowhere.json'], { env })).stderr).toContain(
      'error: the event file /nowhere.json does not exist  [USAGE]',
    );
    expect((await runHere(['archive'], { env })).stderr).toContain('error: say what to archive  [USAGE]');
  });

  it('a wrong secret: a list of 251 events asks for a few tokens only, and exits with 4', async () => {
    const events = Array.from({ length: 251 }, (_, at) => bareEvent(at));
    const result = await runHere(['archive', '--event', '-', '--json'], {
      env: { ...env, GENESYS_CLIENT_SECRET: 'wrong-secret' },
      input: events.join('\n'),
    });
    expect(result.code).toBe(4);
    const tokens = simulator.requests.filter(({ route }) => route === 'POST /oauth/token');
    expect(tokens.length).toBeLessThanOrEqual(10);
    const failed = result.records().filter(({ type }) => type === 'failed').length;
    expect(result.records().at(-1)).toMatchObject({
      type: 'summary',
      archived: 0,
      failed,
      notTried: 251 - failed,
      stoppedBy: 'GENESYS_AUTH_REJECTED',
    });
    expect(JSON.parse(result.stderr.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
      code: 'GENESYS_AUTH_REJECTED',
      hint: expect.stringContaining('GENESYS_CLIENT_SECRET') as unknown,
    });
  });

  it('a list of which everything fails alike ends with the code of that failure', async () => {
    simulator.faults.add({ on: 'media', times: Infinity, fault: { kind: 'status', status: 404 } });
    const result = await archive([eventOf(0), eventOf(1), eventOf(2)].join('\n'));
    expect(result.code).toBe(6);
    expect(result.stderr).toContain('3 of 3 items failed: 3 × MEDIA_NOT_FOUND  [MEDIA_NOT_FOUND]');
  });

  it('counts what was found apart from what was archived', async () => {
    await archive(eventOf(0));
    const result = await archive([eventOf(0), eventOf(1), eventOf(2)].join('\n'));
    expect(result.stderr).toContain('2 recordings archived, 1 found archived already, 0 failed; ');
  });

  it('Ctrl-C in a list of 940: one message and a summary, no line for what was not begun', async () => {
    simulator.faults.add({ on: 'download', times: Infinity, fault: { kind: 'stall', afterBytes: '50%' } });
    const { id, interactionId } = simulator.recordings[0] ?? { id: '', interactionId: '' };
    const others = Array.from({ length: 936 }, (_, at) => bareEvent(at));
    const same = Array.from({ length: 4 }, () => JSON.stringify({ mediaId: id, interactionId }));
    const running = startCli(['archive', '--event', '-'], { env, input: [...same, ...others].join('\n') });
    while (!simulator.requests.some(({ server }) => server === 'media')) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    running.kill('SIGINT');
    const { code, stdout, stderr } = await running.end;
    expect(code).toBe(130);
    expect(stdout).toBe('');
    const lines = stderr.trimEnd().split('\n').slice(1);
    expect(lines).toEqual([
      'stopping; press Ctrl-C again to exit at once',
      expect.stringMatching(
        /^0 recordings archived, 0 failed, 4 interrupted, 936 not tried; [\d.]+ [KM]?i?B written$/,
      ),
      'error: interrupted  [INTERRUPTED]',
    ]);
  });

  it('--dry-run asks the store only, and writes nothing', async () => {
    const before = await archive(eventOf(), '--dry-run', '--json');
    expect(before.code).toBe(0);
    expect(before.records()).toEqual([
      expect.objectContaining({ type: 'plan', state: 'missing', recordingId: ids()[0] }),
    ]);
    expect(simulator.requests).toEqual([]);
    expect(await filesIn(dir)).toEqual([]);
    await archive(eventOf());
    const { records } = await archive(eventOf(), '--dry-run', '--json');
    expect(records()).toMatchObject([{ state: 'archived', key: before.records()[0]?.['key'] }]);
    expect((await archive(eventOf(1, 'bare'), '--dry-run')).stdout).toMatch(/^would archive {5}/);
  });

  it('--timeout ends it cleanly: exit 7, nothing half-written', async () => {
    simulator.faults.add({ on: 'download', times: Infinity, fault: { kind: 'stall', afterBytes: '50%' } });
    const result = await runCli(['archive', '--event', '-', '--timeout', '1'], { env, input: eventOf() });
    expect(result.code).toBe(7);
    expect(result.stderr).toContain('[OUT_OF_TIME]');
    expect((await runHere(['list', '--json', '-q'], { env })).stdout).toBe('');
  });

  it('Ctrl-C: exit 130, nothing half-written, and the same command works', async () => {
    simulator.faults.add({ on: 'download', fault: { kind: 'stall', afterBytes: '50%' } });
    const running = startCli(['archive', '--event', '-', '--debug'], { env, input: eventOf() });
    await running.shows('token renewed');
    while (!simulator.requests.some(({ server }) => server === 'media')) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    running.kill('SIGINT');
    const result = await running.end;
    expect(result.code).toBe(130);
    expect(result.stderr).toContain('error: interrupted  [INTERRUPTED]');
    expect((await runHere(['list', '--json', '-q'], { env })).stdout).toBe('');
    expect((await archive(eventOf())).code).toBe(0);
  });

  it('no network: says which host, and that it may be tried again', async () => {
    // a port that was free a moment ago, so that the connection is refused
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    const url = `http://127.0.0.1:${port}`;
    const result = await runCli(['archive', '--event', '-', '--timeout', '2'], {
      env: { ...env, GENESYS_LOGIN_URL: url, GENESYS_API_URL: url },
      input: eventOf(),
    });
    expect(result.code).toBe(7);
    expect(result.stderr).toMatch(/\[(GENESYS_UNAVAILABLE|OUT_OF_TIME)\]/);
    expect(result.stderr).toContain('next:');
  });

  it('tells of pauses that are long enough to wonder about', async () => {
    simulator.faults.add({ on: 'media', fault: { kind: 'throttle', retryAfter: 1 } });
    const result = await runCli(['archive', '--event', '-'], { env, input: eventOf() });
    expect(result.code).toBe(0);
    expect(result.stderr).toMatch(
      /^GET api\/v2\/media: trying again in 1\.\d s, attempt 1 failed: .*429.* {2}\[GENESYS_THROTTLED\]$/m,
    );
  });

  it('never shows a token, secret, key or signature, not even with --debug', async () => {
    simulator.faults.add({ on: 'download', fault: { kind: 'expired' } });
    const result = await runCli(['archive', '--event', '-', '--debug'], { env, input: eventOf() });
    expect(result.code).toBe(0);
    const shown = `${result.stdout}${result.stderr}`;
    expect(shown).toContain('token renewed');
    for (const secret of [
      env['ENCRYPTION_KEY_HEX'] ?? '',
      env['GENESYS_CLIENT_SECRET'] ?? '',
      'X-Amz-',
      'Bearer',
    ]) {
      expect(shown).not.toContain(secret);
    }
  });
});

describe('a signing key that was exchanged', () => {
  it('receipts of the key before it are accepted when it is listed, as a file or in base64', async () => {
    const pairs = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
    const files = pairs.map((_pair, index) => path.join(dir, `signing-${index}.pem`));
    for (const [index, { privateKey }] of pairs.entries()) {
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
      await writeFile(files[index] ?? '', pem, { mode: 0o600 });
    }
    env['ARCHIVE_SIGNING_KEY_FILE'] = files[0] ?? '';
    expect((await archive(eventOf())).code).toBe(0);
    env['ARCHIVE_SIGNING_KEY_FILE'] = files[1] ?? '';
    const refused = await archive(eventOf());
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain('list the public key before it in ARCHIVE_RECEIPT_PUBLIC_KEYS');
    const spki = pairs[0]?.publicKey.export({ type: 'spki', format: 'der' }) ?? Buffer.alloc(0);
    const pem = path.join(dir, 'old.pem');
    await writeFile(pem, pairs[0]?.publicKey.export({ type: 'spki', format: 'pem' }) ?? '');
    const bare = `ed25519:${spki.subarray(-32).toString('base64')}`;
    for (const listed of [pem, spki.toString('base64'), bare]) {
      env['ARCHIVE_RECEIPT_PUBLIC_KEYS'] = listed;
      expect(await archive(eventOf())).toMatchObject({ code: 0 });
    }
    env['ARCHIVE_RECEIPT_PUBLIC_KEYS'] = bare.slice(0, -5);
    expect((await archive(eventOf())).code).toBe(2);
  });
});

describe('archive --again', () => {
  const interaction = () => simulator.recordings[0]?.interactionId ?? '';
  const again = (...args: string[]) => runHere(['archive', '--again', ...args, '--json'], { env });
  const reason = ['--reason', 'restored from a copy'];

  /** The object of the first recording, as it stands there after its receipt was lost and its mark with it. */
  async function loseProof(): Promise<string> {
    env['ARCHIVE_SIGNING_KEY_FILE'] = path.join(dir, 'signing.pem');
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    await writeFile(env['ARCHIVE_SIGNING_KEY_FILE'], pem, { mode: 0o600 });
    const { records } = await archive(eventOf(), '--json');
    const { key, receiptKey } = records()[0] as { key: string; receiptKey: string };
    const file = (name: string) => path.join(dir, 'store', name);
    await rm(file(receiptKey));
    await rm(file(`${receiptKey}.metadata.json`));
    const metadata = file(`${key}.metadata.json`);
    const text = await readFile(metadata, 'utf8');
    await writeFile(metadata, text.replace(/"gca-mark":\s*"[^"]*",?/, '').replace(/,(\s*\})/, '$1'));
    return receiptKey;
  }

  it('cures an object that nothing proves: by its id, by its event, in either letter case', async () => {
    const id = ids()[0] ?? '';
    const receiptKey = await loseProof();
    const refused = await archive(eventOf(), '--json');
    expect(refused.code).toBe(5);
    expect(refused.stdout).toContain('OBJECT_UNPROVEN');
    const proved = await again(id.toUpperCase(), '--interaction', interaction(), ...reason);
    expect(proved.records()[0]).toMatchObject({
      type: 'proof',
      state: 'completed',
      recordingId: id,
      receiptKey,
    });
    expect(proved.code).toBe(0);
    const receipt: unknown = JSON.parse(await readFile(path.join(dir, 'store', receiptKey), 'utf8'));
    expect(receipt).toMatchObject({ kind: 'completed', reason: 'restored from a copy' });
    expect((await archive(eventOf(), '--json')).code).toBe(0);
    const byEvent = await runHere(['archive', '--event', '-', '--again', ...reason], {
      env,
      input: eventOf(),
    });
    expect(byEvent.stdout).toContain(`present   ${id}`);
  });

  it('says what is missing: a reason, an interaction, one way to name the recording', async () => {
    await loseProof();
    const id = ids()[0] ?? '';
    const messages = async (...args: string[]) => {
      const { code, stderr } = await runHere(['archive', ...args], { env });
      return `${code} ${stderr}`;
    };
    expect(await messages('--again', id)).toMatch(/^2 .*--again needs a reason/s);
    expect(await messages('--again', id, '--reason', 'grün')).toMatch(/^2 .*--again needs a reason/s);
    expect(await messages('--again', id, ...reason)).toMatch(/^2 .*--interaction ID/s);
    expect(await messages('--again', id, '--media', id, ...reason)).toMatch(/^2 .*so does another option/s);
    expect(await messages('--again', ...reason)).toMatch(/^2 .*say what to archive/s);
    expect(await messages('--again', id, '--dry-run', ...reason)).toMatch(/^2 .*--dry-run/s);
    expect(await messages('--media', id, '--interaction', interaction(), ...reason)).toMatch(
      /^2 .*--again only/s,
    );
  });

  it('ends with 5, and changes nothing, when the two differ', async () => {
    const receiptKey = await loseProof();
    const key = receiptKey.replace('receipts/', 'archive/').replace(/json$/, 'enc');
    const file = path.join(dir, 'store', key);
    const body = await readFile(file);
    body.writeUInt8(body.readUInt8(40) ^ 1, 40);
    await writeFile(file, body);
    const before = await filesIn(path.join(dir, 'store'));
    const { code, stdout } = await again(key, '--interaction', interaction(), ...reason);
    expect(code).toBe(5);
    expect(stdout).toContain('does not decrypt');
    expect(await filesIn(path.join(dir, 'store'))).toEqual(before);
  });
});
