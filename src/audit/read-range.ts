import { createHash } from 'node:crypto';
import { type Budget, unlimited } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { EnvelopeReader, ObjectStat, ObjectStore, RangeReader, RangeUnsealer } from '../ports.ts';
import { type CheckedPorts, openChecked, type ReceiptStanding } from './open-checked.ts';
import {
  fingerprintOf,
  type LeafCache,
  leavesOfObject,
  leavesOfReceipt,
  type VerifiedLeaves,
} from './verified-leaves.ts';

/** A recording is held to its receipt: see `Checking` for what may be given, and for `unverified`. */
export interface RangePorts extends CheckedPorts {
  readonly reader: EnvelopeReader & RangeReader;
  /** Where the leaves of objects without a trusted receipt are kept, so that such an object is read whole only once. */
  readonly cache?: LeafCache;
}

export interface RangeOptions {
  /** Bytes of the leaves of objects without a trusted receipt; default 64 KiB. A receipt brings its own. */
  readonly leafBytes?: number;
  /**
   * Takes the leaves of receipts without checking who wrote them, when no key to check them with is given. Guards against damage,
   * not against a writer to the store. Default false: the object is then read and authenticated whole, once.
   */
  readonly trustUnsignedReceipts?: boolean;
}

/** Plaintext, inclusive at both ends, as in HTTP; `last` may lie behind the end. */
export interface PlaintextRange {
  readonly first: number;
  readonly last: number;
}

/** A recording that can be played from anywhere. It holds the data key for as long as it is held itself. */
export interface SeekableRecording {
  readonly stat: ObjectStat;
  /** Of plaintext. */
  readonly bytes: number;
  /** Pieces that are compared as one; a read within one piece fetches that piece alone. */
  readonly leafBytes: number;
  /** What the pieces of the object are compared with: its receipt, or what it was when it was read whole. */
  readonly verifiedBy: 'receipt' | 'object';
  /** What the object was compared with when it was opened. */
  readonly receipt: ReceiptStanding;
  /** Sentences for people: what could not be checked, or is not as it was. */
  readonly notes: readonly string[];
  /**
   * Plaintext, released only after the pieces it lies in have been compared. Memory: one leaf.
   *
   * @throws `USAGE` for a range that begins behind the end; `DECRYPT_FAILED` when a piece is not what it was; `STORE_*`.
   */
  read(range: PlaintextRange, budget: Budget): AsyncIterable<Uint8Array>;
}

/** Bytes. Small enough to begin to play at once, and 8 MB of digests for each 8 GiB. */
const DEFAULT_LEAF_BYTES = 64 * 1024;

/**
 * Opens an object for reading parts of it. No part of a GCM message can be authenticated alone, so each is held to digests that
 * are: those of the signed receipt, or those seen while the whole object was authenticated. Only then it is decrypted, in CTR mode.
 *
 * An object whose receipt does not fit is not opened at all. Where neither the receipt nor the object settles the key, as in
 * `static-gcm`, the whole is read once in any case: the leaves are of the ciphertext alone.
 *
 * @throws `OBJECT_NOT_FOUND`, `RECEIPT_MISMATCH`, `OBJECT_MALFORMED`, `DECRYPT_FAILED`, `CONTEXT_MISMATCH` (not retryable),
 *   `STORE_*`, `KMS_*`.
 */
export async function openSeekable(
  ports: RangePorts,
  key: string,
  budget: Budget = unlimited,
  options: RangeOptions = {},
): Promise<SeekableRecording> {
  const { store, reader, cache } = ports;
  const { leafBytes = DEFAULT_LEAF_BYTES, trustUnsignedReceipts: trustUnsigned = false } = options;
  const checked = await openChecked(ports, key, budget, true);
  const { stat, standing, notes, wrap } = checked;
  let instruction: Promise<string | undefined> | undefined;
  const readInstruction = () => (instruction ??= checked.request.readInstruction());
  const unsealer = await reader.unsealRange(stat, { ...checked.request, readInstruction });
  const opened = { store, stat, unsealer, receipt: standing, notes };
  // the leaves cover the ciphertext, and not the key: that has to be the one it was encrypted with
  const isKeyBound = unsealer.keyIsBound || (unsealer.keyIsWrapped && wrap.isProven);
  const stated = isKeyBound ? await leavesOfReceipt(store, checked, trustUnsigned, budget) : undefined;
  if (stated !== undefined) return createSeekable(opened, stated, 'receipt');
  const fingerprint = fingerprintOf(store.location, stat, await instruction);
  let leaves = cache?.get(fingerprint);
  if (leaves === undefined) {
    leaves = await leavesOfObject({ store, reader }, checked, leafBytes, budget);
    cache?.set(fingerprint, leaves);
  }
  return createSeekable(opened, leaves, 'object');
}

