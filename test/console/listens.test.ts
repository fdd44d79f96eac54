import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { LISTEN_IDLE_MS, LISTEN_MS } from '../../src/console/listen-registry.ts';
import { ACCESS_PREFIX, hashAccessEntry, parseAccessEntry } from '../../src/record/access-entry.ts';
import {
  ask,
  catalogued,
  DAY,
  inventArchive,
  type InventedArchive,
  LEAF_BYTES,
  openConsole,
  type OpenConsole,
  record,
  type Recorded,
  wavOf,
} from './invented-console.ts';

let invented: InventedArchive;
let opened: OpenConsole;
let call: Recorded;
let damaged: Recorded;
let g729: Recorded;
let cookie = '';
let now = 0;

beforeAll(async () => {
  invented = inventArchive();
  call = await record(invented.store);
  damaged = await record(invented.store, { at: Date.parse(`${DAY}T09:00:00Z`) });
  g729 = await record(invented.store, {
    plaintext: wavOf(1, { format: 0x83 }),
    at: Date.parse(`${DAY}T10:00:00Z`),
  });
  await catalogued(invented, []);
  flipBit(damaged.key, LEAF_BYTES + 5);
  const clock = { ...systemClock, now: () => systemClock.now() + now };
  opened = await openConsole([invented.archive], { clock });
});

beforeEach(async () => {
  now = 0;
  cookie = await opened.signInAs({ name: 'Ann', sub: 'ann-1', roles: ['auditor'] });
});

afterAll(() => opened.stop());

function flipBit(key: string, at: number): void {
  const found = invented.store.objects.get(key);
  const body = Buffer.from(found?.body ?? Buffer.alloc(0));
  body.writeUInt8(body.readUInt8(at) ^ 1, at);
  if (found !== undefined) invented.store.objects.set(key, { ...found, body });
}

const listen = (recording: string, more: object = {}, own = cookie) =>
  ask(`${opened.url}/api/listens`, { json: { recording, ...more }, cookie: own });

async function begin(recording: string): Promise<{ listen: string; media: string; bytes: number }> {
  const answer = await listen(recording);
  expect(answer.status).toBe(201);
  return answer.json() as { listen: string; media: string; bytes: number };
}

const media = (path: string, range?: string, own = cookie) =>
  ask(opened.url + path, { headers: { range }, cookie: own });

/** As the access log names it; the address is the grant, sealed. */
const named = (action: string) => entries().findLast(({ entry }) => entry?.action === action)?.entry?.listen;

const entries = () =>
  [...invented.store.objects]
    .filter(([key]) => key.startsWith(ACCESS_PREFIX))
    .map(([, { body }]) => ({ entry: parseAccessEntry(body.toString('utf8')), body }));

