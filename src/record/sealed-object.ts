import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { gatherBytes } from '../gather-bytes.ts';
import type {
  Envelope,
  EnvelopeReader,
  ObjectStat,
  ObjectStore,
  PutOptions,
  RecordingIds,
} from '../ports.ts';

/** Bytes; a day of a million recordings has 20 MB of people. */
const MAX_SEALED_BYTES = 1024 ** 3;

export interface SealedPlace {
  readonly key: string;
  /** That it was sealed for. */
  readonly ids: SealedFor;
  /** More is `OBJECT_MALFORMED`. */
  readonly maxBytes?: number;
}

type SealedFor = Pick<RecordingIds, 'conversationId' | 'recordingId'>;

export interface OpenedObject {
  readonly stat: ObjectStat;
  /** Authenticated as a whole. */
  readonly bytes: Buffer;
}

/**
 * Decrypts an object that is no recording, in memory.
 *
 * @returns `undefined` without one.
 * @throws what the store and the reader throw: `DECRYPT_FAILED`, `KMS_*`.
 */
export async function openSealed(
  store: ObjectStore,
  reader: EnvelopeReader,
  { key, ids, maxBytes = MAX_SEALED_BYTES }: SealedPlace,
  budget: Budget,
): Promise<OpenedObject | undefined> {
  const found = await getIfThere(store, key, budget);
  if (found === undefined) return undefined;
  const tooLong = () => new ArchiveError('OBJECT_MALFORMED', `${key} is too large`);
  const sealed = await gatherBytes(found.body, maxBytes, tooLong);
  const unsealer = await reader.unseal(found.stat, { expected: ids, budget });
  return { stat: found.stat, bytes: Buffer.concat([unsealer.update(sealed), unsealer.final()]) };
}

export async function getIfThere(store: ObjectStore, key: string, budget: Budget) {
  try {
    return await store.get(key, budget);
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_NOT_FOUND') return undefined;
    throw error;
  }
}

/** Encrypts bytes as a recording would be, with the metadata that say how. */
export async function sealBytes(
  envelope: Envelope,
  ids: SealedFor,
  bytes: Uint8Array,
  budget: Budget,
): Promise<{ readonly body: Buffer; readonly options: PutOptions }> {
  const sealer = await envelope.seal(ids, budget);
  const body = Buffer.concat([sealer.update(bytes), sealer.final()]);
  return {
    body,
    options: {
      metadata: { ...sealer.metadata },
      contentType: 'application/octet-stream',
      contentLength: body.length,
    },
  };
}
