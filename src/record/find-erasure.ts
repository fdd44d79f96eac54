/** Finds the tombstone of a recording. */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import {
  type Erasure,
  ERASURE_PREFIX,
  erasureKey,
  MAX_ERASURE_BYTES,
  parseErasure,
  subjectHash,
  tombstoneId,
} from './erasure.ts';
import { identifyKey } from './layout.ts';
import { objectsOfReceipt, parseCompanion } from './object-key.ts';
import type { ReceiptKeys } from './receipt/keys.ts';
import { getSmall } from './small-object.ts';
import { checkStoredSignature } from './stored-signature.ts';

/** What a tombstone is held to: where public keys are known, an unsigned one erases nothing, for every writer could put it there. */
export interface ErasureTrust {
  readonly store: ObjectStore;
  readonly keys?: ReceiptKeys | undefined;
}

/**
 * The tombstone of a recording; `undefined` without one that can be trusted. One request without one.
 *
 * @throws `OBJECT_MALFORMED` for something else in its place: without it, what it erased would appear again. `STORE_DENIED` where the
 *   role may not look: what was erased could come back; other `STORE_*`.
 */
export async function findErasure(
  { store, keys }: ErasureTrust,
  recordingId: string,
  budget: Budget,
): Promise<Erasure | undefined> {
  const place = erasureKey(tombstoneId(recordingId));
  if (!(await isThere(store, place, budget))) return undefined;
  const json = await getSmall(store, place, MAX_ERASURE_BYTES, budget);
  const erasure = json === undefined ? undefined : parseErasure(json);
  if (erasure?.recording !== subjectHash(recordingId) || erasureKey(erasure.id) !== place) {
    throw new ArchiveError('OBJECT_MALFORMED', `${place} is not the tombstone of an erasure`);
  }
  return (await isTrusted({ store, keys }, erasure, budget)) ? erasure : undefined;
}

async function isThere(store: ObjectStore, place: string, budget: Budget): Promise<boolean> {
  try {
    return (await store.head(place, budget)) !== undefined;
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'STORE_DENIED') throw error;
    throw new ArchiveError(
      'STORE_DENIED',
      `whether the recording was erased cannot be told: ${error.message}`,
      {
        hint: 'allow s3:GetObject on erasures/* besides what the role has; docs/aws-permissions.md',
      },
    );
  }
}

/** Reports whether a tombstone is signed as it has to be. */
export async function isTrusted(
  { store, keys }: ErasureTrust,
  erasure: Erasure,
  budget: Budget,
): Promise<boolean> {
  if (keys === undefined || keys.size === 0) return true;
  return (await checkStoredSignature({ store, keys }, erasure, erasureKey(erasure.id), budget)) === 'valid';
}

/** The tombstone of the recording that an object, or the context or transcript beside it, is of; `undefined` for keys of no recording. */
export async function findErasureOfKey(
  trust: ErasureTrust,
  key: string,
  budget: Budget,
): Promise<Erasure | undefined> {
  const recordingId = recordingOfKey(key);
  return recordingId === undefined ? undefined : findErasure(trust, recordingId, budget);
}

/** Hashes of the ids of all erased recordings, by the names of their tombstones: one listing, however many recordings there are. */
export async function readErasedHashes(store: ObjectStore, budget: Budget): Promise<ReadonlySet<string>> {
  const hashes = new Set<string>();
  for await (const { key } of store.list(ERASURE_PREFIX, budget)) {
    const [, hash] = /^erasures\/([0-9a-f]{64})\.json$/.exec(key) ?? [];
    if (hash !== undefined) hashes.add(hash);
  }
  return hashes;
}

/** The recording that a key is of, in any layout: of an object, a context or a transcript. */
export function recordingOfKey(key: string): string | undefined {
  const place = parseCompanion(key)?.receipt;
  const objects = place === undefined ? [key] : objectsOfReceipt(place);
  return objects.map((object) => identifyKey(object)?.recordingId).find((id) => id !== undefined);
}

/** Error: a recording was erased; it has the tombstone's id. */
export function recordingErased(erasure: Pick<Erasure, 'id' | 'at'>): ArchiveError {
  return new ArchiveError('RECORDING_ERASED', `the recording was erased on ${erasure.at.slice(0, 10)}`, {
    hint: `${erasureKey(erasure.id)} is the tombstone; it says why`,
    details: { tombstone: erasure.id },
  });
}