describe('a listen', () => {
  it('plays what was archived, a leaf at a time, with the headers that players need', async () => {
    const granted = await begin(call.recordingId);
    expect(granted.bytes).toBe(call.plaintext.length);
    const parts: Buffer[] = [];
    for (let at = 0; at < granted.bytes; ) {
      const part = await media(granted.media, `bytes=${at}-`);
      expect(part.status).toBe(206);
      expect(part.headers).toMatchObject({
        'content-type': 'audio/wav',
        'accept-ranges': 'bytes',
        'content-range': `bytes ${at}-${at + part.body.length - 1}/${granted.bytes}`,
        'content-length': String(part.body.length),
        'cache-control': 'no-store',
      });
      expect(part.body.length).toBeLessThanOrEqual(LEAF_BYTES);
      parts.push(part.body);
      at += part.body.length;
    }
    expect(parts.length).toBeGreaterThan(2);
    expect(Buffer.concat(parts).equals(call.plaintext)).toBe(true);
    const whole = await media(granted.media);
    expect([whole.status, whole.body.equals(call.plaintext)]).toEqual([200, true]);
    const beyond = await media(granted.media, `bytes=${granted.bytes}-`);
    expect([beyond.status, beyond.headers['content-range']]).toEqual([416, `bytes */${granted.bytes}`]);
    const head = await ask(opened.url + granted.media, { method: 'HEAD', cookie });
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([
      200,
      String(granted.bytes),
      0,
    ]);
  });

  it('reads one leaf of the store for one range', async () => {
    const granted = await begin(call.recordingId);
    const before = invented.store.calls.length;
    await media(granted.media, `bytes=${LEAF_BYTES + 10}-`);
    const calls = invented.store.calls.slice(before).filter(({ key }) => key === call.key);
    expect(calls).toEqual([{ name: 'get', key: call.key }]);
  });

  it('has an entry before its answer, and another one when it ends, in a chain of the session', async () => {
    const before = entries().length;
    const granted = await begin(call.recordingId);
    const [own] = entries().slice(before);
    expect(own?.entry).toMatchObject({
      who: 'Ann (ann-1)',
      n: 1,
      action: 'listen',
      recording: call.recordingId,
      key: call.key,
      listen: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      outcome: 'granted',
    });
    await media(granted.media, 'bytes=0-9');
    const end = await ask(`${opened.url}/api/listens/${granted.listen}/end`, {
      json: { heard: [[0, 4.5]] },
      cookie,
    });
    expect(end.status).toBe(204);
    const [, last] = entries().slice(before);
    expect(last?.entry).toMatchObject({
      n: 2,
      action: 'listened',
      heard: [[0, 4.5]],
      sentBytes: 10,
      session: own?.entry?.session,
      previous: hashAccessEntry(own?.body ?? Buffer.alloc(0)),
    });
    expect((await media(granted.media, 'bytes=0-9')).status).toBe(404);
  });

  it('is of its session alone', async () => {
    const granted = await begin(call.recordingId);
    const other = await opened.signInAs({ name: 'Bob', roles: ['auditor'] });
    for (const path of [granted.media, `/api/listens/${granted.listen}`]) {
      const answer = await ask(opened.url + path, { cookie: other });
      expect([answer.status, answer.json()['error']]).toMatchObject([404, { code: 'LISTEN_OVER' }]);
      expect((await ask(opened.url + path)).status).toBe(401);
    }
  });

  it('ends 15 minutes after it was last used, 8 hours after it began, and with its session', async () => {
    const idle = await begin(call.recordingId);
    now = LISTEN_IDLE_MS - 1_000;
    expect((await media(idle.media, 'bytes=0-9')).status).toBe(206);
    now = 2 * LISTEN_IDLE_MS - 2_000;
    expect((await media(idle.media, 'bytes=0-9')).status).toBe(206);
    now = 3 * LISTEN_IDLE_MS;
    cookie = await opened.signInAs({ roles: ['auditor'] });
    expect((await media(idle.media, 'bytes=0-9')).status).toBe(404);
    const out = await begin(call.recordingId);
    await ask(`${opened.url}/auth/logout`, { json: {}, cookie });
    expect((await media(out.media, 'bytes=0-9')).status).toBe(401);
    expect(LISTEN_MS).toBe(8 * 3_600_000);
  });

  it('gives way to the fifth one of a session, and is on record then', async () => {
    const first = await begin(call.recordingId);
    const name = named('listen');
    for (let count = 0; count < 4; count += 1) await begin(call.recordingId);
    expect((await media(first.media, 'bytes=0-9')).status).toBe(404);
    const ended = entries().filter(({ entry }) => entry?.listen === name);
    expect(new Set(ended.map(({ entry }) => entry?.action))).toEqual(new Set(['listen', 'listened']));
  });

  it('needs a reason where one is required', async () => {
    const own = await openConsole([invented.archive], { reasonRequired: true });
    const auditor = await own.signInAs({ roles: ['auditor'] });
    const post = (json: object) => ask(`${own.url}/api/listens`, { json, cookie: auditor });
    for (const reason of [undefined, '   ']) {
      const refused = await post({ recording: call.recordingId, reason });
      expect([refused.status, refused.json()['error']]).toMatchObject([400, { code: 'REASON_REQUIRED' }]);
    }
    expect((await post({ recording: call.recordingId, reason: 'complaint 12' })).status).toBe(201);
    expect(entries().at(-1)?.entry?.reason).toBe('complaint 12');
    await own.stop();
  });
});

