import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createGrantsSealer, newGrantId } from '../../src/console/grants-sealer.ts';
import { LISTEN_IDLE_MS, SHARED_LISTEN_MS } from '../../src/console/listen-registry.ts';
import { ACCESS_PREFIX, parseAccessEntry } from '../../src/record/access-entry.ts';
import {
  type Answered,
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
} from './invented-console.ts';

/** Consoles over one store that know the same sessions, as instances of a function do. */
const key = randomBytes(32);
let invented: InventedArchive;
let one: OpenConsole;
let other: OpenConsole;
let call: Recorded;
let second: Recorded;
let damaged: Recorded;
let cookie = '';
let now = 0;

beforeAll(async () => {
  invented = inventArchive();
  call = await record(invented.store);
  second = await record(invented.store, { at: Date.parse(`${DAY}T09:00:00Z`) });
  damaged = await record(invented.store, { at: Date.parse(`${DAY}T10:00:00Z`) });
  await catalogued(invented, []);
  const found = invented.store.objects.get(damaged.key);
  const body = Buffer.from(found?.body ?? Buffer.alloc(0));
  body.writeUInt8(body.readUInt8(LEAF_BYTES + 5) ^ 1, LEAF_BYTES + 5);
  if (found !== undefined) invented.store.objects.set(damaged.key, { ...found, body });
  const clock = { ...systemClock, now: () => systemClock.now() + now };
  const open = () => openConsole([invented.archive], { key, clock, shared: true });
  [one, other] = await Promise.all([open(), open()]);
});

beforeEach(async () => {
  now = 0;
  cookie = await one.signInAs({ name: 'Ann', roles: ['auditor', 'custodian'] });
});

afterAll(() => Promise.all([one.stop(), other.stop()]));

/** Asks an instance with the session that any of them began. */
function at(own: OpenConsole, path: string, more: Parameters<typeof ask>[1] & { own?: string } = {}) {
  const { own: mine = cookie, ...rest } = more;
  const named = mine.replace(/_\d+=/, `_${new URL(own.url).port}=`);
  return ask(own.url + path, { ...rest, cookie: named });
}

interface Granted {
  readonly listen: string;
  readonly media: string;
}

async function begin(recording: string, own = one): Promise<Granted> {
  const answer = await at(own, '/api/listens', { json: { recording } });
  expect(answer.status).toBe(201);
  return answer.json() as unknown as Granted;
}

const sound = (own: OpenConsole, media: string, mine = cookie) =>
  at(own, media, { headers: { range: 'bytes=0-' }, own: mine });

/** The cookie of a session that was seen again. */
const renewed = ({ headers }: Answered): string =>
  ((headers['set-cookie'] ?? [cookie]) as string[])[0]?.split(';')[0] ?? cookie;

const entries = () =>
  [...invented.store.objects].flatMap(([name, { body }]) =>
    name.startsWith(ACCESS_PREFIX) ? (parseAccessEntry(body.toString('utf8')) ?? []) : [],
  );

function expectNoSound(answer: Answered): void {
  expect([answer.status, answer.json()['error']]).toMatchObject([404, { code: 'LISTEN_OVER' }]);
  expect(answer.body.includes(call.plaintext.subarray(1_000, 1_016))).toBe(false);
}

