import { createHash } from 'node:crypto';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { EnvelopeReader, ObjectStat, ObjectStore, UnsealRequest } from '../ports.ts';
import { canonicalJson } from './canonical-json.ts';
import { hashMetadata } from './identity.ts';
import { LeafHasher } from './leaf-hasher.ts';
import { identifyKey } from './layout.ts';
import { readLeaves } from './leaf-list.ts';
import { receiptKey } from './object-key.ts';
import type { ReceiptKeys } from './receipt-keys.ts';
import { LARGEST_RECEIPT, parseReceipt, type SignedReceipt } from './receipt-schema.ts';
import { getSmall } from './small-object.ts';
import { checkStoredSignature } from './stored-signature.ts';

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
const LARGEST_LEAF = 64 * 1024 * 1024;

export interface ReceiptTrust {
  /** Public keys by their `signingKeyId`; none means that no signature can be checked. */
  readonly keys: ReceiptKeys | undefined;
  /** Accepts a receipt whose signature nobody checks: whoever can write to the store can then change both, unnoticed. */
  readonly trustUnsigned: boolean;
}

/**
 * The leaves an object's receipt states, when that receipt can be trusted, was written by whoever encrypted the object, and speaks
 * of it as it is: same key and length, same metadata (a rewrapped object has others). `undefined` otherwise, whatever the reason: the object can still be read whole.
 *
 * @throws what the store throws.
 */
export async function leavesOfReceipt(
  store: ObjectStore,
  stat: ObjectStat,
  trust: ReceiptTrust,
  budget: Budget,
): Promise<VerifiedLeaves | undefined> {
  const receipt = await readTrusted(store, stat.key, trust, budget);
  const { bytes, leafBytes } = receipt?.ciphertext ?? {};
  if (receipt?.ciphertext === undefined || leafBytes === undefined) return undefined;
  const leaves = await readLeaves(store, stat.key, receipt.ciphertext, budget);
  if (leaves === undefined || leaves === 'damaged') return undefined;
  const named = identifyKey(stat.key);
  const fits =
    // an adopting receipt states what stood there, and not that it was ever authenticated
    receipt.kind === 'archived' &&
    receipt.object?.key === stat.key &&
    receipt.ids.recording === named?.recordingId &&
    receipt.envelope?.metadataSha256 === hashMetadata(stat) &&
    bytes === stat.size &&
    leafBytes <= LARGEST_LEAF &&
    leaves.length === Math.max(1, Math.ceil(stat.size / leafBytes));
  return fits ? { leafBytes, digests: leaves } : undefined;
}

async function readTrusted(
  store: ObjectStore,
  key: string,
  { keys, trustUnsigned }: ReceiptTrust,
  budget: Budget,
): Promise<SignedReceipt | undefined> {
  const canCheck = keys !== undefined && keys.size > 0;
  if ((!canCheck && !trustUnsigned) || identifyKey(key) === undefined) return undefined;
  const place = receiptKey(key);
  try {
    const text = await getSmall(store, place, LARGEST_RECEIPT, budget);
    const receipt = text === undefined ? undefined : parseReceipt(text, place);
    if (receipt === undefined || !canCheck) return receipt;
    const verdict = await checkStoredSignature({ store, keys }, receipt, place, budget);
    return verdict === 'valid' ? receipt : undefined;
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_MALFORMED') return undefined;
    throw error;
  }
}

/**
 * Reads the whole object once, authenticates it, and keeps the digests of its pieces.
 *
 * @throws as `verifyRecording`.
 */
export async function leavesOfObject(
  { store, reader }: { readonly store: ObjectStore; readonly reader: EnvelopeReader },
  expected: ObjectStat,
  request: UnsealRequest,
  leafBytes: number,
  budget: Budget,
): Promise<VerifiedLeaves> {
  const { stat, body } = await store.get(expected.key, budget);
  if (stat.size !== expected.size || canonicalJson(stat.metadata) !== canonicalJson(expected.metadata)) {
    throw new ArchiveError('STORE_UNAVAILABLE', `${expected.key} was replaced while it was opened`);
  }
  const unsealer = await reader.unseal(stat, request);
  const hasher = LeafHasher.full(leafBytes);
  let received = 0;
  for await (const chunk of body) {
    received += chunk.byteLength;
    hasher.update(chunk);
    unsealer.update(chunk);
  }
  if (received !== stat.size) {
    throw new ArchiveError('STORE_UNAVAILABLE', `${stat.key}: ${received} of ${stat.size} bytes arrived`);
  }
  unsealer.final();
  return { leafBytes, digests: hasher.finish().leaves.map((leaf) => leaf.toString('hex')) };
}
