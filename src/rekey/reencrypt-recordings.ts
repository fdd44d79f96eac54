import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { EnvelopeReader, ObjectStore, RecordingIds, Sealer } from '../ports.ts';
import { idempotencyKey } from '../record/identity.ts';
import { type CheckedObject, type Checking, openChecked } from '../audit/open-checked.ts';
import { decryptChecked, readChecked, type ReadOutcome, verifyRecording } from '../audit/read-recording.ts';
import { present } from '../present.ts';

/** The recordings are held to their receipts: see `Checking` for what may be given, and for `unverified`. */
export interface ReencryptPorts extends Checking {
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
  /** Sentences for people: what could not be checked, or is not as it was. */
  readonly notes: readonly string[];
}

/**
 * Encrypts one recording again, as a new object under the same key of another store. Streamed; the new object is completed only
 * after the old one has proved to be unchanged, and called done only after it has been read back and decrypted as a whole. The old
 * object is left as it is. What the target holds already is compared instead, so that any run can be ended and repeated.
 *
 * @throws `OBJECT_NOT_FOUND`, `RECEIPT_MISMATCH`, `OBJECT_MALFORMED`, `DECRYPT_FAILED`, `CONTEXT_MISMATCH`, `KEY_COLLISION` when the target holds
 *   something else under that key (none retryable); `STORE_MISMATCH`, `STORE_*`, `KMS_*`.
 */
export async function reencryptRecording(
  ports: ReencryptPorts,
  key: string,
  { dryRun }: { readonly dryRun: boolean },
  budget: Budget,
): Promise<Reencryption> {
  const { source, target, reader, resealer } = ports;
  const checked = await openChecked({ ...ports, store: source }, key, budget);
  const { stat, ids, notes } = checked;
  const found = await target.head(key, budget);
  if (dryRun) return { state: found === undefined ? 'reencrypted' : 'present', key, notes };
  if (found !== undefined) return comparePresent(ports, checked, budget);
  const sealer = await resealer.seal(ids, budget);
  const idem = stat.metadata['gca-idem'] ?? (isComplete(ids) ? idempotencyKey(ids) : undefined);
  const metadata = { ...sealer.metadata, ...present({ 'gca-idem': idem }) };
  const { contentType = 'application/octet-stream' } = stat;
  const read: { outcome?: ReadOutcome } = {};
  const body = reseal(ports, { checked, sealer, read }, budget);
  const { outcome } = await target.put(key, body, { metadata, contentType }, budget);
  if (outcome === 'exists') return comparePresent(ports, checked, budget);
  const written = await readBack({ target, reader }, key, budget);
  if (written.sha256 !== read.outcome?.sha256 || written.bytes !== read.outcome.bytes) {
    throw new ArchiveError('STORE_MISMATCH', `${key}: the new object does not decrypt to what was encrypted`);
  }
  const { bytes, sha256 } = written;
  return { state: 'reencrypted', key, bytes, sha256, notes: read.outcome.notes };
}

/** New objects have no receipts: what they are is compared with what was read. */
function readBack(
  { target: store, reader }: Pick<ReencryptPorts, 'target' | 'reader'>,
  key: string,
  budget: Budget,
): Promise<ReadOutcome> {
  return verifyRecording({ store, reader, unverified: true }, key, budget);
}

interface Resealing {
  readonly checked: CheckedObject;
  readonly sealer: Sealer;
  /** Takes what was read, once that is over. */
  readonly read: { outcome?: ReadOutcome };
}

/** The new ciphertext. Ends with an error, and so without an object, when the old one is not what it should be. */
async function* reseal(
  { source, reader }: Pick<ReencryptPorts, 'source' | 'reader'>,
  { checked, sealer, read }: Resealing,
  budget: Budget,
): AsyncGenerator<Uint8Array, void, undefined> {
  const decryption = decryptChecked({ store: source, reader }, checked, budget);
  try {
    while (read.outcome === undefined) {
      const next = await decryption.next();
      if (next.done === true) read.outcome = next.value;
      else yield sealer.update(next.value);
    }
  } finally {
    // an upload that fails ends the reading, too
    await decryption.return(undefined as never);
  }
  yield sealer.final();
}

async function comparePresent(
  ports: ReencryptPorts,
  checked: CheckedObject,
  budget: Budget,
): Promise<Reencryption> {
  const { source, target, reader } = ports;
  const { key } = checked.stat;
  const there = await readBack(ports, key, budget);
  const here = await readChecked({ store: source, reader }, checked, budget);
  if (there.sha256 !== here.sha256) {
    throw new ArchiveError('KEY_COLLISION', `${target.location} holds another recording under ${key}`);
  }
  return { state: 'present', key, bytes: here.bytes, sha256: here.sha256, notes: here.notes };
}

function isComplete(ids: Partial<RecordingIds>): ids is RecordingIds {
  return ids.recordingId !== undefined && ids.conversationId !== undefined;
}
