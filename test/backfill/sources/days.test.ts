import { describe, expect, it } from 'vitest';
import { daysOf, planDays, requireRange } from '../../../src/backfill/sources/days.ts';
import { PlanCounts } from '../../../src/backfill/sources/plan-counts.ts';
import { unlimited } from '../../../src/clock.ts';
import type { AnalyzedConversation, ConversationAnalytics } from '../../../src/ports.ts';
import { RECORDING_KINDS } from '../../../src/recording/facts.ts';

const DAY = 86_400_000;
const MONDAY = Date.UTC(2026, 2, 23);

function conversation(
  conversationId: string,
  day: number,
  more: Partial<AnalyzedConversation> = {},
): AnalyzedConversation {
  return {
    conversationId,
    start: new Date(day + 3_600_000).toISOString(),
    end: new Date(day + 3_700_000).toISOString(),
    divisionIds: [],
    media: ['voice'],
    recorded: { audio: true, screen: false, snippet: false },
    agentIds: [],
    queueIds: [],
    wrapUpCodes: [],
    durations: {},
    participants: [],
    evaluationIds: [],
    surveyIds: [],
    ...more,
  };
}

async function plan(
  from: number,
  to: number,
  list: (day: number) => readonly AnalyzedConversation[],
  {
    until = MONDAY + 30 * DAY,
    kinds = RECORDING_KINDS,
  }: { until?: number; kinds?: readonly (typeof RECORDING_KINDS)[number][] } = {},
) {
  const counts = new PlanCounts();
  const asked: string[] = [];
  const kept: string[] = [];
  const analytics: ConversationAnalytics = {
    availability: () => Promise.resolve({ state: 'unknown' }),
    times: () => Promise.resolve(new Map()),
    async *conversations({ day, of, onAvailability }) {
      await Promise.resolve();
      asked.push(`${of} ${new Date(day).toISOString().slice(0, 10)}`);
      onAvailability?.(until);
      yield* list(day);
    },
  };
  const items: string[] = [];
  const openFacts = (day: string) =>
    Promise.resolve({
      add: ({ conversationId }: AnalyzedConversation) => {
        kept.push(`${day} ${conversationId}`);
        return Promise.resolve();
      },
      finish: () => Promise.resolve(),
    });
  const request = { from, to, kinds: new Set(kinds), analytics, openFacts, counts, budget: unlimited };
  for await (const { conversationId } of planDays(request)) items.push(conversationId);
  return { items, counts, asked, kept };
}

describe('a range of days', () => {
  it('is planned day by day, the newest first, one job each', async () => {
    const { items, asked } = await plan(MONDAY, MONDAY + 2 * DAY, (day) => [
      conversation(`c${day / DAY}`, day),
    ]);
    expect(asked).toEqual(['active 2026-03-25', 'active 2026-03-24', 'active 2026-03-23']);
    expect(items).toHaveLength(3);
  });

  it('has days of 24 hours also where clocks change', () => {
    const days = daysOf(Date.UTC(2026, 2, 28), Date.UTC(2026, 2, 30));
    expect(days.map((day) => new Date(day).toISOString())).toEqual([
      '2026-03-30T00:00:00.000Z',
      '2026-03-29T00:00:00.000Z',
      '2026-03-28T00:00:00.000Z',
    ]);
  });

  it('that ends before it begins, or lies in the future, is refused', () => {
    const now = MONDAY + 12 * 3_600_000;
    const refused = (from: number, to: number) => () => requireRange(from, to, now);
    expect(refused(MONDAY, MONDAY - DAY)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
    expect(refused(MONDAY, MONDAY + DAY)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
    expect(refused(MONDAY - DAY, MONDAY)).not.toThrow();
  });

  it('leaves out what was not recorded, what goes on, and what began on another day, and counts them', async () => {
    const nothing = { audio: false, screen: false, snippet: false };
    const { end: _end, ...ongoing } = conversation('goes-on', MONDAY);
    const { items, counts, kept } = await plan(MONDAY, MONDAY, (day) => [
      conversation('call', day),
      conversation('not-recorded', day, { recorded: nothing }),
      conversation('screen', day, { recorded: { ...nothing, screen: true } }),
      conversation('mail', day, { recorded: nothing, media: ['email'] }),
      conversation('yesterday', day - DAY),
      ongoing,
    ]);
    expect(items).toEqual(['call', 'screen', 'mail']);
    expect(counts).toMatchObject({ conversations: 5, notRecorded: 1, stillOpen: 1, items: 3 });
    // the facts are those of everybody who spoke on that day
    expect(kept).toHaveLength(6);
  });

  it('wants only the kinds that are archived', async () => {
    const nothing = { audio: false, screen: false, snippet: false };
    const list = (day: number) => [
      conversation('call', day),
      conversation('chat', day, { recorded: nothing, media: ['chat'] }),
    ];
    expect((await plan(MONDAY, MONDAY, list, { kinds: ['chat'] })).items).toEqual(['chat']);
  });

  it('says of which days the platform’s data are not complete yet', async () => {
    const { counts } = await plan(MONDAY, MONDAY + DAY, () => [], { until: MONDAY + DAY + 1 });
    expect(counts.lateDays).toEqual([{ day: '2026-03-24', until: MONDAY + DAY + 1 }]);
  });
});
