import type { Budget, Clock } from '../../clock.ts';
import { type ArchiveError, toArchiveError } from '../../errors.ts';
import type { ConversationAnalytics, ObjectStore } from '../../ports.ts';
import { factsKey } from '../../record/facts-file.ts';
import { DAY_MS, dayOf } from '../../recording-time.ts';
import { endsTheWork } from '../outcome.ts';
import { daysOf, type FactsSink } from '../sources/days.ts';

/** Days that a nightly run looks back: what failed for a week is caught up with. */
export const FACTS_LOOK_BACK_DAYS = 14;

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
  const end = day + DAY_MS;
  return STAGES_MS.some((stage) => end + stage <= now && (writtenAt ?? 0) < end + stage);
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

export interface UpdateFactsOptions {
  /** Epoch ms of the midnights of the first and the last day, UTC; the last days where it is not said. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Also days whose facts are fresh. */
  readonly anew?: boolean;
  readonly onDay?: (day: FactsDay) => void;
}

/**
 * Fetches the facts of days that are due, newest first, one analytics job each. Harmless to run twice at once, and to end at any point:
 * a day is replaced as a whole, or not at all.
 *
 * @throws what every other day would meet as well: `GENESYS_AUTH_REJECTED`, `GENESYS_FORBIDDEN`, `STORE_*`, `KMS_*`, `OUT_OF_TIME`.
 */
export async function updateFacts(
  ports: UpdateFactsPorts,
  { from, to, anew = false, onDay = () => undefined }: UpdateFactsOptions,
  budget: Budget,
): Promise<readonly FactsDay[]> {
  const { clock, analytics, store } = ports;
  const yesterday = Math.floor(clock.now() / DAY_MS) * DAY_MS - DAY_MS;
  const last = to ?? yesterday;
  const days: FactsDay[] = [];
  const note = (one: FactsDay) => {
    days.push(one);
    onDay(one);
  };
  let until: number | undefined;
  let isKnown = false;
  for (const at of daysOf(from ?? last - (FACTS_LOOK_BACK_DAYS - 1) * DAY_MS, last)) {
    const day = dayOf(at);
    const stat = await store.head(factsKey(day), budget);
    if (!anew && !isFactsDue(at, stat?.lastModified, clock.now())) {
      note({ day, outcome: 'fresh' });
      continue;
    }
    if (!isKnown) {
      const availability = await analytics.availability(budget);
      until = availability.state === 'known' ? availability.until : undefined;
      isKnown = true;
    }
    if (until !== undefined && until < at + DAY_MS) {
      note({ day, outcome: 'late' });
      continue;
    }
    note(await fetchDay(ports, at, budget));
  }
  return days;
}

async function fetchDay(ports: UpdateFactsPorts, at: number, budget: Budget): Promise<FactsDay> {
  const day = dayOf(at);
  try {
    const facts = await ports.openFacts(day, budget);
    let conversations = 0;
    let until: number | undefined;
    const onAvailability = (known: number) => {
      until = Math.min(until ?? known, known);
    };
    for await (const one of ports.analytics.conversations(
      { day: at, of: 'active', onAvailability },
      budget,
    )) {
      await facts.add(one);
      conversations += 1;
    }
    await facts.finish(until);
    return { day, outcome: 'written', conversations };
  } catch (thrown) {
    const error = toArchiveError(thrown);
    if (budget.signal.aborted || error.code === 'OUT_OF_TIME' || endsTheWork(error)) throw error;
    if (error.code === 'GENESYS_FORBIDDEN' || error.code.startsWith('STORE_')) throw error;
    return { day, outcome: 'failed', error };
  }
}
