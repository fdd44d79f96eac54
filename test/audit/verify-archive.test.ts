import { rm } from 'node:fs/promises';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { receiptKey } from '../../src/record/object-key.ts';
import { CompletionLine, type Verified, verifyArchive } from '../../src/audit/verify-archive.ts';
import { isSampled, walkArchive, type WalkOptions } from '../../src/audit/walk-archive.ts';
import { type Budget, unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { describeScrub } from '../archive/scrub.ts';
import { idsAt, makeSealedArchive, type SealedArchive } from '../archive/sealed-archive.ts';

async function walk(archive: SealedArchive, options: WalkOptions = {}): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of walkArchive(archive.store, options, unlimited)) keys.push(key);
  return keys;
}

// 1,000 in `npm run test:slow`
describeScrub(200);

describe('the walk', () => {
  let archive: SealedArchive;
  beforeAll(async () => {
    archive = await makeSealedArchive(30);
  });
  afterAll(() => archive.remove());

  it('goes both ways, in order, each key once', async () => {
    const { recordings, fileOf, recordOf } = archive;
    const [first, second] = recordings;
    if (first === undefined || second === undefined) throw new Error('there are 30');
    await Promise.all([rm(fileOf(first.key)), rm(recordOf(first.key))]);
    await Promise.all([rm(fileOf(receiptKey(second.key))), rm(recordOf(receiptKey(second.key)))]);
    // channels whose names make `.enc` and `.json` sort differently
    const at = Date.UTC(2026, 4, 22, 1);
    const channels = ['0', 'a', 'e', 'f', 'i', 'j', 'k', 'z', '-'];
    const more = [];
    for (const channel of channels) more.push(await archive.add({ ...idsAt(500), channel }, at));
    more.push(await archive.add(idsAt(500), at));
    const expected = [...recordings.map(({ key }) => key), ...more].toSorted();
    expect(await walk(archive)).toEqual(expected);
    const from = Date.UTC(2026, 4, 22, 5);
    const within = expected.filter((key) => key.includes('/05/22/') || key.includes('/05/23/'));
    expect(await walk(archive, { range: { from, to: from + 86_400_000 } })).toEqual(within);
    expect(await walk(archive, { range: { from } })).toEqual(
      expected.filter((key) => key >= 'archive/2026/05/22/'),
    );
    expect(await walk(archive, { after: expected[12] })).toEqual(expected.slice(13));
  });

  it('takes a sample that is the same for the same seed', async () => {
    const all = await walk(archive);
    const sample = { share: 0.5, seed: 'one' };
    const some = await walk(archive, { sample });
    expect(some).toEqual(all.filter((key) => isSampled(key, sample)));
    expect(some.length).toBeGreaterThan(0);
    expect(some.length).toBeLessThan(all.length);
    expect(await walk(archive, { sample: { share: 0.5, seed: 'two' } })).not.toEqual(some);
    expect(await walk(archive, { sample: { share: 1, seed: 'x' } })).toEqual(all);
  });

  it('samples evenly, and a larger share holds the smaller one', () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `archive/2026/01/01/${index}.enc`);
    const chosen = keys.filter((key) => isSampled(key, { share: 0.05, seed: 's' }));
    expect(chosen.length).toBeGreaterThan(850);
    expect(chosen.length).toBeLessThan(1150);
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.double({ min: 0.001, max: 0.999 }), (key, seed, share) => {
        if (isSampled(key, { share, seed }))
          expect(isSampled(key, { share: 1.001 * share, seed })).toBe(true);
      }),
    );
  });
});

describe('an interrupted run', () => {
  let archive: SealedArchive;
  beforeAll(async () => {
    archive = await makeSealedArchive(40);
  });
  afterAll(() => archive.remove());
  let stop: AbortController;
  afterEach(() => stop.abort());

  it.each([0, 1, 7, 39])('goes on where %i had come to an end, leaving nothing out', async (until) => {
    stop = new AbortController();
    const budget: Budget = { deadline: Number.POSITIVE_INFINITY, signal: stop.signal };
    const seen = new Set<string>();
    let after: string | undefined;
    const pass = (limit: number) =>
      verifyArchive(
        archive.ports,
        { depth: 'ciphertext', concurrency: 4, after },
        {
          onVerified: (verified: Verified) => {
            expect(verified.state).toBe('verified');
            seen.add(verified.key);
            if (seen.size > limit) stop.abort(new ArchiveError('INTERRUPTED', 'enough'));
          },
          onReached: (key) => {
            after = key;
          },
        },
        limit === Number.POSITIVE_INFINITY ? unlimited : budget,
      );
    await pass(until);
    const all = await walk(archive);
    const reached = after;
    for (const key of all.filter((one) => reached !== undefined && one <= reached)) {
      expect(seen.has(key)).toBe(true);
    }
    await pass(Number.POSITIVE_INFINITY);
    expect([...seen].toSorted()).toEqual(all);
    expect(after).toBe(all.at(-1));
  });

  it('never tells of a key before all keys before it', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }), (order) => {
        const line = new CompletionLine();
        const turns = order.map((_, index) => line.begin(String(index)));
        const ended = new Set<number>();
        for (const index of order) {
          ended.add(index);
          const turn = turns[index];
          if (turn === undefined) throw new Error('there is a turn for each');
          const reached = line.end(turn);
          if (reached === undefined) continue;
          for (let before = 0; before <= Number(reached); before += 1) expect(ended.has(before)).toBe(true);
          expect(line.count).toBe(Number(reached) + 1);
        }
        expect(line.count).toBe(8);
      }),
    );
  });
});
