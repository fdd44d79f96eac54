import type { Budget } from '../clock.ts';
import type { ObjectStore } from '../ports.ts';
import { limitsOf, type ReceiptKeys } from './receipt-keys.ts';
import type { SignedReceipt } from './receipt-schema.ts';
import { checkSignature, type SignatureVerdict } from './receipt.ts';

/**
 * Checks the signature of a receipt as {@link checkSignature} does, and asks the store when it got the receipt where the key is limited
 * by that.
 *
 * @param place key of the receipt.
 */
export async function checkStoredSignature(
  { store, keys }: { readonly store: ObjectStore; readonly keys: ReceiptKeys },
  receipt: SignedReceipt,
  place: string,
  budget: Budget,
): Promise<SignatureVerdict> {
  const verdict = checkSignature(receipt, keys);
  const { storedBy } = limitsOf(keys.get(receipt.signature?.keyId ?? ''));
  if (verdict !== 'valid' || storedBy === undefined) return verdict;
  const stat = await store.head(place, budget);
  return stat !== undefined && stat.lastModified <= storedBy ? 'valid' : 'stored-too-late';
}
