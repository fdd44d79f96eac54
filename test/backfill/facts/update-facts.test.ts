import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FactsDay, isFactsDue, updateFacts } from '../../../src/backfill/facts/update-facts.ts';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { silentLogger } from '../../../src/log.ts';
import type { AnalyzedConversation, Availability, ObjectStat, ObjectStore } from '../../../src/ports.ts';
import { factsKey } from '../../../src/record/facts-file.ts';
import { DAY_MS, dayOf } from '../../../src/recording/time.ts';
import { keepAudits, keepFacts, keepRequests } from '../../../src/serve/keep-days.ts';
import { failure } from '../../failure.ts';
import { fastClock } from '../../fast-clock.ts';
import { recordingLogger } from '../../recording-logger.ts';
import type { ArchiveConfig } from '../../../src/config/config.ts';

const DAY = Date.UTC(2026, 10, 20);
const END = DAY + DAY_MS;
const HOUR = 3_600_000;

describe('the facts of a day', () => {
  it.each([
    ['not before it is over', undefined, END - 1, false],
    ['when it is over', undefined, END, true],
    ['not again while they are fresh', END + HOUR, END + 2 * DAY_MS - 1, false],
    ['again after two days', END + HOUR, END + 2 * DAY_MS, true],
    ['again after four days', END + 3 * DAY_MS, END + 4 * DAY_MS, true],
    ['and then no more', END + 4 * DAY_MS, END + 400 * DAY_MS, false],
    ['also when a run was late by a month', undefined, END + 30 * DAY_MS, true],
  ])('are fetched %s', (_when, writtenAt, now, due) => {
    expect(isFactsDue(DAY, writtenAt, now)).toBe(due);
  });

  it('are fetched three times by runs of every few hours, and once by one that comes late', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 0, max: 20 }),
        (everyHours, lateDays) => {
          let writtenAt: number | undefined;
          let fetched = 0;
          const from = END + lateDays * DAY_MS;
          for (let now = from; now < from + 10 * DAY_MS; now += everyHours * HOUR) {
            if (!isFactsDue(DAY, writtenAt, now)) continue;
            writtenAt = now;
            fetched += 1;
          }
          expect(fetched).toBe(lateDays < 2 ? 3 : lateDays < 4 ? 2 : 1);
          expect(writtenAt).toBeGreaterThanOrEqual(END + 4 * DAY_MS);
        },
      ),
    );
  });
});

const conversation = (id: string): AnalyzedConversation => ({
  conversationId: id,
  start: new Date(DAY).toISOString(),
  divisionIds: [],
  media: [],
  recorded: { audio: true, screen: false, snippet: false },
  agentIds: [],
  queueIds: [],
  wrapUpCodes: [],
  durations: {},
  participants: [],
  evaluationIds: [],
  surveyIds: [],
});

function setUp(availability: Availability = { state: 'unknown' }) {
  const clock = fastClock(END + HOUR);
  const written = new Map<string, number>();
  const failing = new Map<string, ArchiveError>();
  const store = {
    head: (key: string) => {
      const lastModified = written.get(key);
      return Promise.resolve(lastModified === undefined ? undefined : ({ lastModified } as ObjectStat));
    },
  } as unknown as ObjectStore;
  const analytics = {
    availability: () => Promise.resolve(availability),
    times: () => Promise.resolve(new Map()),
    async *conversations({ day }: { readonly day: number }) {
      const error = failing.get(dayOf(day));
      if (error !== undefined) throw error;
      await Promise.resolve();
      yield* [conversation('a'), conversation('b')];
    },
  };
  const openFacts = (day: string) =>
    Promise.resolve({
      add: () => Promise.resolve(),
      finish: () => {
        written.set(factsKey(day), clock.now());
        return Promise.resolve();
      },
    });
  const run = (options: Parameters<typeof updateFacts>[1] = {}) =>
    updateFacts({ store, analytics, openFacts, clock }, options, unlimited);
  const outcomes = (days: readonly FactsDay[]) => days.map(({ day, outcome }) => `${day} ${outcome}`);
  return { clock, run, outcomes, failing, written };
}

