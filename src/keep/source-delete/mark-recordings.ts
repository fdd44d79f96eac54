/**
 * Sets the date on which the platform deletes recordings. Everything is looked at first; then the intention is written down, and holds and
 * the platform's protection are read once more after it: who places a hold looks for intentions afterwards, so that of the two at least one
 * sees the other. Idempotent: a recording whose work was broken off is gone on with.
 */
import type { Budget } from '../../clock.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { noteAct } from '../../record/access-entry.ts';
import { canonicalId } from '../../recording/id.ts';
import type { SourceDates } from '../../ports.ts';
import { type ExaminedItem, examineForDeletion, heldOf, idsOf } from './examine.ts';
import { isSameDay } from './policy.ts';
import type {
  SourceDeleted,
  SourceDeleteItem,
  SourceDeletePorts,
  SourceDeleteRequest,
} from './source-types.ts';
import { DayPlaces, writeStep } from './steps.ts';
import { present } from '../../present.ts';

/** Times that dates are sent again which others changed meanwhile. */
const MAX_CONFLICTS = 3;

interface Allowed {
  readonly examined: ExaminedItem;
  readonly deleteDate: string;
}

/**
 * @param items at most 100.
 * @returns one for each, in their order.
 * @throws as {@link examineForDeletion}, and what keeps the access entry from being written: nothing is changed without.
 */
export async function markRecordings(
  ports: SourceDeletePorts,
  items: readonly SourceDeleteItem[],
  request: SourceDeleteRequest,
  budget: Budget,
): Promise<readonly SourceDeleted[]> {
  const outcomes = new Map<SourceDeleteItem, SourceDeleted>();
  const settle = (item: SourceDeleteItem, outcome: Omit<SourceDeleted, 'item' | 'bytes'>, bytes = 0) =>
    outcomes.set(item, { item, bytes, ...outcome });
  const places = new DayPlaces(ports);
  // what cannot be marked today is not read today
  if (!(await places.hasAny(budget))) return items.map((item) => ({ item, bytes: 0, state: 'capped' }));
  const allowed: Allowed[] = [];
  for (const one of await examineForDeletion(ports, items, request.rules, budget)) {
    if (one.state === 'failed') {
      settle(one.item, { state: 'failed', error: one.error });
      continue;
    }
    const { examined } = one;
    const { verdict, item, heldBy } = examined;
    if (verdict.state === 'allowed') allowed.push({ examined, deleteDate: verdict.deleteDate });
    else if (verdict.state === 'already') settle(item, { state: 'already', deleteDate: verdict.deleteDate });
    else if (verdict.state === 'gone') settle(item, { state: 'gone' });
    else settle(item, { state: 'refused', reasons: verdict.reasons, heldBy });
  }
  const begun = await begin(places, allowed, settle, budget);
  if (begun.length > 0) {
    const recordings = begun.map(({ examined }) => examined.item.recording);
    const { by: who, reason, job: subject } = request;
    await noteAct(ports, { who, action: 'source-delete', subject, recordings, reason }, budget);
  }
  const intended: Allowed[] = [];
  for (const one of begun) {
    await alone(one.examined.item, settle, budget, async () => {
      await writeIntention(ports, one, request, budget);
      intended.push(one);
    });
  }
  for (const one of await withoutHeld(ports, intended, { settle, request }, budget)) {
    const { item, copy } = one.examined;
    await alone(item, settle, budget, async () => {
      const outcome = await setDate(ports, one, request, budget);
      settle(item, outcome, copy.bytes);
    });
  }
  return items.flatMap((item) => outcomes.get(item) ?? []);
}

type Settle = (
  item: SourceDeleteItem,
  outcome: Omit<SourceDeleted, 'item' | 'bytes'>,
  bytes?: number,
) => void;

/** What goes wrong with one recording keeps none of the others back. */
async function alone(
  item: SourceDeleteItem,
  settle: Settle,
  budget: Budget,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (budget.signal.aborted) throw error;
    const { code, message, retryable } = toArchiveError(error);
    settle(item, { state: 'failed', error: { code, message, retryable } });
  }
}

/** Those for which the day has a place. */
async function begin(
  places: DayPlaces,
  allowed: readonly Allowed[],
  settle: Settle,
  budget: Budget,
): Promise<readonly Allowed[]> {
  const begun: Allowed[] = [];
  for (const one of allowed) {
    if (await places.take(budget)) begun.push(one);
    else settle(one.examined.item, { state: 'capped' });
  }
  return begun;
}