/** Part of the library, and stays as it is. */
type ReadRangeArguments = [
  ports: RangePorts,
  key: string,
  range: PlaintextRange,
  budget: Budget,
  options?: RangeOptions,
];

/** One range of one object; who reads several opens it once, with {@link openSeekable}, which also says what is thrown. */
export async function* readRange(
  ...[ports, key, range, budget, options = {}]: ReadRangeArguments
): AsyncGenerator<Uint8Array, void, undefined> {
  const recording = await openSeekable(ports, key, budget, options);
  yield* recording.read(range, budget);
}

interface OpenedObject {
  readonly store: ObjectStore;
  readonly stat: ObjectStat;
  readonly unsealer: RangeUnsealer;
  readonly receipt: ReceiptStanding;
  readonly notes: readonly string[];
}

function createSeekable(
  opened: OpenedObject,
  leaves: VerifiedLeaves,
  verifiedBy: SeekableRecording['verifiedBy'],
): SeekableRecording {
  const { store, stat, unsealer, receipt, notes } = opened;
  const bytes = unsealer.plaintextBytes;
  async function* read({ first, last }: PlaintextRange, budget: Budget) {
    requireRange(first, last, bytes);
    const { leafBytes } = leaves;
    const end = Math.min(last + 1, bytes);
    const firstLeaf = Math.floor(first / leafBytes);
    // whole leaves: the last one also holds the tag, which is compared and never decrypted
    const lastByte = Math.min(Math.ceil(end / leafBytes) * leafBytes, stat.size) - 1;
    const { body } = await store.get(stat.key, budget, { first: firstLeaf * leafBytes, last: lastByte });
    for await (const leaf of cutVerified(body, leaves, { firstLeaf, lastByte, key: stat.key })) {
      const from = Math.max(first, leaf.offset);
      const to = Math.min(end, leaf.offset + leaf.bytes.length);
      yield unsealer.decryptAt(from, leaf.bytes.subarray(from - leaf.offset, to - leaf.offset));
    }
  }
  return { stat, bytes, leafBytes: leaves.leafBytes, verifiedBy, receipt, notes, read };
}

/** The leaves of a body that begins with `firstLeaf` and ends with `lastByte`, each compared before it is passed on. */
async function* cutVerified(
  body: AsyncIterable<Uint8Array>,
  { leafBytes, digests }: VerifiedLeaves,
  {
    firstLeaf,
    lastByte,
    key,
  }: { readonly firstLeaf: number; readonly lastByte: number; readonly key: string },
): AsyncGenerator<{ readonly offset: number; readonly bytes: Uint8Array }, void, undefined> {
  let at = firstLeaf;
  let held: Uint8Array[] = [];
  let fill = 0;
  const lengthOf = (leaf: number) => Math.min(leafBytes, lastByte + 1 - leaf * leafBytes);
  for await (const chunk of body) {
    for (let taken = 0; taken < chunk.length; ) {
      // more bytes than were asked for
      if (lengthOf(at) <= 0) throw changed(key);
      const piece = chunk.subarray(taken, taken + lengthOf(at) - fill);
      held.push(piece);
      fill += piece.length;
      taken += piece.length;
      if (fill < lengthOf(at)) continue;
      const bytes = Buffer.concat(held);
      if (createHash('sha256').update(bytes).digest('hex') !== digests[at]) throw changed(key);
      yield { offset: at * leafBytes, bytes };
      at += 1;
      held = [];
      fill = 0;
    }
  }
  // a piece that has begun and not ended is not counted yet
  if (at * leafBytes <= lastByte) {
    throw new ArchiveError('STORE_UNAVAILABLE', `${key}: the object ended early while it was read`);
  }
}

function requireRange(first: number, last: number, bytes: number): void {
  const valid = Number.isSafeInteger(first) && Number.isSafeInteger(last) && first >= 0 && last >= first;
  if (!valid || first >= bytes) {
    throw new ArchiveError('USAGE', `bytes ${first} to ${last} are not within a recording of ${bytes}`);
  }
}

function changed(key: string): ArchiveError {
  return new ArchiveError(
    'DECRYPT_FAILED',
    `${key}: a piece of the object is not what it was when the whole was authenticated`,
  );
}
