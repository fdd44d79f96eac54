import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { compareDay, countDifferences } from '../../../src/proof/day/compare-day.ts';
import { examineDay } from '../../../src/proof/day/examine-day.ts';
import { IS_REASON } from '../../../src/proof/formats/reasons.ts';
import { createLayout, DATE_LAYOUT } from '../../../src/record/layout.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import { quarantineKey } from '../../../src/record/quarantine/key.ts';
import { mapStore } from '../../archive/map-store.ts';

const DAY = '2026-05-20';
const AT = Date.parse(`${DAY}T12:00:00Z`);
const idAt = (index: number) => `aaaaaaaa-0000-4000-8000-00000000000${index}`;
const FLAT = createLayout({
  name: 'template',
  template: 'archive/{conversationId}/{yyyy}/{mm}/{dd}/{recordingId}{channel}.enc',
});

describe('a recording in quarantine on its day', () => {
  it.each([
    ['date', DATE_LAYOUT],
    ['template', FLAT],
  ])('is pending, and neither missing nor an entry of the log, in the layout %s', async (_, layout) => {
    const store = mapStore();
    const text = { metadata: {}, contentType: 'text/plain' };
    for (const [index, both] of [false, true].entries()) {
      const ids = { recordingId: idAt(index), conversationId: 'c' };
      const key = quarantineKey(layout.keyOf({ ids, at: AT }));
      await store.put(key, Buffer.from('x'), text, unlimited);
      // what is no receipt would be refused, were it taken for one of the day
      await store.put(receiptKey(key), Buffer.from('x'), text, unlimited);
      if (both) await store.put(layout.keyOf({ ids, at: AT }), Buffer.from('x'), text, unlimited);
    }
    const ports = { store, layout, receiptKeys: new Map(), organization: 'org' };
    const history = { last: undefined, logged: () => Promise.resolve(new Set<string>()) };
    const examined = await examineDay(ports, { day: DAY, history, erasures: [], room: 10 }, unlimited);
    expect(examined.archive.refused.total).toBe(0);
    expect(examined.archive.objects).toMatchObject({ listed: 1, receipts: 0 });
    const source = [0, 1, 2].map((index) => ({
      conversationId: 'c',
      recordingId: idAt(index),
      media: 'call',
      startedAt: AT,
      state: 'available' as const,
    }));
    const holdings = { ...examined, elsewhere: new Set<string>(), failed: new Map<string, string>() };
    const compared = compareDay({ day: DAY, source, holdings, seesAll: true });
    expect(compared.listed.map(({ state, reason }) => [state, reason])).toEqual([
      ['pending', 'quarantined'],
      ['both', undefined],
      ['missing', 'never-announced'],
    ]);
    expect(countDifferences(compared).pending).toEqual({ total: 1, byReason: { quarantined: 1 } });
    expect(IS_REASON.pending('quarantined')).toBe(true);
  });
});
