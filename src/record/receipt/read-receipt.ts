import type { Budget } from '../../clock.ts';
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