describe('a listen that another instance granted', () => {
  it('plays, says what it is, and ends, with one entry for its beginning and one for its end', async () => {
    const before = entries().length;
    const { listen, media } = await begin(call.recordingId);
    const answer = await sound(other, media);
    expect([answer.status, answer.body.equals(call.plaintext.subarray(0, LEAF_BYTES))]).toEqual([206, true]);
    expect((await at(other, `/api/listens/${listen}`)).json()).toMatchObject({ refused: [] });
    const end = await at(other, `/api/listens/${listen}/end`, { json: { heard: [[0, 1.5]] } });
    expect(end.status).toBe(204);
    const own = entries().slice(before);
    expect(own.map(({ action }) => action)).toEqual(['listen', 'listened']);
    expect(new Set(own.map(({ listen: name }) => name)).size).toBe(1);
    // what each instance sent is known to no one of them
    expect(own[1]).not.toHaveProperty('sentBytes');
    expectNoSound(await sound(other, media));
  });

  it('does not end where one instance was not asked for 15 minutes', async () => {
    const { media } = await begin(call.recordingId);
    now = LISTEN_IDLE_MS - 60_000;
    const elsewhere = await sound(other, media);
    expect(elsewhere.status).toBe(206);
    cookie = renewed(elsewhere);
    now = LISTEN_IDLE_MS + 60_000;
    expect((await sound(one, media)).status).toBe(206);
  });

  it('is refused after its time, however often it was played before', async () => {
    const { media } = await begin(call.recordingId);
    for (let minutes = 0; minutes < 110; minutes += 20) {
      now = minutes * 60_000;
      const answer = await sound(other, media);
      expect(answer.status).toBe(206);
      cookie = renewed(answer);
    }
    now = SHARED_LISTEN_MS - 60_000;
    const last = await sound(one, media);
    expect(last.status).toBe(206);
    cookie = renewed(last);
    now = SHARED_LISTEN_MS;
    for (const own of [one, other]) expectNoSound(await sound(own, media));
  });

  it('is refused to another session, also of the same person, and to a session without the role', async () => {
    const { media } = await begin(call.recordingId);
    const again = await one.signInAs({ name: 'Ann', roles: ['auditor'] });
    const viewer = await one.signInAs({ name: 'Ann', roles: ['viewer'] });
    for (const own of [one, other]) {
      expectNoSound(await sound(own, media, again));
      expect((await sound(own, media, viewer)).status).toBe(403);
      expect((await sound(own, media, 'none=1')).status).toBe(401);
    }
  });

  it('plays its own recording alone: an address that was changed, or sealed elsewhere, plays none', async () => {
    const [{ listen }, { listen: of }] = [await begin(call.recordingId), await begin(second.recordingId)];
    const bytes = Buffer.from(listen, 'base64url');
    for (let place = 0; place < bytes.length; place += 7) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(place) ^ 1, place);
      expectNoSound(await sound(other, `/media/${changed.toString('base64url')}`));
    }
    const half = Math.floor(listen.length / 2);
    expectNoSound(await sound(other, `/media/${listen.slice(0, half)}${of.slice(half)}`));
    const forged = createGrantsSealer(randomBytes(32)).seal('listen', {
      id: newGrantId(),
      session: 'a',
      archive: null,
      from: 0,
      until: Date.now() + 1_000_000,
      recording: call.recordingId,
      key: call.key,
      contentType: 'audio/wav',
    });
    expectNoSound(await sound(other, `/media/${forged}`));
    const mine = await sound(other, `/media/${of}`);
    expect(mine.body.equals(second.plaintext.subarray(0, LEAF_BYTES))).toBe(true);
  });

  it('is over in the instance that was told so, and with the session in the one that signed out', async () => {
    const { listen, media } = await begin(call.recordingId);
    await at(one, `/api/listens/${listen}/end`, { json: { heard: [] } });
    expectNoSound(await sound(one, media));
    const next = await begin(call.recordingId);
    await at(one, '/auth/logout', { json: {} });
    expect((await sound(one, next.media)).status).toBe(401);
  });

  it('says which piece was refused, although another instance refused it', async () => {
    const { listen, media } = await begin(damaged.recordingId);
    const refused = await at(one, media, { headers: { range: `bytes=${LEAF_BYTES}-` } });
    expect(refused.status).toBe(500);
    expect((await at(other, `/api/listens/${listen}`)).json()['refused']).toEqual([]);
    const near = LEAF_BYTES / 2 / damaged.plaintext.length;
    expect((await at(other, `/api/listens/${listen}?near=${near}`)).json()['refused']).toEqual([
      { first: LEAF_BYTES, last: 2 * LEAF_BYTES - 1, code: 'DECRYPT_FAILED' },
    ]);
    expect((await at(other, `/api/listens/${listen}?near=2`)).status).toBe(400);
  });
});

describe('the health check of a load balancer', () => {
  it('is answered by whichever name it asks, without a word, and nothing else is', async () => {
    const asked = { host: '10.0.3.7:8090', 'sec-fetch-site': undefined };
    const answer = await ask(`${one.url}/health`, { headers: asked });
    expect([answer.status, answer.body.length]).toEqual([200, 0]);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect((await ask(`${one.url}/health`, { method: 'HEAD', headers: asked })).status).toBe(200);
    expect((await ask(`${one.url}/health`, { headers: asked, json: {} })).status).toBe(421);
    for (const path of ['/health/', '/health/../api/me', '/api/health', '/'])
      expect((await ask(one.url + path, { headers: asked })).status).toBe(421);
  });
});
