import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isQuarantineKey, quarantineKey } from '../../src/record/quarantine/key.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import { isSampled, walkArchive, type WalkOptions } from '../../src/audit/walk-archive.ts';
import { unlimited } from '../../src/clock.ts';
import { mapStore } from '../archive/map-store.ts';
import { idsAt } from '../archive/sealed-archive.ts';

const DAY_MS = 86_400_000;
const NOON = Date.UTC(2026, 4, 20, 12);
const keyAt = (day: number, index: number, channel?: string) =>
  objectKey({ recordingId: idsAt(index).recordingId, channel, at: NOON + day * DAY_MS });

/** A store that holds nothing but names, and remembers what was listed. */
async function named(keys: readonly string[]) {
  const store = mapStore();
  for (const key of keys) {
    await store.put(key, nothing(), { metadata: {}, contentType: 'text/plain' }, unlimited);
  }
  const listed: string[] = [];
  const list = store.list.bind(store);
  store.list = (prefix, budget) => {
    listed.push(prefix);
    return list(prefix, budget);
  };
  const walk = async (options: WalkOptions = {}) => {
    const found: string[] = [];
    for await (const key of walkArchive(store, options, unlimited)) found.push(key);
    return found;
  };
  return { walk, listed };
}

const WHOLE = ['archive/', 'receipts/', 'quarantine/archive/', 'receipts/quarantine/archive/'];

