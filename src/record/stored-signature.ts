import type { Budget } from '../clock.ts';
import type { ObjectStore } from '../ports.ts';
import { limitsOf, type ReceiptKeys } from './receipt/keys.ts';
import { checkSignature, type SignatureVerdict, type SignedStatement } from './receipt/receipt.ts';

/**
 * Checks the signature of a statement as {@link checkSignature} does, and asks the store when it got it where the key is limited
 * by that.
 *
 * @param place key of the statement.
 */
export async function checkStoredSignature(
  { store, keys }: { readonly store: ObjectStore; readonly keys: ReceiptKeys },
  statement: SignedStatement,
  place: string,
  budget: Budget,
): Promise<SignatureVerdict> {
  const verdict = checkSignature(statement, keys);
  const { storedBy } = limitsOf(keys.get(statement.signature?.keyId ?? ''));
  if (verdict !== 'valid' || storedBy === undefined) return verdict;
  const stat = await store.head(place, budget);
  return stat !== undefined && stat.lastModified <= storedBy ? 'valid' : 'stored-too-late';
}