describe('fetching facts', () => {
  it('takes the last 14 days, newest first, and each only while it is due', async () => {
    const { run, outcomes, clock } = setUp();
    const first = await run();
    expect(first).toHaveLength(14);
    expect(outcomes(first)[0]).toBe('2026-11-20 written');
    expect(first.every(({ conversations }) => conversations === 2)).toBe(true);
    expect(new Set((await run()).map(({ outcome }) => outcome))).toEqual(new Set(['fresh']));
    expect(outcomes(await run({ from: DAY, to: DAY, anew: true }))).toEqual(['2026-11-20 written']);
    clock.advance(2 * DAY_MS);
    // two new ones, the newest of before, and the one that had only been over for a day
    const later = outcomes(await run()).filter((line) => line.endsWith('written'));
    expect(later).toEqual(['22', '21', '20', '19', '18', '17'].map((day) => `2026-11-${day} written`));
  });

  it('waits for days that the platform has not finished', async () => {
    const { run, outcomes, written } = setUp({ state: 'known', until: END - 1 });
    expect(outcomes(await run()).slice(0, 2)).toEqual(['2026-11-20 late', '2026-11-19 written']);
    expect(written.has(factsKey('2026-11-20'))).toBe(false);
  });

  it('goes on after a day that fails, and ends where every day would', async () => {
    const { run, outcomes, failing } = setUp();
    failing.set('2026-11-19', new ArchiveError('GENESYS_BAD_RESPONSE', 'planted'));
    expect(outcomes(await run()).slice(0, 3)).toEqual([
      '2026-11-20 written',
      '2026-11-19 failed',
      '2026-11-18 written',
    ]);
    for (const code of [
      'GENESYS_FORBIDDEN',
      'GENESYS_AUTH_REJECTED',
      'GENESYS_UNAVAILABLE',
      'STORE_FULL',
      'OUT_OF_TIME',
    ] as const) {
      failing.set('2026-11-19', new ArchiveError(code, 'planted'));
      expect((await failure(run())).code).toBe(code);
    }
  });
});

describe('serve', () => {
  const config = (facts: string, api = 'auto') =>
    ({ catalogue: { facts }, genesys: { api } }) as unknown as ArchiveConfig;

  it('fetches facts every six hours, and stops where the client may not ask', async () => {
    const clock = fastClock(0);
    const logger = recordingLogger();
    let runs = 0;
    let stopped: () => void = () => undefined;
    const done = new Promise<void>((resolve) => {
      stopped = resolve;
    });
    const kept = keepFacts(config('analytics'), { clock, logger }, () => {
      runs += 1;
      if (runs === 1) return Promise.resolve([{ day: '2026-11-20', outcome: 'written' }]);
      if (runs === 2) return Promise.reject(new ArchiveError('GENESYS_UNAVAILABLE', 'planted'));
      stopped();
      return Promise.reject(new ArchiveError('GENESYS_FORBIDDEN', 'planted'));
    });
    await done;
    await new Promise((resolve) => setImmediate(resolve));
    await kept?.stop();
    expect(clock.slept).toEqual([300_000, 21_600_000, 21_600_000]);
    expect(logger.lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { level: 'info', message: 'facts fetched' },
      { level: 'error', code: 'GENESYS_UNAVAILABLE' },
      { level: 'warn', code: 'GENESYS_FORBIDDEN' },
    ]);
  });

  it('fetches none where the settings keep none, or the events are those of the tutorial', () => {
    const tools = { clock: fastClock(), logger: silentLogger };
    expect(keepFacts(config('none'), tools)).toBeUndefined();
    expect(keepFacts(config('analytics', 'media'), tools)).toBeUndefined();
  });
});

describe('serve, beside facts', () => {
  const config = (audits: string, api = 'auto') =>
    ({ catalogue: { audits }, genesys: { api } }) as unknown as ArchiveConfig;

  it.each([
    ['audits', keepAudits, 'set ARCHIVE_AUDITS=none'],
    ['requests under the GDPR', keepRequests, 'start again'],
  ] as const)('asks for %s as often, and stops where the client may not', async (what, keep, hint) => {
    const clock = fastClock(0);
    const logger = recordingLogger();
    const done = new Promise<void>((resolve) => {
      const kept = keep(config('platform'), { clock, logger }, () => {
        resolve();
        return Promise.reject(new ArchiveError('GENESYS_FORBIDDEN', 'planted'));
      });
      expect(kept).toBeDefined();
    });
    await done;
    await new Promise((resolve) => setImmediate(resolve));
    expect(clock.slept).toEqual([300_000]);
    expect(logger.lines).toHaveLength(1);
    expect(JSON.parse(logger.lines[0] ?? '')).toMatchObject({
      level: 'warn',
      message: expect.stringMatching(`no ${what} are kept: planted.*${hint}`) as string,
    });
  });

  it('asks for none where the settings keep none, or the API of the tutorial is used', () => {
    const tools = { clock: fastClock(), logger: silentLogger };
    expect(keepAudits(config('none'), tools)).toBeUndefined();
    expect(keepAudits(config('platform', 'media'), tools)).toBeUndefined();
    expect(keepRequests(config('none', 'media'), tools)).toBeUndefined();
  });
});
