import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { archiveRequest } from '../../src/archive/archive-request.ts';
import { objectKey } from '../../src/record/object-key.ts';
import { unlimited } from '../../src/clock.ts';
import type { Fault } from '../../packages/simulator/src/faults.ts';
import type { ConnectOptions } from '../genesys/connect.ts';
import { OCCURRED, setUpArchive } from './set-up.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const GET = 'GET /genesys-media/{id}';
const MEDIA = 'GET /api/v2/media/{id}';
const PATCH = 'PATCH /api/v2/interactions/{id}';

async function setUp(options: ConnectOptions = {}) {
  const all = await setUpArchive({
    ...options,
    simulator: { recordings: [{ bytes: 300_000 }], statesStartTime: false, ...options.simulator },
  });
  closers.push(all.close);
  return all;
}

describe('archiveRequest', () => {
  it('stores the tutorial’s bytes, metadata and key, and writes the reference back', async () => {
    const { archive, recording, store, simulator, decrypt, clock } = await setUp();
    const result = await archive();
    const key = `archive/2026/05/20/${recording.id}.enc`;
    expect(result).toMatchObject({ state: 'archived', key, stored: true, bytes: recording.bytes + 16 });
    const found = await store.head(key, unlimited);
    expect(found).toMatchObject({
      size: recording.bytes + 16,
      contentType: 'application/octet-stream',
      metadata: { encryption: 'aes-256-gcm', iv: expect.stringMatching(/^[A-Za-z0-9+/]{16}$/) as unknown },
    });
    expect(await decrypt(key)).toBe(await recording.sha256());
    const metadata = simulator.interaction(recording.interactionId);
    expect(metadata).toMatchObject({ s3_archive_key: key, encryption_algorithm: 'AES-256-GCM' });
    const at = Date.parse(String(metadata?.['archive_timestamp']));
    expect(Math.abs(at - clock.now())).toBeLessThan(60_000);
  });

  it('a redelivery finds the object, downloads nothing, overwrites nothing', async () => {
    const { archive, count, store, recording } = await setUp();
    const first = await archive();
    const before = await store.head(objectKey({ recordingId: recording.id, at: OCCURRED }), unlimited);
    const second = await archive();
    expect(second).toMatchObject({ state: 'archived', stored: false, key: (first as { key: string }).key });
    expect(await store.head(objectKey({ recordingId: recording.id, at: OCCURRED }), unlimited)).toEqual(
      before,
    );
    expect([count(GET), count(MEDIA), count(PATCH)]).toEqual([1, 1, 1]);
  });

  it('a retry after midnight finds the same key, with the time of event or platform', async () => {
    // no time is stated: it is pinned when the recording is first seen
    const pinned = await setUp();
    const first = await pinned.archiveTimeless();
    pinned.clock.advance(26 * 3_600_000);
    const second = await pinned.archiveTimeless();
    expect(second).toMatchObject({ stored: false, key: (first as { key: string }).key });
    expect(pinned.count(GET)).toBe(1);
    expect((await pinned.files()).filter((name) => name.endsWith('.enc'))).toHaveLength(1);

    // the platform states one
    const stated = await setUp({
      simulator: {
        recordings: [{ seconds: 1, startedAt: Date.UTC(2024, 1, 29, 12) }],
        statesStartTime: true,
      },
    });
    const result = await stated.archiveTimeless();
    expect(result).toMatchObject({ key: `archive/2024/02/29/${stated.recording.id}.enc` });
    expect(await stated.files()).not.toContainEqual(expect.stringContaining('claims'));
  });

  it('20 deliveries at once store one object', async () => {
    const { archive, files } = await setUp();
    const results = await Promise.all(Array.from({ length: 20 }, () => archive()));
    expect(results.filter((result) => result.state === 'archived' && result.stored)).toHaveLength(1);
    expect((await files()).filter((name) => name.endsWith('.enc'))).toHaveLength(1);
    expect((await files()).filter((name) => name.endsWith('.partial'))).toEqual([]);
  });

  it('20 deliveries at once without a time agree on one key', async () => {
    const { archiveTimeless, files } = await setUp();
    const results = await Promise.all(Array.from({ length: 20 }, () => archiveTimeless()));
    expect(new Set(results.map((result) => (result.state === 'archived' ? result.key : '')))).toHaveProperty(
      'size',
      1,
    );
    expect((await files()).filter((name) => name.endsWith('.enc'))).toHaveLength(1);
  });

  it('when the write-back fails the error is retryable, and the retry only finishes it', async () => {
    const { archive, simulator, count, recording } = await setUp();
    simulator.faults.add({ on: 'interaction', times: 6, fault: { kind: 'status', status: 503 } });
    await expect(archive()).rejects.toMatchObject({ code: 'GENESYS_UNAVAILABLE', retryable: true });
    expect(count(GET)).toBe(1);
    const result = await archive();
    expect(result).toMatchObject({ state: 'archived', stored: false });
    expect(count(GET)).toBe(1);
    expect(simulator.interaction(recording.interactionId)).toHaveProperty('s3_archive_key');
  });

  it('a write-back that was not marked as done is repeated with the same values', async () => {
    const { archive, simulator, recording, clock, dir, count } = await setUp();
    await archive();
    const first = simulator.interaction(recording.interactionId);
    await rm(join(dir, 'links'), { recursive: true });
    clock.advance(3_600_000);
    await archive();
    expect(count(PATCH)).toBe(2);
    expect(simulator.interaction(recording.interactionId)).toEqual(first);
  });

  it('an interaction that does not exist is a permanent error after the recording is safe', async () => {
    const { archive, files } = await setUp();
    await expect(archive({ interactionId: '00000000-0000-4000-8000-000000000000' })).rejects.toMatchObject({
      code: 'INTERACTION_NOT_FOUND',
      retryable: false,
    });
    expect((await files()).filter((name) => name.endsWith('.enc'))).toHaveLength(1);
  });

  it('"not ready" and "gone" are values, and store nothing', async () => {
    const { archive, simulator, recording, files } = await setUp();
    simulator.setStatus(recording.id, 'processing');
    expect(await archive()).toMatchObject({ state: 'not-ready', status: 'processing' });
    expect(await archive({ mediaId: '00000000-0000-4000-8000-000000000000' })).toMatchObject({
      state: 'gone',
    });
    expect(await files()).toEqual([]);
  });

  it('an object of another recording under the key is a collision, and stays as it is', async () => {
    const { archive, store, recording } = await setUp();
    await archive();
    await expect(archive({ interactionId: '00000000-0000-4000-8000-000000000000' })).rejects.toMatchObject({
      code: 'KEY_COLLISION',
      retryable: false,
    });
    const key = objectKey({ recordingId: recording.id, at: OCCURRED });
    expect(await store.head(key, unlimited)).toMatchObject({ size: recording.bytes + 16 });
  });

  it('an object that the tutorial’s own code wrote counts as archived', async () => {
    const { archive, store, recording, count } = await setUp();
    async function* body() {
      yield randomBytes(100);
    }
    await store.put(
      objectKey({ recordingId: recording.id, at: OCCURRED }),
      body(),
      { metadata: { encryption: 'aes-256-gcm', iv: randomBytes(12).toString('base64') }, contentType: 'x/y' },
      unlimited,
    );
    expect(await archive()).toMatchObject({ state: 'archived', stored: false, bytes: 100 });
    expect(count(GET)).toBe(0);
  });

  it.each<[string, Fault[]]>([
    [
      'a changed ETag at a resume',
      [
        { kind: 'cut', atByte: '50%', keepLength: true },
        { kind: 'change-etag', etag: 'changed' },
      ],
    ],
    ['a host that ignores Range', [{ kind: 'cut', atByte: '50%', keepLength: true }, { kind: 'no-range' }]],
  ])('starts over with a fresh IV after %s', async (_name, [cut, then]) => {
    const { archive, simulator, recording, decrypt, ports } = await setUp();
    const ivs: (string | undefined)[] = [];
    const { envelope } = ports;
    const seal = envelope.seal.bind(envelope);
    envelope.seal = async (ids) => {
      const sealer = await seal(ids);
      ivs.push(sealer.metadata['iv']);
      return sealer;
    };
    if (cut !== undefined) simulator.faults.add({ on: 'download', fault: cut });
    if (then !== undefined) simulator.faults.add({ on: 'download', skip: 1, fault: then });
    const result = await archive();
    expect(result).toMatchObject({ state: 'archived', restarts: 1 });
    expect(ivs).toHaveLength(2);
    expect(new Set(ivs).size).toBe(2);
    expect(await decrypt((result as { key: string }).key)).toBe(await recording.sha256());
  });

  it('a page instead of the recording is fetched again, and never stored', async () => {
    const once = await setUp();
    once.simulator.faults.add({ on: 'download', fault: { kind: 'html' } });
    expect(await once.archive()).toMatchObject({ state: 'archived', restarts: 1 });
    const always = await setUp();
    always.simulator.faults.add({ on: 'download', times: 99, fault: { kind: 'html' } });
    await expect(always.archive()).rejects.toMatchObject({ code: 'MEDIA_NOT_AUDIO', retryable: true });
    expect(await always.files()).toEqual([]);
  });

  it('a recording that always ends early never becomes an object', async () => {
    const { archive, simulator, files } = await setUp();
    for (const fault of [
      { kind: 'cut', atByte: '50%', keepLength: false },
      { kind: 'no-range' },
    ] satisfies Fault[]) {
      simulator.faults.add({ on: 'download', times: 999, fault });
    }
    await expect(archive()).rejects.toMatchObject({ code: 'MEDIA_TRUNCATED', retryable: true });
    expect(await files()).toEqual([]);
  });

  it.each(['zero', 'unknown'] as const)(
    'where neither host nor container (%s RIFF length) states a length, two downloads must agree',
    async (riffLength) => {
      const { archive, simulator, recording, decrypt, count } = await setUp({
        simulator: { recordings: [{ bytes: 200_000, riffLength }] },
      });
      simulator.faults.add({ on: 'download', times: 999, fault: { kind: 'chunked' } });
      simulator.faults.add({ on: 'download', times: 999, fault: { kind: 'no-range' } });
      // the first of all downloads ends early, unnoticed until it is compared
      simulator.faults.add({ on: 'download', fault: { kind: 'cut', atByte: '50%', keepLength: false } });
      const result = await archive();
      expect(result).toMatchObject({ state: 'archived', restarts: 1 });
      expect(await decrypt((result as { key: string }).key)).toBe(await recording.sha256());
      expect(count(GET)).toBeGreaterThanOrEqual(4);
    },
  );

  it('every failure is thrown', async () => {
    const faults: [string, Fault][] = [
      ['token', { kind: 'status', status: 401 }],
      ['media', { kind: 'status', status: 403 }],
      ['download', { kind: 'expired' }],
      ['interaction', { kind: 'status', status: 404 }],
    ];
    for (const [on, fault] of faults) {
      const { archive, simulator } = await setUp();
      simulator.faults.add({ on: on as 'token', times: 99, fault });
      await expect(archive()).rejects.toHaveProperty('code');
    }
  });

  it('stops within its budget and leaves nothing behind', async () => {
    const { ports, request, simulator, files } = await setUp({ timeouts: { idleMs: 10_000 } });
    simulator.faults.add({ on: 'download', fault: { kind: 'stall', afterBytes: '50%' } });
    const controller = new AbortController();
    const working = archiveRequest(ports, request, {
      deadline: Number.POSITIVE_INFINITY,
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(), 100);
    await expect(working).rejects.toMatchObject({ code: 'INTERRUPTED', retryable: true });
    expect(await files()).toEqual([]);
  });
});
