import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock, unlimited } from '../../../src/clock.ts';
import { placeHold, releaseHold } from '../../../src/keep/place-hold.ts';
import { readHold } from '../../../src/keep/read-holds.ts';
import { applyRetention } from '../../../src/keep/retention/apply.ts';
import {
  examineRetention,
  isExpired,
  KEEP_TAG,
  type RecordingFacts,
  type RetentionPorts,
} from '../../../src/keep/retention/examine.ts';
import { extendRetention } from '../../../src/keep/retention/extend.ts';
import type { KeptState, ObjectStore } from '../../../src/ports.ts';
import { present } from '../../../src/present.ts';
import { keepOnWrite, REMOVAL_TAG } from '../../../src/record/keep-on-write.ts';
import { contextKey, objectKey, receiptKey } from '../../../src/record/object-key.ts';
import { parseRetentionFile } from '../../../src/record/retention-file.ts';
import { DAY_MS } from '../../../src/recording/time.ts';
import { createDirectoryVersions } from '../../../src/store/directory/versions.ts';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import { type BUCKET_KINDS, useBucketKinds } from '../../store/bucket-kinds.ts';
import { gather } from '../../gather.ts';

const QUEUE = '0d5a3c6e-1111-4111-8111-111111111111';
const KNOWN = { media: 'call', queues: [QUEUE], divisions: [] } as const;
const TEXT = { metadata: {}, contentType: 'audio/wav' };
const rulesBy = (by: string, trades = '"keep": "400d", "remove": "500d"') =>
  parseRetentionFile(
    `{"schema":"genesys-media-archive/retention/v1","by":"${by}",
      "rules":[{"name":"trades","queues":["${QUEUE}"],${trades}}],
      "otherwise":{"keep":"90d","remove":"200d"}}`,
    'retention.json',
  );