describe('walkArchive', () => {
  const objects = [keyAt(0, 5), keyAt(0, 9), keyAt(1, 1), keyAt(3, 2)];
  const receipts = [keyAt(0, 2), keyAt(0, 5), keyAt(2, 4), keyAt(3, 2), keyAt(4, 8)];

  it('names every object and everything that a receipt says should be one, each once and in order', async () => {
    const { walk, listed } = await named([...objects, ...receipts.map(receiptKey)]);
    expect(await walk()).toEqual([...new Set([...objects, ...receipts])].toSorted());
    expect(listed).toEqual(WHOLE);
  });

  it('names what waits in quarantine, and what a receipt says of it, once and after the rest', async () => {
    const waiting = [keyAt(0, 5), keyAt(2, 2)].map(quarantineKey);
    const promised = [keyAt(0, 5), keyAt(3, 7)].map(quarantineKey);
    const { walk } = await named([
      ...objects,
      ...receipts.map(receiptKey),
      ...waiting,
      ...promised.map(receiptKey),
    ]);
    const all = [...new Set([...objects, ...receipts])].toSorted();
    expect(await walk()).toEqual([...all, ...[...new Set([...waiting, ...promised])].toSorted()]);
    const days = new Set([Date.UTC(2026, 4, 20)]);
    expect((await walk({ days })).filter(isQuarantineKey)).toEqual([quarantineKey(keyAt(0, 5))]);
  });

  it.each([
    ['objects', objects, objects.toSorted()],
    ['receipts', receipts.map(receiptKey), receipts.toSorted()],
    ['anything', [], []],
  ])('works where there are only %s', async (_, keys, expected) => {
    const { walk } = await named(keys);
    expect(await walk()).toEqual(expected);
  });

  it('passes over what is neither', async () => {
    const { walk } = await named([
      keyAt(0, 1),
      `${keyAt(0, 1)}.instruction`,
      `${keyAt(0, 3).slice(0, -4)}.json`,
      'archive/notes.txt',
      'archive/2026/13/40/x.enc',
      `${receiptKey(keyAt(0, 4))}.bak`,
      receiptKey(keyAt(0, 6)).replace(/([^/]+)\.json$/, '_$1.leaves'),
      'receipts/index.json',
      'links/2026/05/20/x.json',
    ]);
    expect(await walk()).toEqual([keyAt(0, 1)]);
  });

  it('takes the days that both ends of a range fall on, and lists only those', async () => {
    const { walk, listed } = await named(objects);
    const range = { from: NOON + DAY_MS + DAY_MS / 3, to: NOON + 3 * DAY_MS - DAY_MS / 3 };
    expect(await walk({ range })).toEqual([keyAt(1, 1), keyAt(3, 2)]);
    expect(listed).toEqual([
      'archive/2026/05/21/',
      'receipts/2026/05/21/',
      'archive/2026/05/22/',
      'receipts/2026/05/22/',
      'archive/2026/05/23/',
      'receipts/2026/05/23/',
      'quarantine/archive/',
      'receipts/quarantine/archive/',
    ]);
  });

  it('keeps to the days of a range that is listed as a whole: from midnight on, and to the last millisecond', async () => {
    const all = [keyAt(0, 1), keyAt(1, 1), keyAt(2, 1)];
    const { walk, listed } = await named(all);
    const midnight = Date.UTC(2026, 4, 21);
    expect(await walk({ range: { from: midnight } })).toEqual(all.slice(1));
    expect(await walk({ range: { from: midnight - 1 } })).toEqual(all);
    expect(await walk({ range: { to: midnight } })).toEqual(all.slice(0, 2));
    expect(await walk({ range: { to: midnight - 1 } })).toEqual(all.slice(0, 1));
    expect(await walk({ range: { from: NOON - 401 * DAY_MS, to: midnight } })).toEqual(all.slice(0, 2));
    expect(new Set(listed)).toEqual(new Set(WHOLE));
  });

  it('lists up to 400 days one by one, and a longer range as a whole', async () => {
    const { walk, listed } = await named([]);
    await walk({ range: { from: 0, to: 400 * DAY_MS } });
    expect(listed).toEqual(WHOLE);
    listed.length = 0;
    const from = Date.UTC(2026, 0, 1);
    await walk({ range: { from, to: from + 400 * DAY_MS - 1 } });
    expect(listed).toHaveLength(2 * 400 + 2);
  });

  it('keeps to the order of keys where names of one day sort differently with and without their suffix', async () => {
    const keys = ['-', '0', 'a', 'e', 'f', 'g', 'i', 'j', 'k', 'z'].map((channel) => keyAt(0, 1, channel));
    const { walk } = await named([...keys, keyAt(0, 1), ...keys.map(receiptKey), receiptKey(keyAt(0, 1))]);
    expect(await walk()).toEqual([keyAt(0, 1), ...keys].toSorted());
  });

  it('joins days of which only one side has some, however they follow each other', async () => {
    const [here, there] = [
      [0, 3, 4, 9],
      [1, 2, 4, 7, 8],
    ].map((days) => days.map((day) => keyAt(day, day)));
    const { walk } = await named([...(here ?? []), ...(there ?? []).map(receiptKey)]);
    expect(await walk()).toEqual([0, 1, 2, 3, 4, 7, 8, 9].map((day) => keyAt(day, day)));
  });

  it('begins behind a key, and with the first one without a key', async () => {
    const { walk } = await named(objects);
    const [first = '', second = '', ...others] = objects.toSorted();
    expect(await walk({ after: first })).toEqual([second, ...others]);
    expect(await walk({ after: second })).toEqual(others);
    expect(await walk({ after: undefined })).toEqual([first, second, ...others]);
    expect(await walk({ after: objects.toSorted().at(-1) })).toEqual([]);
  });

  it('holds a few days at a time: what comes first is told before the rest is listed', async () => {
    const store = mapStore();
    let told = 0;
    store.list = async function* (prefix) {
      for (const day of [0, 1, 2, 3, 4]) {
        if (prefix === 'archive/') expect(told).toBeGreaterThanOrEqual(day - 2);
        const stat = { key: keyAt(day, 1), size: 0, lastModified: 0 };
        if (prefix === 'archive/') yield await Promise.resolve(stat);
      }
    };
    for await (const key of walkArchive(store, {}, unlimited)) {
      expect(key).toBe(keyAt(told, 1));
      told += 1;
    }
    expect(told).toBe(5);
  });

  it('ends both listings when its caller stops', async () => {
    const store = mapStore();
    const ended: string[] = [];
    store.list = async function* (prefix) {
      try {
        for (let day = 0; ; day += 1) {
          const key = keyAt(day, 1);
          await Promise.resolve();
          yield { key: prefix === 'archive/' ? key : receiptKey(key), size: 0, lastModified: 0 };
        }
      } finally {
        ended.push(prefix);
      }
    };
    for await (const key of walkArchive(store, {}, unlimited)) if (key === keyAt(3, 1)) break;
    expect(ended.toSorted()).toEqual(['archive/', 'receipts/']);
  });

  it('samples what it names', async () => {
    const { walk } = await named(objects);
    const sample = { share: 0.5, seed: 'one' };
    expect(await walk({ sample })).toEqual(objects.toSorted().filter((key) => isSampled(key, sample)));
  });
});

describe('isSampled', () => {
  /** As `docs/` states it: the first 48 bits of SHA-256(seed ‖ 0 ‖ key), as a fraction. */
  const fraction = (key: string, seed: string) => {
    const digest = createHash('sha256').update(seed).update(Buffer.of(0)).update(key).digest('hex');
    return Number.parseInt(digest.slice(0, 12), 16) / 2 ** 48;
  };

  it('goes by the digest of seed and key: what is below the share is chosen', () => {
    for (let index = 0; index < 200; index += 1) {
      const [key, seed] = [keyAt(0, index), `seed ${index % 3}`];
      const share = fraction(key, seed);
      expect(isSampled(key, { share, seed })).toBe(false);
      expect(isSampled(key, { share: share + 2 ** -48, seed })).toBe(true);
    }
  });

  it('chooses everything without a sample, and with one of the whole', () => {
    expect(isSampled('any', undefined)).toBe(true);
    for (let index = 0; index < 1000; index += 1) {
      expect(isSampled(String(index), { share: 1, seed: 's' })).toBe(true);
    }
  });
});

// oxlint-disable-next-line require-yield -- an empty body
async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
  await Promise.resolve();
}
