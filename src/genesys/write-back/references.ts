import { ArchiveError } from '../../errors.ts';
import { present } from '../../present.ts';
import type { ApiAnswer } from '../api-client.ts';

/** What the writers of references share. */

/** @throws `INTERACTION_NOT_FOUND` (not retryable) for a 404. */
export function ensureFound(
  { status, correlationId, errorCode }: ApiAnswer,
  what: string,
  hint?: string,
): void {
  if (status !== 404) return;
  throw new ArchiveError('INTERACTION_NOT_FOUND', `${what} not found (404)`, {
    details: { status, errorCode, correlationId },
    ...present({ hint }),
  });
}
