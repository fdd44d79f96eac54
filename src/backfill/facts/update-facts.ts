import type { Budget, Clock } from '../../clock.ts';
import type { ArchiveError } from '../../errors.ts';
import type { ConversationAnalytics, ObjectStore } from '../../ports.ts';
import { factsKey } from '../../record/facts-file.ts';
import { DAY_MS, dayOf } from '../../recording/time.ts';
import { type DueDaysOptions, fetchDueDays, isDayDue } from '../due-days.ts';
import type { FactsSink } from '../sources/days.ts';

/**
 * ms after the end of a day at which its facts are fetched: at once, and twice again, because the platform goes on with a day's data for
 * three days: it processes them again once they are 48 hours old.
 */
const STAGES_MS = [0, 2 * DAY_MS, 4 * DAY_MS] as const;

/**
 * Reports whether the facts of a day are due. Pure.
 *
 * @param day epoch ms of its midnight, UTC.
 * @param writtenAt epoch ms at which they were stored last.
 */
export function isFactsDue(day: number, writtenAt: number | undefined, now: number): boolean {
  return isDayDue(STAGES_MS, day, writtenAt, now);
}

export interface UpdateFactsPorts {
  /** Where facts are kept. */
  readonly store: ObjectStore;
  readonly analytics: ConversationAnalytics;
  openFacts(day: string, budget: Budget): Promise<FactsSink>;
  readonly clock: Clock;
}

export interface FactsDay {
  readonly day: string;
  /** `late`: the platform's data do not reach its end yet. `failed`: the other days go on. */
  readonly outcome: 'written' | 'fresh' | 'late' | 'failed';
  readonly conversations?: number;
  readonly error?: ArchiveError;
}

export type UpdateFactsOptions = DueDaysOptions<FactsDay>;

/**
 * Fetches the facts of days that are due, newest first, one analytics job each. Harmless to run twice at once, and to end at any point:
 * a day is replaced as a whole, or not at all.
 *
 * @throws what every other day would meet as well: `GENESYS_AUTH_REJECTED`, `GENESYS_FORBIDDEN`, `STORE_*`, `KMS_*`, `OUT_OF_TIME`.
 */
export async function updateFacts(
  ports: UpdateFactsPorts,
  options: UpdateFactsOptions,
  budget: Budget,
): Promise<readonly FactsDay[]> {
  const { clock, analytics, store } = ports;
  let available: Promise<number | undefined> | undefined;
  return fetchDueDays<FactsDay>(
    {
      clock,
      stages: STAGES_MS,
      writtenAt: async (day) => (await store.head(factsKey(day), budget))?.lastModified,
      isComplete: async (at) => {
        const until = await (available ??= readAvailability(analytics, budget));
        return until === undefined || until >= at + DAY_MS;
      },
      fetch: (at) => fetchDay(ports, at, budget),
    },
    options,
    budget,
  );
}

async function readAvailability(
  analytics: ConversationAnalytics,
  budget: Budget,
): Promise<number | undefined> {
  const availability = await analytics.availability(budget);
  return availability.state === 'known' ? availability.until : undefined;
}

async function fetchDay(ports: UpdateFactsPorts, at: number, budget: Budget): Promise<FactsDay> {
  const day = dayOf(at);
  const facts = await ports.openFacts(day, budget);
  let conversations = 0;
  let until: number | undefined;
  const onAvailability = (known: number) => {
    until = Math.min(until ?? known, known);
  };
  const query = { day: at, of: 'active', onAvailability } as const;
  for await (const one of ports.analytics.conversations(query, budget)) {
    await facts.add(one);
    conversations += 1;
  }
  await facts.finish(until);
  return { day, outcome: 'written', conversations };
}
