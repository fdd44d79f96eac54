import { createHash } from 'node:crypto';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { EnvelopeReader, ObjectStat, ObjectStore, Unsealer } from '../ports.ts';
import { readInstruction } from './instruction-file.ts';
import { identifyKey } from './layout.ts';

export interface ReadPorts {
  readonly store: ObjectStore;
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
}

/**
 * Decrypts one object into `target`, which is committed only after the authentication tag has verified and abandoned in every
 * other case.
 *
 * @throws `OBJECT_NOT_FOUND`, `OBJECT_MALFORMED`, `DECRYPT_FAILED`, `CONTEXT_MISMATCH` (not retryable), `STORE_*`, `KMS_*`.
 */
export async function restoreRecording(
  ports: ReadPorts,
  key: string,
  target: RestoreTarget,
  budget: Budget,
): Promise<ReadOutcome> {
  try {
    const outcome = await readVerified(ports, key, (chunk) => target.write(chunk), budget);
    await target.commit();
    return outcome;
  } catch (error) {
    await target.abandon();
    throw error;
  }
}

/** Reads and authenticates one object, and keeps nothing. Throws as {@link restoreRecording}. */
export async function verifyRecording(ports: ReadPorts, key: string, budget: Budget): Promise<ReadOutcome> {
  return readVerified(ports, key, undefined, budget);
}

async function readVerified(
  { store, reader }: ReadPorts,
  key: string,
  write: ((chunk: Uint8Array) => Promise<void>) | undefined,
  budget: Budget,
): Promise<ReadOutcome> {
  const { stat, body } = await store.get(key, budget);
  const recordingId = identifyKey(key)?.recordingId;
  let unsealer: Unsealer | undefined;
  // Only once the body is being iterated: a refusal then ends the iteration, and with it the connection the body comes over.
  const open = async () => {
    unsealer ??= await reader.unseal(stat, {
      readInstruction: () => readInstruction(store, key, budget),
      // who asks for a key asks for that recording, whatever another object's metadata copied there may say
      ...(recordingId === undefined ? {} : { expected: { recordingId } }),
      budget,
    });
    return unsealer;
  };
  const digest = createHash('sha256');
  let received = 0;
  let bytes = 0;
  const release = async (plaintext: Uint8Array) => {
    if (plaintext.byteLength === 0) return;
    bytes += plaintext.byteLength;
    digest.update(plaintext);
    await write?.(plaintext);
  };
  for await (const chunk of body) {
    received += chunk.byteLength;
    await release((await open()).update(chunk));
  }
  if (received !== stat.size) {
    throw new ArchiveError('STORE_UNAVAILABLE', `${key}: ${received} of ${stat.size} bytes arrived`);
  }
  await release((await open()).final());
  return { stat, bytes, sha256: digest.digest('hex') };
}