describe('a damaged recording', () => {
  it('plays up to the damage, gets 500 and no byte of the piece that is damaged, and says which piece', async () => {
    const granted = await begin(damaged.recordingId);
    expect(
      (await media(granted.media, 'bytes=0-')).body.equals(damaged.plaintext.subarray(0, LEAF_BYTES)),
    ).toBe(true);
    for (const range of [`bytes=${LEAF_BYTES}-`, `bytes=${LEAF_BYTES + 100}-${LEAF_BYTES + 200}`]) {
      const refused = await media(granted.media, range);
      expect([refused.status, refused.json()]).toMatchObject([500, { error: { code: 'DECRYPT_FAILED' } }]);
      expect(refused.body.includes(damaged.plaintext.subarray(LEAF_BYTES + 100, LEAF_BYTES + 116))).toBe(
        false,
      );
      expect(refused.headers['content-range']).toBeUndefined();
    }
    const after = await media(granted.media, `bytes=${2 * LEAF_BYTES}-`);
    expect(after.body.equals(damaged.plaintext.subarray(2 * LEAF_BYTES, 3 * LEAF_BYTES))).toBe(true);
    const state = await ask(`${opened.url}/api/listens/${granted.listen}`, { cookie });
    expect(state.json()['refused']).toContainEqual({
      first: LEAF_BYTES,
      last: 2 * LEAF_BYTES - 1,
      code: 'DECRYPT_FAILED',
    });
  });

  it('breaks off a whole answer before the piece that is damaged', async () => {
    const granted = await begin(damaged.recordingId);
    const outcome = await media(granted.media).then(
      ({ body }) => body.length,
      () => 'broken',
    );
    expect(outcome).toBe('broken');
  });

  it('is found by a verification of every byte, and not by one of the head', async () => {
    const verify = (depth: string) =>
      ask(`${opened.url}/api/recordings/${damaged.recordingId}/verification?depth=${depth}`, { cookie });
    expect((await verify('head')).json()).toMatchObject({ verdict: 'verified', findings: [] });
    for (const depth of ['ciphertext', 'full']) {
      expect((await verify(depth)).json()).toMatchObject({
        verdict: 'findings',
        depth,
        findings: expect.arrayContaining([
          { kind: 'leaf', detail: expect.stringContaining('leaf 1') as unknown },
        ]) as unknown,
      });
    }
    const sound = await ask(`${opened.url}/api/recordings/${call.recordingId}/verification?depth=full`, {
      cookie,
    });
    expect(sound.json()).toMatchObject({ verdict: 'verified', signedBy: expect.any(String) as unknown });
  });
});

describe('a recording', () => {
  it('says before it is played whether a browser plays it', async () => {
    const of = async (id: string) => {
      const answer = await ask(`${opened.url}/api/recordings/${id}`, { cookie });
      const { files } = answer.json() as { files: { playable: string; format: string; seekable: string }[] };
      return files;
    };
    expect(await of(call.recordingId)).toMatchObject([
      { playable: 'yes', format: 'WAV µ-law', seekable: 'leaves' },
    ]);
    expect(await of(g729.recordingId)).toMatchObject([{ playable: 'format', format: 'WAV G.729' }]);
  });

  it('is shown with its receipt, and its context only to who may read it and once that is on record', async () => {
    const viewer = await opened.signInAs({ roles: ['viewer'] });
    const before = entries().length;
    const seen = await ask(`${opened.url}/api/recordings/${call.recordingId}`, { cookie: viewer });
    expect(seen.json()).toMatchObject({
      id: call.recordingId,
      contextState: 'not-allowed',
      receipt: { ids: { recording: call.recordingId } },
    });
    expect(entries()).toHaveLength(before);
    const read = await ask(`${opened.url}/api/recordings/${call.recordingId}`, { cookie });
    expect(read.json()).toMatchObject({ contextState: 'none' });
    expect(entries().at(-1)?.entry).toMatchObject({ action: 'read', recording: call.recordingId });
  });

  it('is not there for an id that nothing bears', async () => {
    for (const path of ['/api/recordings/nothing', '/api/recordings/nothing/verification'])
      expect((await ask(opened.url + path, { cookie })).status).toBe(404);
    expect((await listen('nothing')).status).toBe(404);
  });
});
