import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { objectsOfReceipt, receiptKey, receiptPrefix } from './object-key.ts';
import { readReceipt } from './receipt/read-receipt.ts';
import type { ReceiptKeys } from './receipt/keys.ts';
import type { SignedReceipt } from './receipt/schema.ts';
import { checkStoredSignature } from './stored-signature.ts';
import { FIRST_VERSION, splitVersion, successorPrefix, whyNoSuccessor } from './versions.ts';

export interface CurrentVersion {
  readonly key: string;
  readonly version: number;
  /** Of a successor. */
  readonly receipt: SignedReceipt | undefined;
}

/** What a receipt is held to before it makes a successor the current one. */
export interface VersionTrust {
  readonly store: ObjectStore;
  /** Public keys that receipts may be signed with; where any is known, an unsigned receipt makes no successor. */
  readonly keys?: ReceiptKeys | undefined;
}

/**
 * The version of a recording that readers take: the highest one whose receipt is a successor's, of this very key, and signed where
 * public keys are known. An object alone is no successor: every writer of the bucket can put one there. One
 * listing, without successors.
 *
 * @param base the key of the first object.
 * @throws what the store throws.
 */
export async function findCurrentVersion(
  trust: VersionTrust,
  base: string,
  budget: Budget,
): Promise<CurrentVersion> {
  const candidates: { readonly key: string; readonly version: number }[] = [];
  for await (const { key: place } of trust.store.list(receiptPrefix(successorPrefix(base)), budget)) {
    const key = objectsOfReceipt(place).find((object) => splitVersion(object).base === base);
    if (key !== undefined) candidates.push({ key, version: splitVersion(key).version });
  }
  for (const { key, version } of candidates.toSorted((one, other) => other.version - one.version)) {
    const receipt = await readSuccessor(trust, key, budget);
    if (receipt !== undefined) return { key, version, receipt };
  }
  return { key: base, version: FIRST_VERSION, receipt: undefined };
}

/** The receipt that makes the object under `key` a successor; `undefined` when what stands there does not. */
export async function readSuccessor(
  { store, keys }: VersionTrust,
  key: string,
  budget: Budget,
): Promise<SignedReceipt | undefined> {
  const place = receiptKey(key);
  try {
    const receipt = await readReceipt(store, place, budget);
    if (receipt === undefined || receipt.object?.key !== key) return undefined;
    if (whyNoSuccessor(key, receipt) !== undefined) return undefined;
    if (keys === undefined || keys.size === 0) return receipt;
    const verdict = await checkStoredSignature({ store, keys }, receipt, place, budget);
    return verdict === 'valid' ? receipt : undefined;
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_MALFORMED') return undefined;
    throw error;
  }
}
