import type { Outcome } from '../jobs/kind.ts';

/** What became of one recording that was moved under another key. */
export function rekeyOutcome(
  state: 'done' | 'already' | 'failed',
  { reason, bytes = 0 }: { readonly reason?: string | undefined; readonly bytes?: number | undefined } = {},
): Omit<Outcome, 'index'> {
  if (state !== 'failed') return { state, bytes };
  const told = reason ?? 'this store cannot exchange the wrapped data key';
  return { state, bytes, code: 'WRAP_UNSUPPORTED', reason: told, retryable: false };
}
