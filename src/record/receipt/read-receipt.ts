import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ObjectStore } from '../../ports.ts';
import { MAX_RECEIPT_BYTES, parseReceipt, type SignedReceipt } from './schema.ts';
import { getSmall } from '../small-object.ts';

/**
 * Reads a receipt as it is stored; its signature is the caller’s to check.
 *
 * @param place its key.
 * @returns `undefined` without one.
 * @throws `OBJECT_MALFORMED` (not retryable) when what stands there is no receipt; what the store throws.
 */
export async function readReceipt(
  store: ObjectStore,
  place: string,
  budget: Budget,
): Promise<SignedReceipt | undefined> {
  const text = await getSmall(store, place, MAX_RECEIPT_BYTES, budget);
  return text === undefined ? undefined : parseReceipt(text, place);
}

/**
 * As {@link readReceipt}, and what stands there without being a receipt is a value.
 *
 * @returns `damage` with `OBJECT_MALFORMED`.
 * @throws what the store throws.
 */
export async function lookAtReceipt(
  store: ObjectStore,
  place: string,
  budget: Budget,
): Promise<{ readonly receipt: SignedReceipt | undefined; readonly damage?: ArchiveError }> {
  try {
    return { receipt: await readReceipt(store, place, budget) };
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'OBJECT_MALFORMED') throw error;
    return { receipt: undefined, damage: error };
  }
}