describe('retention in S3', () => {
  let now = Date.now();
  let serial = 0;

  const buckets = useBucketKinds(() => now);

  function open(bucket: (typeof BUCKET_KINDS)[number], by = bucket === 'locked' ? 'compliance' : 'tags') {
    serial += 1;
    const clock = { ...systemClock, now: () => now };
    const { store, versions } = buckets.open(bucket, `p${serial}`);
    const facts = new Map<string, RecordingFacts>();
    const ports: RetentionPorts = {
      store,
      versions,
      keys: new Map(),
      rules: rulesBy(by),
      clock,
      factsOf: (keys) =>
        Promise.resolve(new Map(keys.map((key) => [key, facts.get(key) ?? { at: now, ...KNOWN }]))),
    };
    return { store, versions, ports, facts };
  }
  const put = async (store: ObjectStore, at = now, extra = {}) => {
    serial += 1;
    const recordingId = `00000000-0000-4000-8000-${String(serial).padStart(12, '0')}`;
    const key = objectKey({ recordingId, at });
    await store.put(key, Buffer.from('sound'), { ...TEXT, ...extra }, unlimited);
    for (const beside of [receiptKey(key), contextKey(key)])
      await store.put(beside, Buffer.from('{}'), TEXT, unlimited);
    return key;
  };
  const apply = (ports: RetentionPorts, ...keys: string[]) => gather(applyRetention(ports, keys, unlimited));
  const extend = (ports: RetentionPorts, key: string, day: number, mode: 'compliance' | 'governance') =>
    gather(extendRetention(ports, [key], { day, mode }, unlimited));
  const midnight = (days: number) => Math.floor(now / DAY_MS + days) * DAY_MS;
  const untilOf = (state: KeptState | undefined) =>
    typeof state?.retention === 'object' ? state.retention.until : undefined;

  it('locks an object and what stands beside it until the day of its rule, counted from the recording', async () => {
    const { store, versions, ports, facts } = open('locked');
    const key = await put(store);
    const at = now - 10 * DAY_MS;
    facts.set(key, { at, ...KNOWN });
    expect(await apply(ports, key)).toEqual([{ key, lock: 'set', tag: 'set', isWaiting: false }]);
    for (const one of [key, receiptKey(key), contextKey(key)]) {
      expect((await versions.keptState(one, unlimited))?.retention).toEqual({
        mode: 'compliance',
        until: at + 400 * DAY_MS,
      });
    }
    const tags = async (of: string) => (await versions.keptState(of, unlimited))?.tags;
    expect([await tags(key), await tags(contextKey(key)), await tags(receiptKey(key))]).toEqual([
      { [REMOVAL_TAG]: '500' },
      { [REMOVAL_TAG]: '500' },
      {},
    ]);
    expect(await apply(ports, key)).toEqual([{ key, lock: 'longer', tag: 'same', isWaiting: false }]);
  });

  it('applies only what is sure while the queue is not known, and the longest when it stays so', async () => {
    const { store, versions, ports, facts } = open('locked');
    const key = await put(store);
    const unknown = { ...KNOWN, queues: undefined };
    facts.set(key, { at: now, ...unknown });
    expect(await apply(ports, key)).toEqual([{ key, lock: 'set', tag: 'none', isWaiting: true }]);
    expect(untilOf(await versions.keptState(key, unlimited))).toBe(now + 90 * DAY_MS);
    facts.set(key, { at: now - 36 * DAY_MS, ...unknown });
    expect(await apply(ports, key)).toEqual([{ key, lock: 'set', tag: 'set', isWaiting: false }]);
    expect(untilOf(await versions.keptState(key, unlimited))).toBe(now + (400 - 36) * DAY_MS);
  });

  it('never shortens what was locked or tagged by a longer rule', async () => {
    const { store, versions, ports } = open('locked');
    const key = await put(store);
    await apply(ports, key);
    await apply({ ...ports, rules: rulesBy('governance', '"keep": "5d", "remove": "6d"') }, key);
    const state = await versions.keptState(key, unlimited);
    expect(state).toMatchObject({ retention: { mode: 'compliance' }, tags: { [REMOVAL_TAG]: '500' } });
    expect(untilOf(state)).toBe(now + 400 * DAY_MS);
  });

  it('takes the tag off what a hold holds, and puts it on again after the release', async () => {
    const { store, versions, ports } = open('versioned');
    const key = await put(store);
    await apply(ports, key);
    const holds = { ...ports, signer: undefined };
    const { id } = await placeHold(
      holds,
      { matter: 'm', reason: undefined, by: 'Ito', selection: 's', keys: [key] },
      unlimited,
    );
    expect(await apply(ports, key)).toMatchObject([{ lock: 'by-tags', tag: 'taken-off' }]);
    expect((await versions.keptState(contextKey(key), unlimited))?.tags).toEqual({});
    const ended = { by: 'Brandt', reason: undefined, twoPersons: false };
    await releaseHold(holds, await readHold(holds, id, unlimited), ended, unlimited);
    expect(await apply(ports, key)).toMatchObject([{ tag: 'set' }]);
  });

  it('tags nothing, and calls nothing expired, where a hold of the bucket may not be seen', async () => {
    const { store, versions, ports, facts } = open('versioned');
    const key = await put(store);
    facts.set(key, { at: now - 600 * DAY_MS, ...KNOWN });
    const blind: typeof versions = {
      ...versions,
      keptState: async (of, budget) => {
        const state = await versions.keptState(of, budget);
        return state && { ...state, legalHold: 'forbidden' };
      },
    };
    await expect(apply({ ...ports, versions: blind }, key)).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect((await versions.keptState(key, unlimited))?.tags).toEqual({});
    const [seen] = await gather(examineRetention({ ...ports, versions: blind }, [key], unlimited));
    expect(seen && isExpired(seen, now)).toBe(false);
    expect(await apply(ports, key)).toMatchObject([{ tag: 'set' }]);
  });

  it('leaves the tags of others', async () => {
    const { store, versions, ports } = open('plain');
    const key = await put(store, now, { keep: { tag: 'cost-centre=17' } });
    await apply(ports, key);
    expect((await versions.keptState(key, unlimited))?.tags).toEqual({
      'cost-centre': '17',
      [REMOVAL_TAG]: '500',
    });
  });

  it('extends a lock and nothing but lengthens it, and no rule removes it before', async () => {
    const { store, versions, ports } = open('locked');
    const key = await put(store);
    await apply(ports, key);
    const day = midnight(1_000);
    expect(await extend(ports, key, day, 'governance')).toEqual([{ key, outcome: 'locked' }]);
    const state = await versions.keptState(key, unlimited);
    expect(state).toMatchObject({ retention: { mode: 'compliance', until: day + DAY_MS } });
    expect(state?.tags).toEqual({ [KEEP_TAG]: new Date(day).toISOString().slice(0, 10) });
    expect(await extend(ports, key, midnight(900), 'compliance')).toEqual([{ key, outcome: 'longer' }]);
    expect(untilOf(await versions.keptState(key, unlimited))).toBe(day + DAY_MS);
    expect(await apply(ports, key)).toMatchObject([{ lock: 'longer', tag: 'none' }]);
  });

  it('extends by a mark where the bucket has no lock, and says that nothing does in a directory', async () => {
    const { store, versions, ports } = open('plain');
    const key = await put(store);
    await apply(ports, key);
    expect(await extend(ports, key, midnight(800), 'governance')).toEqual([{ key, outcome: 'tagged' }]);
    expect((await versions.keptState(key, unlimited))?.tags).not.toHaveProperty(REMOVAL_TAG);
    expect(await apply(ports, key)).toMatchObject([{ tag: 'none' }]);

    const root = await mkdtemp(path.join(tmpdir(), 'retention-'));
    onTestFinished(() => rm(root, { recursive: true }));
    const files = createDirectoryStore(root, systemClock);
    const held = { ...ports, store: files, versions: createDirectoryVersions(root, systemClock) };
    const file = await put(files);
    expect(await extend(held, file, midnight(800), 'governance')).toEqual([
      { key: file, outcome: 'unsupported' },
    ]);
    expect(await apply(held, file)).toMatchObject([{ lock: 'by-tags', tag: 'unsupported' }]);
  });

  it('tells when each object must stay and may go, and what a rule lets go', async () => {
    const { store, ports, facts } = open('locked');
    const [old, held, fresh] = [await put(store), await put(store), await put(store)];
    const at = now - 600 * DAY_MS;
    for (const key of [old, held]) facts.set(key, { at, ...KNOWN });
    const { setLegalHold } = store;
    await setLegalHold?.(held, true, unlimited);
    const seen = await gather(examineRetention(ports, [old, held, fresh, 'archive/no'], unlimited));
    expect(seen.map((one) => isExpired(one, now))).toEqual([true, false, false, false]);
    expect(seen.map(({ isHeld }) => isHeld)).toEqual([false, true, false, false]);
    expect(seen.map(({ mustUntil }) => mustUntil)).toEqual([
      undefined,
      undefined,
      now + 400 * DAY_MS,
      now + 400 * DAY_MS,
    ]);
    expect(seen.map((one) => isExpired(one, now + 501 * DAY_MS))).toEqual([true, false, true, false]);
    expect(seen[3]?.state).toBeUndefined();
    await ports.versions.retain(old, now + DAY_MS, 'governance', unlimited);
    const [locked] = await gather(examineRetention(ports, [old], unlimited));
    expect(locked).toMatchObject({ mustUntil: now + DAY_MS, mayUntil: now + DAY_MS });
    expect(locked && isExpired(locked, now)).toBe(false);
  });

  it('keeps every order of rules, extensions and writes from ever shortening a lock', async () => {
    const step = fc.oneof(
      fc.record({
        days: fc.integer({ min: 1, max: 900 }),
        mode: fc.constantFrom('governance', 'compliance'),
      }),
      fc.record({ keep: fc.integer({ min: 0, max: 900 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 3 }), async (steps) => {
        const { store, versions, ports } = open('locked');
        const key = await put(store);
        let least = 0;
        for (const one of steps) {
          if ('days' in one) await extend(ports, key, midnight(one.days), one.mode);
          else await apply({ ...ports, rules: rulesBy('governance', `"keep": "${one.keep}d"`) }, key);
          const until = untilOf(await versions.keptState(key, unlimited)) ?? 0;
          expect(until).toBeGreaterThanOrEqual(least);
          least = until;
        }
      }),
      { numRuns: 4 },
    );
  });

  it('is said by the write itself: a lock, or one header with a tag, of small objects and large ones', async () => {
    const { store, versions } = open('locked');
    const lock = keepOnWrite({ by: 'governance', days: { audio: 30 } }, 'audio/wav', now, now);
    const key = await put(store, now, { keep: lock });
    const large = `${key}x`;
    const body = Buffer.alloc(6 * 1024 * 1024);
    await store.put(large, body, { ...TEXT, ...present({ keep: lock }) }, unlimited);
    for (const one of [key, large])
      expect((await versions.keptState(one, unlimited))?.retention).toEqual({
        mode: 'governance',
        until: now + 30 * DAY_MS,
      });
    const tags = open('plain');
    const tag = keepOnWrite({ by: 'tags', days: { other: 30 } }, undefined, now, now);
    const tagged = await put(tags.store, now, { keep: tag });
    await tags.store.put(`${tagged}x`, body, { ...TEXT, ...present({ keep: tag }) }, unlimited);
    for (const one of [tagged, `${tagged}x`])
      expect((await tags.versions.keptState(one, unlimited))?.tags).toEqual({ [REMOVAL_TAG]: '30' });
  });

  it('fails a write whose lock the bucket cannot keep, and stores nothing', async () => {
    const { store } = open('plain');
    const keep = keepOnWrite({ by: 'governance', days: { audio: 30 } }, 'audio/wav', now, now);
    await expect(put(store, now, { keep })).rejects.toMatchObject({ code: 'STORE_DENIED' });
    for await (const { key } of store.list('', unlimited)) expect(key).toBe('nothing');
  });

  it('leaves a write alone whose lock would be over, or for whose medium nothing is sure', () => {
    const by = { by: 'compliance', days: { audio: 30 } } as const;
    expect(keepOnWrite(by, 'audio/wav', now - 30 * DAY_MS, now)).toBeUndefined();
    expect(keepOnWrite(by, 'video/mp4', now, now)).toBeUndefined();
    expect(keepOnWrite(by, 'audiology', now, now)).toBeUndefined();
  });
});
