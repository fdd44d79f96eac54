import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { listStatements, monthPrefixes, openHistory } from '../../../src/proof/day/history.ts';
import { sha256Hex } from '../../../src/proof/formats/entry.ts';
import { sealDays } from '../../../src/proof/seal-days.ts';
import { erasureKey } from '../../../src/record/erasure.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { ArchiveFixture, DAY } from '../archive-fixture.ts';
import { placeIn } from '../log-fixture.ts';

const D = '2026-03-02';
const NEXT = '2026-03-03';

/** A log whose first seal has two days, and whose second amends the first of them: entries 0 to 2, statements 3 and 4, then 5 to 8. */
async function sealedTwice() {
  const fixture = new ArchiveFixture();
  await fixture.init();
  const hashOf = (key: string) => sha256Hex(fixture.store.bodyOf(key));
  const hold = async (word: string, day: string) => receiptKey((await fixture.archive(word, day)).key);
  const one = await fixture.archive('one', D);
  const receipts = [receiptKey(one.key), await hold('two', D), await hold('of the next day', NEXT)];
  const [first, second, other] = receipts.map(hashOf);
  fixture.now += DAY;
  await sealDays(fixture.ports(), {}, unlimited);
  fixture.now += DAY;
  const late = hashOf(await hold('late', D));
  const { id } = await fixture.erase(one, D);
  const { head } = await sealDays(fixture.ports(), {}, unlimited);
  const place = placeIn(fixture.store);
  return { place, size: head.size, own: [first, second, late, hashOf(erasureKey(id))], other };
}

describe('what the log holds of a day', () => {
  it('are its statements in the order of their revisions, and none behind the end of the log', async () => {
    const { place, size } = await sealedTwice();
    const prefixes = monthPrefixes(place, [D]);
    const whole = await listStatements(place, prefixes, size, unlimited);
    expect([...whole]).toEqual([
      [D, [3, 7]],
      [NEXT, [4]],
      ['2026-03-04', [8]],
    ]);
    expect(size).toBe(9);
    expect((await listStatements(place, prefixes, 8, unlimited)).has('2026-03-04')).toBe(false);
    expect((await listStatements(place, prefixes, 7, unlimited)).get(D)).toEqual([3]);
    // what is no statement has no place
    await place.store.put(
      `${place.keys.days}2026/03/02/notes.txt`,
      Buffer.from('x'),
      { metadata: {}, contentType: 'text/plain' },
      unlimited,
    );
    expect(await listStatements(place, prefixes, size, unlimited)).toEqual(whole);
    expect([...(await listStatements(place, [], size, unlimited))]).toEqual([]);
  });

  it('is looked for by months, each once', () => {
    const place = placeIn(new ArchiveFixture().store);
    expect(monthPrefixes(place, ['2026-03-02', '2026-03-31', '2026-04-01'])).toEqual([
      `${place.keys.days}2026/03/`,
      `${place.keys.days}2026/04/`,
    ]);
  });

  it('are the receipts and erasures that its statements vouch for, and those of no other day', async () => {
    const { place, size, own, other } = await sealedTwice();
    const { last, logged } = await openHistory(place, { day: D, indexes: [3, 7], size }, unlimited);
    expect([last?.index, last?.statement.revision]).toEqual([7, 1]);
    expect(await logged(unlimited)).toEqual(new Set(own));
    const next = await openHistory(place, { day: NEXT, indexes: [4], size }, unlimited);
    expect([...(await next.logged(unlimited))]).toEqual([other]);
  });

  it('is nothing of a day that was never stated', async () => {
    const { place, size } = await sealedTwice();
    const { last, logged } = await openHistory(place, { day: '2026-01-01', indexes: [], size }, unlimited);
    expect([last, [...(await logged(unlimited))]]).toEqual([undefined, []]);
  });
});
