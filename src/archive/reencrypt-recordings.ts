import { createHash } from 'node:crypto';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { canonicalMetadata } from '../metadata-names.ts';
import type { EnvelopeReader, ObjectStore, RecordingIds, Sealer } from '../ports.ts';
import { requireObject } from './adopt-recordings.ts';
import { idempotencyKey } from './identity.ts';
import { readInstruction } from './instruction-file.ts';
import { knownIds } from './known-ids.ts';
import { identifyKey } from './layout.ts';
import { verifyRecording } from './read-recording.ts';

export interface ReencryptPorts {
  /** Where the recordings are. Only read. */
  readonly source: ObjectStore;
  /** Where the new objects go, under the same keys; another place than `source`, for media objects are never replaced. */
  readonly target: ObjectStore;
  /** Holds the keys of both. */
  readonly reader: EnvelopeReader;
  readonly resealer: { seal(ids: Partial<RecordingIds>, budget: Budget): Promise<Sealer> };
}

export interface Reencryption {
  /** `reencrypted`: stored and verified, or, with `dryRun`, would be. `present`: the target holds this very recording. */
  readonly state: 'reencrypted' | 'present';
  readonly key: string;
  /** Plaintext; with `dryRun` nothing was read. */
  readonly bytes?: number;
  /** Of the plaintext, hex. */
  readonly sha256?: string;
}

/**
 * Encrypts one recording again, as a new object under the same key of another store. Streamed; the new object is completed only
 * after the old one has proved to be unchanged, and called done only after it has been read back and decrypted as a whole. The old
 * object is left as it is. What the target holds already is compared instead, so that any run can be ended and repeated.
 *
 * @throws `OBJECT_NOT_FOUND`, `OBJECT_MALFORMED`, `DECRYPT_FAILED`, `CONTEXT_MISMATCH`, `KEY_COLLISION` when the target holds
 *   something else under that key (none retryable); `STORE_MISMATCH`, `STORE_*`, `KMS_*`.
 */
export async function reencryptRecording(
  ports: ReencryptPorts,
  key: string,
  { dryRun }: { readonly dryRun: boolean },
  budget: Budget,
): Promise<Reencryption> {
  const { source, target, reader, resealer } = ports;
  const { contentType = 'application/octet-stream', metadata: old } = await requireObject(
    source,
    key,
    budget,
  );
  const found = await target.head(key, budget);
  if (dryRun) return { state: found === undefined ? 'reencrypted' : 'present', key };
  if (found !== undefined) return comparePresent(ports, key, budget);
  const ids = await knownIds(source, key, budget);
  const sealer = await resealer.seal(ids, budget);
  const idem =
    canonicalMetadata(old).metadata['gca-idem'] ?? (isComplete(ids) ? idempotencyKey(ids) : undefined);
  const metadata = { ...sealer.metadata, ...(idem === undefined ? {} : { 'gca-idem': idem }) };
  const read = { bytes: 0, sha256: '' };
  const body = reseal(source, reader, key, sealer, read, budget);
  const { outcome } = await target.put(key, body, { metadata, contentType }, budget);
  if (outcome === 'exists') return comparePresent(ports, key, budget);
  const written = await verifyRecording({ store: target, reader }, key, budget);
  if (written.sha256 !== read.sha256 || written.bytes !== read.bytes) {
    throw new ArchiveError('STORE_MISMATCH', `${key}: the new object does not decrypt to what was encrypted`);
  }
  return { state: 'reencrypted', key, ...read };
}

/** The new ciphertext. Ends with an error, and so without an object, when the old one does not authenticate. */
async function* reseal(
  source: ObjectStore,
  reader: EnvelopeReader,
  key: string,
  sealer: Sealer,
  read: { bytes: number; sha256: string },
  budget: Budget,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { stat, body } = await source.get(key, budget);
  const recordingId = identifyKey(key)?.recordingId;
  const unsealer = await reader.unseal(stat, {
    readInstruction: () => readInstruction(source, key, budget),
    ...(recordingId === undefined ? {} : { expected: { recordingId } }),
    budget,
  });
  const digest = createHash('sha256');
  const encrypt = (plaintext: Uint8Array) => {
    read.bytes += plaintext.byteLength;
    digest.update(plaintext);
    return sealer.update(plaintext);
  };
  let received = 0;
  for await (const chunk of body) {
    received += chunk.byteLength;
    yield encrypt(unsealer.update(chunk));
  }
  if (received !== stat.size) {
    throw new ArchiveError('STORE_UNAVAILABLE', `${key}: ${received} of ${stat.size} bytes arrived`);
  }
  yield encrypt(unsealer.final());
  read.sha256 = digest.digest('hex');
  yield sealer.final();
}

async function comparePresent(
  { source, target, reader }: ReencryptPorts,
  key: string,
  budget: Budget,
): Promise<Reencryption> {
  const there = await verifyRecording({ store: target, reader }, key, budget);
  const here = await verifyRecording({ store: source, reader }, key, budget);
  if (there.sha256 !== here.sha256) {
    throw new ArchiveError('KEY_COLLISION', `${target.location} holds another recording under ${key}`);
  }
  return { state: 'present', key, bytes: here.bytes, sha256: here.sha256 };
}

function isComplete(ids: Partial<RecordingIds>): ids is RecordingIds {
  return ids.recordingId !== undefined && ids.conversationId !== undefined;
}
