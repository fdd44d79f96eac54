import type { ArchiveResult } from '../archive/archive-request.ts';
import { judgeOutcome, planRest } from '../circuit.ts';
import type { ErrorCode } from '../error-codes.ts';
import type { ArchiveError } from '../errors.ts';
import type { Outcome } from '../jobs/kind.ts';

/** An outcome whose place in the list is not known yet. */
export type Settled = Omit<Outcome, 'index'>;

/**
 * What became of an item, from what became of its recordings. One that has to wait has the item wait, for it is tried again as a whole
 * and what is archived is found; one that failed has it fail with its own reason, so that none is forgotten. Pure.
 */
export function outcomeOf(results: readonly ArchiveResult[]): Settled {
  const archived = results.filter((one) => one.state === 'archived');
  const stored = archived.filter((one) => one.stored);
  const bytes = stored.reduce((sum, one) => sum + one.bytes, 0);
  const waiting = results.find((one) => one.state === 'not-ready');
  if (waiting !== undefined) {
    const reason = `${nameIn(waiting.ids)} is not complete yet (${waiting.status})`;
    const isQueued = results.some((one) => one.state === 'not-ready' && one.isQueued === true);
    return {
      state: 'later',
      bytes,
      code: 'MEDIA_NOT_READY',
      reason,
      retryable: true,
      ...(isQueued ? { isPatient: true } : {}),
    };
  }
  const failed = results.find((one) => one.state === 'failed');
  if (failed !== undefined) return { ...failedBy(failed.error, nameIn(failed.ids)), bytes };
  const unsettled = results.find((one) => one.state === 'gone' && !one.settled);
  if (unsettled?.state === 'gone') {
    const { reason, hint, ids } = unsettled;
    const code: ErrorCode = reason === 'forbidden' ? 'GENESYS_FORBIDDEN' : 'MEDIA_NOT_FOUND';
    const why = hint === undefined ? reason : `${reason} (${hint})`;
    // what the platform has moved away, or this client may not see, is available once an administrator has changed that
    const retryable = reason === 'archived' || reason === 'forbidden';
    return { state: 'failed', bytes, code, reason: `${nameIn(ids)}: ${why}`, retryable };
  }
  const settledGone = results.some((one) => one.state === 'gone');
  const isNew = stored.length > 0 || archived.length === 0 || settledGone;
  return { state: isNew ? 'done' : 'already', bytes, results: results.length };
}

/** What a look at a conversation would find that waits for others: said without one. */
export function queuedResult(conversationId: string, status: string): ArchiveResult {
  const ids = { conversationId, recordingId: '' };
  return { state: 'not-ready', ids, status, retryAfterMs: 0, isQueued: true };
}

/** The outcome of an item that failed as a whole. */
export function failedBy({ code, message, retryable }: ArchiveError, name?: string): Settled {
  const reason = name === undefined || message.includes(name) ? message : `${name}: ${message}`;
  return { state: 'failed', bytes: 0, code, reason, retryable };
}

/** Reports whether an error would meet every other item as well, so that going on makes no sense. */
export function endsTheWork(error: ArchiveError): boolean {
  if (error.code === 'INTERRUPTED') return true;
  return judgeOutcome(error) === 'systemic' && planRest(error) !== 'probe';
}

/** While it is not known which recordings there will be, only the conversation has a name. */
function nameIn({ recordingId, conversationId }: { recordingId: string; conversationId: string }): string {
  return recordingId === '' ? `conversation ${conversationId}` : `recording ${recordingId}`;
}
