import { createHash } from 'node:crypto';
import type { Budget } from '../clock.ts';
import type { EnvelopeReader, ObjectStat, ObjectStore } from '../ports.ts';
import { canonicalJson } from '../record/canonical-json.ts';
import { LeafHasher } from '../record/leaf-hasher.ts';
import { readLeaves } from '../record/leaf-list.ts';
import type { CheckedObject } from './open-checked.ts';
import { readChecked } from './read-recording.ts';
import type { SignedReceipt } from '../record/receipt/schema.ts';

/** Digests of all pieces of an object's body (ciphertext and tag), from a source that vouches for them. */
export interface VerifiedLeaves {
  readonly leafBytes: number;
  /** Hex SHA-256 of bytes `i · leafBytes` up to `(i + 1) · leafBytes`. */
  readonly digests: readonly string[];
}

/** Leaves of objects that were read and authenticated as a whole, so that this is done once. */
export interface LeafCache {
  get(fingerprint: string): VerifiedLeaves | undefined;
  set(fingerprint: string, leaves: VerifiedLeaves): void;
}

/** Digests (64 characters each) kept at most; the objects that were used longest ago are forgotten first. About 25 MB. */
const CACHED_DIGESTS = 200_000;

/**
 * Keeps the digests of objects that were read whole, in the memory of this process.
 *
 * @param mostDigests digests kept at most, 64 characters each; default 200,000, about 25 MB.
 */
export function createLeafCache(mostDigests: number = CACHED_DIGESTS): LeafCache {
  const entries = new Map<string, VerifiedLeaves>();
  let held = 0;
  const forget = (fingerprint: string) => {
    held -= entries.get(fingerprint)?.digests.length ?? 0;
    entries.delete(fingerprint);
  };
  return {
    get(fingerprint) {
      const leaves = entries.get(fingerprint);
      if (leaves !== undefined) {
        entries.delete(fingerprint);
        entries.set(fingerprint, leaves);
      }
      return leaves;
    },
    set(fingerprint, leaves) {
      forget(fingerprint);
      entries.set(fingerprint, leaves);
      held += leaves.digests.length;
      for (const oldest of entries.keys()) {
        if (held <= mostDigests || oldest === fingerprint) break;
        forget(oldest);
      }
    },
  };
}

/** What, besides the ciphertext, decides what an object decrypts to. */
export function fingerprintOf(location: string, stat: ObjectStat, instruction: string | undefined): string {
  const { key, size, metadata } = stat;
  return createHash('sha256')
    .update(canonicalJson({ location, key, size, metadata, instruction }))
    .digest('hex');
}

/** Bytes: a leaf is held in memory until it has been compared. Receipts with larger ones are not used. */
const MAX_LEAF_BYTES = 64 * 1024 * 1024;

/**
 * Returns the leaves that the receipt of an object states, when they cover it and come from the encrypting writer. Returns
 * `undefined` in every other case: the object can still be read whole.
 *
 * @param trustUnsigned takes them from a receipt whose signature is not checked: a writer to the store can then change both,
 *   unnoticed.
 * @throws what the store throws.
 */
export async function leavesOfReceipt(
  store: ObjectStore,
  { stat, receipt, standing }: CheckedObject,
  trustUnsigned: boolean,
  budget: Budget,
): Promise<VerifiedLeaves | undefined> {
  const isTrusted = standing === 'signed' || (standing === 'unsigned' && trustUnsigned);
  const { bytes, leafBytes } = receipt?.ciphertext ?? {};
  // an adopting receipt states what stood there, and not that it was ever authenticated
  if (!isTrusted || receipt?.ciphertext === undefined || !isAuthenticated(receipt)) return undefined;
  // it is no evidence of what it does not name
  if (leafBytes === undefined || receipt.envelope === undefined || receipt.object === undefined) {
    return undefined;
  }
  const leaves = await readLeaves(store, stat.key, receipt.ciphertext, budget);
  if (leaves === undefined || leaves === 'damaged') return undefined;
  const fits =
    bytes === stat.size &&
    leafBytes <= MAX_LEAF_BYTES &&
    leaves.length === Math.max(1, Math.ceil(stat.size / leafBytes));
  return fits ? { leafBytes, digests: leaves } : undefined;
}

/** Reports whether the leaves are of bytes that were encrypted, or decrypted, by who states them. */
function isAuthenticated({ kind, completion }: SignedReceipt): boolean {
  return kind === 'archived' || completion?.plaintext === 'decrypted';
}

/**
 * Reads the whole object once, authenticates it, compares it with its receipt, and keeps the digests of its pieces.
 *
 * @throws as `verifyRecording`.
 */
export async function leavesOfObject(
  { store, reader }: { readonly store: ObjectStore; readonly reader: EnvelopeReader },
  checked: CheckedObject,
  leafBytes: number,
  budget: Budget,
): Promise<VerifiedLeaves> {
  const hasher = LeafHasher.full(leafBytes);
  await readChecked({ store, reader }, checked, budget, (chunk) => hasher.update(chunk));
  return { leafBytes, digests: hasher.finish().leaves.map((leaf) => leaf.toString('hex')) };
}
