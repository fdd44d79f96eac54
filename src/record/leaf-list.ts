/** Where the leaf hashes of an object stand: in its receipt, or, when there are many, in an object beside it (`docs/format.md`). */
import { createHash } from 'node:crypto';
import type { Budget } from '../clock.ts';
import { ArchiveError, type ErrorCode } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { present } from '../present.ts';
import type { LeafDigests } from './leaf-hasher.ts';
import { receiptKey } from './object-key.ts';
import type { CiphertextFacts } from './receipt/schema.ts';
import type { ReceiptSigner } from './receipt/receipt.ts';
import { getSmall, putSmall } from './small-object.ts';

/** 5 GiB in leaves of 5 MiB. More of them would make a receipt of over 70 KB out of one of 2, and receipts are read by the thousand. */
export const MAX_INLINE_LEAVES = 1024;

/**
 * The same for a signer that takes short messages only: 80 MiB in leaves of 5 MiB. They take 1,072 bytes of the 4,096 that AWS KMS
 * signs, and the rest of a receipt 3,000 at most in any layout that is in use.
 */
export const MAX_INLINE_LEAVES_OF_SHORT_MESSAGES = 16;

/** Bytes; 13,108 lines of 65, the most that 64 GiB in leaves of 5 MiB have, are 852,020. */
const MAX_LEAF_LIST_BYTES = 1024 * 1024;

/**
 * `receipts/YYYY/MM/DD/_{recordingId}[.{channel}].leaves`. Below the receipts, so that one permission covers
 * both; the underscore keeps Athena, which reads every file of a folder, from taking it for a receipt.
 */
export function leavesKey(objectKey: string): string {
  return receiptKey(objectKey).replace(/([^/]*)\.json$/, '_$1.leaves');
}

interface LeafListPorts {
  readonly store: ObjectStore;
  /** Of the receipt; without one, there is no limit to its length. */
  readonly signer?: Pick<ReceiptSigner, 'maxMessageBytes'> | undefined;
}

/**
 * What a receipt states of the ciphertext. A long list of leaves is stored beside it first: a receipt never refers to something
 * that is not there yet.
 */
export async function stateCiphertext(
  { store, signer }: LeafListPorts,
  objectKey: string,
  { bytes, sha256, leafBytes, leaves }: LeafDigests<Buffer | undefined>,
  budget: Budget,
): Promise<CiphertextFacts> {
  const whole = { bytes, ...present({ sha256: sha256?.toString('hex') }) };
  const digests = leaves.map((leaf) => leaf.toString('hex'));
  const signsAll = signer?.maxMessageBytes === undefined;
  if (digests.length <= (signsAll ? MAX_INLINE_LEAVES : MAX_INLINE_LEAVES_OF_SHORT_MESSAGES))
    return { ...whole, leafBytes, leaves: digests };
  const list = Buffer.from(digests.map((digest) => `${digest}\n`).join(''));
  const key = leavesKey(objectKey);
  const isOurs =
    (await putSmall(store, key, list, budget)) === 'stored' ||
    (await readList(store, key, budget, ['OBJECT_MALFORMED', 'STORE_DENIED'])) === list.toString();
  // what is too long to be signed leaf by leaf is signed by the hash of its list, even where another list stands: `verify` finds it
  if (isOurs || (!signsAll && sha256 === undefined))
    return { ...whole, leafBytes, leavesSha256: sha256Of(list) };
  // another list stands there, of an object that is no more, or none that may be read
  return sha256 === undefined ? { ...whole, leafBytes, leaves: digests } : whole;
}

/**
 * The leaf hashes that a receipt states, hex; `undefined` when it states none, `damaged` when they stand in a list of their own that
 * is missing or is not the one it states.
 */
export async function readLeaves(
  store: ObjectStore,
  objectKey: string,
  { leaves, leavesSha256 }: CiphertextFacts,
  budget: Budget,
): Promise<readonly string[] | 'damaged' | undefined> {
  if (leavesSha256 === undefined) return leaves;
  const list = await readList(store, leavesKey(objectKey), budget);
  if (list === undefined || sha256Of(list) !== leavesSha256) return 'damaged';
  return list.split('\n').slice(0, -1);
}

/** @param asNone what counts as no list. */
async function readList(
  store: ObjectStore,
  key: string,
  budget: Budget,
  asNone: readonly ErrorCode[] = ['OBJECT_MALFORMED'],
): Promise<string | undefined> {
  try {
    return await getSmall(store, key, MAX_LEAF_LIST_BYTES, budget);
  } catch (error) {
    if (error instanceof ArchiveError && asNone.includes(error.code)) return undefined;
    throw error;
  }
}

function sha256Of(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
