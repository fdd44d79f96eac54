import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { AnalyzedConversation, ConversationAnalytics } from '../../ports.ts';
import type { RecordingKind } from '../../recording/facts.ts';
import type { ConversationItem } from '../items.ts';
import { expectationOf } from './expected.ts';
import type { PlanCounts } from './plan-counts.ts';
import { DAY_MS, dayOf } from '../../recording/time.ts';
import { present } from '../../present.ts';

/** Takes the facts of a day as they are read, and stores them at its end. */
export interface FactsSink {
  add(conversation: AnalyzedConversation): Promise<void>;
  finish(dataAvailableUntil: number | undefined): Promise<void>;
}

export interface DaysRequest {
  /** Epoch ms of the midnights of the first and the last day, UTC. */
  readonly from: number;
  readonly to: number;
  readonly kinds: ReadonlySet<RecordingKind>;
  readonly analytics: ConversationAnalytics;
  /** Opens what takes the facts of a day; absent where they are not kept. */
  readonly openFacts?: (day: string) => Promise<FactsSink>;
  /** Called as a day is begun, the first with 1: each takes the platform seconds. */
  readonly onDay?: (day: string, number: number, of: number) => void;
  readonly counts: PlanCounts;
  readonly budget: Budget;
}

/**
 * The days of a range, newest first: what was said yesterday is asked for sooner than what was said years ago. UTC days have 24 hours,
 * and changes of the clocks do not matter.
 */
export function daysOf(from: number, to: number): readonly number[] {
  const days: number[] = [];
  for (let day = to; day >= from; day -= DAY_MS) days.push(day);
  return days;
}

/** @throws `USAGE` for a range that ends before it begins, or is not over yet. */
export function requireRange(from: number, to: number, now: number): void {
  const [first, last] = [from, to].map(dayOf);
  if (to < from) {
    throw new ArchiveError('USAGE', `the range ends on ${last}, before it begins on ${first}`, {
      hint: 'exchange --from and --to',
    });
  }
  if (to > now) {
    throw new ArchiveError('USAGE', `${last} is in the future`, {
      hint: 'end the range with a day that is over; days are those of UTC',
    });
  }
}

/** Conversations that may have recordings, by the platform's analytics: one job a day. */
export async function* planDays(request: DaysRequest): AsyncGenerator<ConversationItem, void, undefined> {
  const days = daysOf(request.from, request.to);
  for (const [at, day] of days.entries()) {
    request.onDay?.(dayOf(day), at + 1, days.length);
    yield* planDay(request, day);
  }
}

async function* planDay(
  { analytics, kinds, openFacts, counts, budget }: DaysRequest,
  day: number,
): AsyncGenerator<ConversationItem, void, undefined> {
  const name = dayOf(day);
  const facts = await openFacts?.(name);
  let until: number | undefined;
  const query = {
    day,
    // a day's facts are those of all who spoke on it
    of: facts === undefined ? 'started' : 'active',
    onAvailability: (at: number) => {
      until = until === undefined ? at : Math.min(until, at);
    },
  } as const;
  for await (const conversation of analytics.conversations(query, budget)) {
    await facts?.add(conversation);
    const start = Date.parse(conversation.start);
    if (start < day || start >= day + DAY_MS) continue;
    counts.conversations += 1;
    const expectation = expectationOf(conversation, kinds);
    if (expectation === 'not-recorded') counts.notRecorded += 1;
    else if (expectation === 'still-open') counts.stillOpen += 1;
    else {
      counts.items += 1;
      yield itemOf(conversation);
    }
  }
  await facts?.finish(until);
  if (until === undefined || until < day + DAY_MS) counts.lateDays.push({ day: name, until });
}

function itemOf({ conversationId, start, end }: AnalyzedConversation): ConversationItem {
  const startedAt = Date.parse(start);
  return {
    conversationId,
    startedAt,
    ...present({ endedAt: end === undefined ? undefined : Date.parse(end) }),
  };
}