async function writeIntention(
  ports: SourceDeletePorts,
  { examined, deleteDate }: Allowed,
  { by, reason, job, rules }: SourceDeleteRequest,
  budget: Budget,
): Promise<void> {
  const { item, copy, history, drill } = examined;
  const step = {
    step: 'marking',
    by,
    reason,
    job,
    deleteDate,
    before: datesBefore(examined),
    verified: {
      objects: copy.files,
      bytes: copy.bytes,
      compared: copy.comparison === 'same',
      context: rules.wantsContext ? 'kept' : 'not-wanted',
      transcript: !rules.wantsTranscript ? 'not-wanted' : copy.transcript === 'none' ? 'none' : 'kept',
      drill: new Date(drill.at ?? 0).toISOString().slice(0, 10),
      unredacted: copy.comparison === 'same' && copy.seesUnredacted === 'yes' ? 'compared' : 'stated',
    },
  } as const;
  await writeStep(ports, item, { n: history.next, step }, budget);
}

/** Dates that are put back when ours is taken back: of one that was begun before, those that it found. */
function datesBefore({ source, history }: ExaminedItem): { deleteDate?: string; archiveDate?: string } {
  const { last } = history;
  const stated = source.state === 'listed' ? source.dates : undefined;
  const isOurs = last?.step === 'marking' && isSameDay(stated?.deleteDate, last.deleteDate);
  const dates: Partial<SourceDates> = (isOurs ? last.before : stated) ?? {};
  return present({ deleteDate: dates.deleteDate, archiveDate: dates.archiveDate });
}

/** Reads holds and protection again, now that the intention stands. */
async function withoutHeld(
  ports: SourceDeletePorts,
  intended: readonly Allowed[],
  { settle, request }: { readonly settle: Settle; readonly request: SourceDeleteRequest },
  budget: Budget,
): Promise<readonly Allowed[]> {
  if (intended.length === 0) return [];
  const items = intended.map(({ examined }) => examined.item);
  const held = await heldOf(ports, items, budget);
  const protection = await ports.source.protectionOf(
    items.map(({ conversation }) => conversation),
    budget,
  );
  const free: Allowed[] = [];
  for (const one of intended) {
    const { item, history } = one.examined;
    const heldBy = held.get(item) ?? [];
    const isFree = protection.get(canonicalId(item.conversation)) === 'none';
    if (heldBy.length === 0 && isFree) {
      free.push(one);
      continue;
    }
    await alone(item, settle, budget, async () => {
      const answer = heldBy.length > 0 ? 'HOLD_STANDS' : 'PROTECTED';
      const step = { step: 'refused', by: request.by, job: request.job, answer } as const;
      await writeStep(ports, item, { n: history.next + 1, step }, budget);
      settle(item, { state: 'refused', reasons: [heldBy.length > 0 ? 'held' : 'protected'], heldBy });
    });
  }
  return free;
}

async function setDate(
  ports: SourceDeletePorts,
  { examined, deleteDate }: Allowed,
  { by, job }: SourceDeleteRequest,
  budget: Budget,
): Promise<Omit<SourceDeleted, 'item' | 'bytes'>> {
  const { item, history } = examined;
  const n = history.next + 1;
  const ids = idsOf(item);
  let { source } = examined;
  for (let attempt = 1; ; attempt += 1) {
    if (source.state === 'gone') return { state: 'gone' };
    if (source.state === 'unknown' || source.fileState !== 'AVAILABLE') {
      return notTaken('the recording changed meanwhile');
    }
    const { archiveDate } = source.dates;
    const change = await ports.source.setDates(ids, { deleteDate, archiveDate }, budget);
    if (change.state === 'refused') {
      await writeStep(
        ports,
        item,
        { n, step: { step: 'refused', by, job, deleteDate, answer: change.code } },
        budget,
      );
      return { state: 'failed', error: { code: change.code, message: change.reason, retryable: false } };
    }
    // what the platform shows counts, and not what it answered
    source = await ports.source.look(ids, budget);
    if (change.state === 'accepted') break;
    if (attempt === MAX_CONFLICTS) {
      return notTaken('others keep changing the recording (409)');
    }
  }
  const shown = source.state === 'listed' ? source.dates.deleteDate : undefined;
  if (!isSameDay(shown, deleteDate)) {
    return notTaken('the platform does not show the date that it accepted');
  }
  const before = datesBefore(examined);
  try {
    await writeStep(ports, item, { n, step: { step: 'marked', by, job, deleteDate, before } }, budget);
  } catch (error) {
    // taken back meanwhile, by someone who may not have seen the date yet
    if (error instanceof ArchiveError && error.code === 'SOURCE_DELETE_RACED') {
      await ports.source.setDates(
        ids,
        { deleteDate: before.deleteDate, archiveDate: before.archiveDate },
        budget,
      );
    }
    throw error;
  }
  return { state: 'marked', deleteDate };
}

function notTaken(message: string): Omit<SourceDeleted, 'item' | 'bytes'> {
  return { state: 'failed', error: { code: 'SOURCE_DELETE_REFUSED', message, retryable: true } };
}
