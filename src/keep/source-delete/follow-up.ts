/** What becomes of recordings whose date was set: what is gone is noted, and what is not yet can be taken back. */
import type { Budget } from '../../clock.ts';
import { toArchiveError } from '../../errors.ts';
import { noteAct } from '../../record/access-entry.ts';
import { listSourceHistories, type SourceHistory } from '../../record/read-source-deletion.ts';
import { isByUs, SOURCE_DELETION_PREFIX, type SourceDeletion } from '../../record/source-deletion.ts';
import { idsOf } from './examine.ts';
import { isSameDay } from './policy.ts';
import type { SourceDeleteItem, SourceDeletePorts } from './source-types.ts';
import { writeStep } from './steps.ts';

export type FollowPorts = Pick<SourceDeletePorts, 'store' | 'keys' | 'signer' | 'clock' | 'source'>;

/** Where one recording stands. */
export interface FollowedDeletion {
  readonly last: SourceDeletion;
  /**
   * `waiting`: the date stands, and has not come. `left`: it stands although it was taken back. `begun`: what was begun was not finished; the platform shows no date of ours.
   * `overdue`: the date has come, and the platform still has it. `gone`: it has it no more. `removed`: someone else took the date away, or
   * changed it. `taken-back`, `refused`: nothing is set by us. `elsewhere`: it is gone, and not because of us. `unknown`: the platform does
   * not say.
   */
  readonly state:
    | 'waiting'
    | 'left'
    | 'begun'
    | 'overdue'
    | 'gone'
    | 'removed'
    | 'taken-back'
    | 'refused'
    | 'elsewhere'
    | 'unknown';
  /** Noted by this look. */
  readonly isNew: boolean;
  readonly reason?: string;
  /** Objects in the place of its steps that say nothing. */
  readonly doubtful: readonly string[];
}

/** All recordings with steps, day by day. @throws `STORE_*`. */
export async function* listSourceDeletions(
  ports: Pick<FollowPorts, 'store' | 'keys'>,
  budget: Budget,
): AsyncGenerator<SourceHistory & { readonly last: SourceDeletion }, void, undefined> {
  for await (const history of listSourceHistories(ports, SOURCE_DELETION_PREFIX, budget)) {
    const { last } = history;
    if (last !== undefined) yield { ...history, last };
  }
}

/**
 * Asks the platform about one, and notes that it is gone. Sets no date, and takes none back.
 *
 * @throws `STORE_*`, `GENESYS_*` of what concerns all.
 */
export async function followDeletion(
  ports: FollowPorts,
  { last, next, doubtful }: SourceHistory & { readonly last: SourceDeletion },
  by: string,
  budget: Budget,
): Promise<FollowedDeletion> {
  const told = (state: FollowedDeletion['state'], isNew = false) => ({ last, state, isNew, doubtful });
  if (last.step === 'gone') return told('gone');
  const isOver = last.step === 'cancelled' || last.step === 'refused';
  const over = last.step === 'cancelled' ? 'taken-back' : 'refused';
  if (isOver && !isPending(last, ports.clock.now())) return told(over);
  const item = itemOf(last);
  const source = await ports.source.look(idsOf(item), budget);
  if (source.state === 'unknown') return { ...told('unknown'), reason: source.reason };
  const now = ports.clock.now();
  if (source.state === 'gone') {
    if (!isByUs(last, now)) return told('elsewhere');
    const { answer } = source;
    const step = { step: 'gone', by, job: last.job, deleteDate: last.deleteDate, answer } as const;
    await writeStep(ports, item, { n: next, step }, budget);
    return told('gone', true);
  }
  const isOurs = isSameDay(source.dates.deleteDate, last.deleteDate);
  if (last.step === 'marking' && isOurs) {
    const { job, deleteDate, before } = last;
    const step = { step: 'marked', by, job, deleteDate, before } as const;
    await writeStep(ports, item, { n: next, step }, budget);
  }
  if (isOver) return told(isOurs ? 'left' : over);
  if (!isOurs) return told(last.step === 'marked' ? 'removed' : 'begun');
  return told(Date.parse(last.deleteDate ?? '') <= now ? 'overdue' : 'waiting');
}

