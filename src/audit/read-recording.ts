import { createHash } from 'node:crypto';
import { type Budget, unlimited } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { EnvelopeReader, ObjectStat, Unsealer } from '../ports.ts';
import {
  type CheckedObject,
  type CheckedPorts,
  openChecked,
  type ReceiptStanding,
  requireUnchanged,
} from './open-checked.ts';
import { compareDigests, leafBytesOf } from './verify-body.ts';
import { LeafHasher } from '../record/leaf-hasher.ts';
import { readLeaves } from '../record/leaf-list.ts';

/** A recording is held to its receipt: see `Checking` for what may be given, and for `unverified`. */
export interface ReadPorts extends CheckedPorts {
  readonly reader: EnvelopeReader;
}

/** Takes a decrypted recording in, out of sight until it has proved to be whole and unchanged. */
export interface RestoreTarget {
  write(chunk: Uint8Array): Promise<void>;
  /** Makes what was written visible. Called once, after authentication. */
  commit(): Promise<void>;
  /** Destroys what was written. */
  abandon(): Promise<void>;
}

export interface ReadOutcome {
  readonly stat: ObjectStat;
  /** Plaintext. */
  readonly bytes: number;
  /** Hex digest of the plaintext. */
  readonly sha256: string;
  /** What it was compared with. */
  readonly receipt: ReceiptStanding;
  /** Sentences for people: what could not be checked, or is not as it was. */
  readonly notes: readonly string[];
}

/**
 * Decrypts one object into `target`, which is committed only after the authentication tag has verified and the plaintext is the one
 * that its receipt states, and abandoned in every other case. An object whose receipt does not fit is not opened at all.
 *
 * @throws `OBJECT_NOT_FOUND`, `RECEIPT_MISMATCH`, `OBJECT_MALFORMED`, `DECRYPT_FAILED`, `CONTEXT_MISMATCH` (not retryable),
 *   `STORE_*`, `KMS_*`.
 */
export async function restoreRecording(
  ports: ReadPorts,
  key: string,
  target: RestoreTarget,
  budget: Budget = unlimited,
): Promise<ReadOutcome> {
  let checked: CheckedObject;
  try {
    checked = await openChecked(ports, key, budget);
  } catch (error) {
    await target.abandon();
    throw error;
  }
  return restoreChecked(ports, checked, target, budget);
}

/** Decrypts an object that was opened, as {@link restoreRecording} does. */
export async function restoreChecked(
  ports: Pick<ReadPorts, 'store' | 'reader'>,
  checked: CheckedObject,
  target: RestoreTarget,
  budget: Budget,
): Promise<ReadOutcome> {
  try {
    const outcome = await drain(decryptChecked(ports, checked, budget), (chunk) => target.write(chunk));
    await target.commit();
    return outcome;
  } catch (error) {
    await target.abandon();
    throw error;
  }
}

/** Reads and authenticates one object, and keeps nothing. Throws as {@link restoreRecording}. */
export async function verifyRecording(
  ports: ReadPorts,
  key: string,
  budget: Budget = unlimited,
): Promise<ReadOutcome> {
  return readChecked(ports, await openChecked(ports, key, budget), budget);
}

/** Reads and authenticates an object that was opened, and keeps nothing. Throws as {@link restoreRecording}. */
export async function readChecked(
  ports: Pick<ReadPorts, 'store' | 'reader'>,
  checked: CheckedObject,
  budget: Budget,
  onCiphertext?: (chunk: Uint8Array) => void,
): Promise<ReadOutcome> {
  return drain(decryptChecked(ports, checked, budget, onCiphertext), undefined);
}

async function drain(
  decryption: AsyncGenerator<Uint8Array, ReadOutcome, undefined>,
  write: ((chunk: Uint8Array) => Promise<void>) | undefined,
): Promise<ReadOutcome> {
  try {
    for (;;) {
      const next = await decryption.next();
      if (next.done === true) return next.value;
      await write?.(next.value);
    }
  } catch (error) {
    // a target that fails ends the reading, and with it the connection the body comes over
    await decryption.return(undefined as never).catch(() => {});
    throw error;
  }
}

/**
 * Decrypts an object that was opened. What it yields is UNVERIFIED until it returns, which it does once the tag has verified and the
 * content is what the receipt states.
 *
 * @param onCiphertext sees every chunk of the body.
 */
export async function* decryptChecked(
  { store, reader }: Pick<ReadPorts, 'store' | 'reader'>,
  checked: CheckedObject,
  budget: Budget,
  onCiphertext?: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array, ReadOutcome, undefined> {
  const { key } = checked.stat;
  const body = await prepareBody(store, checked, budget);
  const opened = await store.get(key, budget);
  const { stat } = opened;
  let unsealer: Unsealer | undefined;
  // Only once the body is being iterated: a refusal then ends the iteration, and with it the connection the body comes over.
  const open = async () => {
    if (unsealer === undefined) requireUnchanged(checked.stat, stat);
    unsealer ??= await reader.unseal(stat, checked.request);
    return unsealer;
  };
  const digest = createHash('sha256');
  let received = 0;
  let bytes = 0;
  const count = (plaintext: Uint8Array) => {
    bytes += plaintext.byteLength;
    digest.update(plaintext);
    return plaintext;
  };
  for await (const chunk of opened.body) {
    received += chunk.byteLength;
    body.update(chunk);
    onCiphertext?.(chunk);
    const plaintext = count((await open()).update(chunk));
    if (plaintext.byteLength > 0) yield plaintext;
  }
  if (received !== stat.size) {
    throw new ArchiveError('STORE_UNAVAILABLE', `${key}: ${received} of ${stat.size} bytes arrived`);
  }
  const rest = count((await open()).final());
  if (rest.byteLength > 0) yield rest;
  const sha256 = digest.digest('hex');
  const differs = whyDiffers(checked, bytes, sha256) ?? body.whyDiffers();
  if (differs === undefined) return { stat, bytes, sha256, receipt: checked.standing, notes: checked.notes };
  if (!checked.isWaived) throw new ArchiveError('RECEIPT_MISMATCH', `${key}: ${differs}`);
  return {
    stat,
    bytes,
    sha256,
    receipt: 'unverified',
    notes: [...checked.notes, `not verified: ${differs}`],
  };
}

function whyDiffers({ receipt }: CheckedObject, bytes: number, sha256: string): string | undefined {
  const stated = receipt?.plaintext;
  const isSame = stated === undefined || (stated.bytes === bytes && stated.sha256 === sha256);
  return isSame ? undefined : 'the object decrypts to something else than its receipt states';
}

/** Where the receipt does not state the plaintext, what it states of the ciphertext has to do. */
async function prepareBody(
  store: ReadPorts['store'],
  { stat, receipt }: CheckedObject,
  budget: Budget,
): Promise<{ update(chunk: Uint8Array): void; whyDiffers(): string | undefined }> {
  if (receipt?.ciphertext === undefined || receipt.plaintext !== undefined) {
    return { update: () => {}, whyDiffers: () => undefined };
  }
  const leaves = await readLeaves(store, stat.key, receipt.ciphertext, budget);
  const hasher = LeafHasher.full(leafBytesOf(stat, receipt));
  return {
    update: (chunk) => hasher.update(chunk),
    whyDiffers: () => compareDigests(stat, hasher.finish(), receipt, leaves)[0]?.message,
  };
}
