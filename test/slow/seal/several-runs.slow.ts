import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import type { Statement } from '../../../src/proof/formats/statement.ts';
import { auditLog } from '../../../src/proof/verify/audit-log.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { ArchiveFixture } from '../../proof/archive-fixture.ts';
import { contentsOf, plainStore } from '../../proof/plain-store.ts';
import { COUNTED_DAY, SlowPlatform } from '../../proof/slow-platform.ts';

const CONVERSATIONS = 100_000;
/** Conversations that one run asks about. */
const PER_RUN = 23_000;

/** What a statement says of its day, and not of the moment at which it was made, nor of its place in the log. */
function factsOf({ day, status, archive, source, differences, policy }: Statement) {
  if ('unavailable' in source) return { day, unavailable: source.unavailable.code };
  const { asked: _, finished: _finished, ...facts } = source;
  return { day, status, archive, facts, differences, policy };
}

describe('a day of 100,000 recordings that takes several runs to count', () => {
  it('is stated as one run states it: the same lists to the byte, the same entries, the same counts, each conversation asked about once', async () => {
    const held = new ArchiveFixture(plainStore());
    // one that is missing, so that there are exceptions
    for (let at = 0; at < CONVERSATIONS; at += 1) if (at !== 77) await held.hold(`call ${at}`, COUNTED_DAY);
    const start = async (perRun: number) => {
      const fixture = new ArchiveFixture(held.store.copy());
      fixture.dataAvailableUntil = () => Date.parse('2026-03-03T02:00:00Z');
      const platform = new SlowPlatform(CONVERSATIONS, fixture);
      platform.perRun = perRun;
      await fixture.init();
      return platform;
    };
    const [whole, cut] = [await start(CONVERSATIONS), await start(PER_RUN)];
    const [stated] = (await whole.run()).statements;
    const statements: Statement[] = [];
    let kills = 0;
    for (let run = 0; run < 12 && cut.asked.length < CONVERSATIONS; run += 1) {
      const { store } = cut.ports;
      const before = cut.asked.length;
      // the second run dies before it has kept what it counted
      const dying: typeof store = {
        ...store,
        put: (key, ...rest) => {
          if (run !== 1 || !key.includes('/counting/')) return store.put(key, ...rest);
          kills += 1;
          return Promise.reject(new ArchiveError('STORE_UNAVAILABLE', 'the process has died'));
        },
      };
      const sealed = await cut.run({ store: dying }).catch(() => undefined);
      // what it had asked is asked again by the next one
      if (sealed === undefined) cut.asked.length = before;
      statements.push(...(sealed?.statements ?? []));
    }
    expect(kills).toBe(1);
    expect(cut.asked).toHaveLength(CONVERSATIONS);
    const last = statements.at(-1);
    if (stated === undefined || last === undefined) throw new Error('nothing was stated');
    expect(statements.map((each) => 'unavailable' in each.source)).toEqual([true, false]);
    expect(factsOf(last)).toEqual(factsOf(stated));
    const lists = (platform: SlowPlatform) => contentsOf(platform.fixture.store, platform.ports.keys.lists);
    expect(Object.keys(lists(whole))).toHaveLength(2);
    expect(lists(cut)).toEqual(lists(whole));
    for (const platform of [whole, cut]) {
      const audited = await auditLog(platform.ports, [], unlimited);
      expect([audited.findings, audited.missing]).toEqual([[], 1]);
    }
    // receipts are logged once, before the count has come to its end
    const sizes = await Promise.all(
      [whole, cut].map(async (each) => (await auditLog(each.ports, [], unlimited)).size),
    );
    expect(sizes).toEqual([CONVERSATIONS, CONVERSATIONS + 1]);
  });
});