export interface TakenBack {
  readonly last: SourceDeletion;
  /** `late`: the platform has it no more. */
  readonly state: 'taken-back' | 'late' | 'failed';
  readonly error?: { readonly code: string; readonly message: string };
}

/** Reports whether a date of ours may still stand at the platform. One that was taken back can have been set by a runner that came late. */
export function isPending({ step, deleteDate }: SourceDeletion, now: number): boolean {
  if (step === 'gone' || deleteDate === undefined) return false;
  return (step !== 'cancelled' && step !== 'refused') || Date.parse(deleteDate) > now;
}

/**
 * Takes dates back that have not come. The access entry comes first.
 *
 * @param histories at most 1,000, of which {@link isPending} is true.
 * @throws what keeps the access entry from being written.
 */
export async function takeBack(
  ports: FollowPorts,
  histories: readonly (SourceHistory & { readonly last: SourceDeletion })[],
  { by, reason }: { readonly by: string; readonly reason: string | undefined },
  budget: Budget,
): Promise<readonly TakenBack[]> {
  if (histories.length === 0) return [];
  const recordings = histories.map(({ last }) => last.ids.recording);
  const act = { who: by, action: 'source-delete', query: 'take back', recordings, reason } as const;
  await noteAct(ports, act, budget);
  const done: TakenBack[] = [];
  for (const history of histories) {
    try {
      done.push(await takeOneBack(ports, history, { by, reason }, budget));
    } catch (error) {
      if (budget.signal.aborted) throw error;
      const { code, message } = toArchiveError(error);
      done.push({ last: history.last, state: 'failed', error: { code, message } });
    }
  }
  return done;
}

/** Times that dates are sent again which others changed meanwhile. */
const MAX_CONFLICTS = 3;

async function takeOneBack(
  ports: FollowPorts,
  { last, next }: SourceHistory & { readonly last: SourceDeletion },
  { by, reason }: { readonly by: string; readonly reason: string | undefined },
  budget: Budget,
): Promise<TakenBack> {
  const item = itemOf(last);
  const ids = idsOf(item);
  const { deleteDate, before, job } = last;
  let source = await ports.source.look(ids, budget);
  const isOver = last.step === 'cancelled' || last.step === 'refused';
  const isOurs = source.state === 'listed' && isSameDay(source.dates.deleteDate, deleteDate);
  const keep = { by, reason, job, deleteDate, before } as const;
  if (isOver && !isOurs) {
    // nothing stands there; the plans that are made by now must not set it either
    await writeStep(ports, item, { n: next, step: { step: 'cancelled', ...keep } }, budget);
    return { last, state: 'taken-back' };
  }
  await writeStep(ports, item, { n: next, step: { step: 'cancelling', ...keep } }, budget);
  for (let attempt = 1; ; attempt += 1) {
    source = await ports.source.look(ids, budget);
    if (source.state === 'gone') {
      if (isByUs(last, ports.clock.now())) {
        const step = { step: 'gone', by, job, deleteDate, answer: source.answer } as const;
        await writeStep(ports, item, { n: next + 1, step }, budget);
      }
      return { last, state: 'late' };
    }
    if (source.state === 'unknown')
      return { last, state: 'failed', error: { code: source.code, message: source.reason } };
    if (!isSameDay(source.dates.deleteDate, deleteDate)) break;
    if (attempt > MAX_CONFLICTS) {
      const message = 'the platform still shows the date';
      return { last, state: 'failed', error: { code: 'SOURCE_DELETE_REFUSED', message } };
    }
    const dates = { deleteDate: before?.deleteDate, archiveDate: source.dates.archiveDate };
    const change = await ports.source.setDates(ids, dates, budget);
    if (change.state === 'refused')
      return { last, state: 'failed', error: { code: change.code, message: change.reason } };
  }
  await writeStep(ports, item, { n: next + 1, step: { step: 'cancelled', ...keep } }, budget);
  return { last, state: 'taken-back' };
}

function itemOf({ ids, day }: SourceDeletion): SourceDeleteItem {
  return { recording: ids.recording, conversation: ids.conversation, day, keys: [] };
}
