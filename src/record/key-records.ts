/** Key records in a store, and how a reader finds what wraps the data key of an object that does not carry it. */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { canonicalMetadata } from '../metadata-names.ts';
import type { KeyRecordOf, KeyRecords, ObjectStat, ObjectStore, PutOptions } from '../ports.ts';
import { erasureKey, MAX_ERASURE_BYTES, parseErasure, subjectHash, tombstoneId } from './erasure.ts';
import { readInstruction } from './instruction-file.ts';
import {
  erasedKey,
  formatKeyRecord,
  keyRecordFolder,
  keyRecordKey,
  MAX_KEY_RECORD_BYTES,
  parseErased,
  requireKeyRecord,
} from './key-record.ts';
import { FIRST_WRAP } from './first-wrap.ts';
import { identifyKey } from './layout.ts';
import { MEDIA_PREFIX, nameOfRecording } from './object-key.ts';
import { getSmall } from './small-object.ts';

/** @param store the one that records are in; their keys begin with `keys/` whichever it is. */
export function createKeyRecords(store: ObjectStore): KeyRecords {
  return {
    location: store.location,
    put: async (record, budget) => {
      const body = formatKeyRecord(record);
      const options = {
        metadata: {},
        contentType: 'application/json',
        contentLength: body.length,
        verify: 'answer-only',
      } as const;
      return (await store.put(keyRecordKey(record), body, options, budget)).outcome;
    },
    get: async (of, budget) => {
      const place = keyRecordKey(of);
      const json = await getSmall(store, place, MAX_KEY_RECORD_BYTES, budget);
      if (json === undefined) return undefined;
      const record = requireKeyRecord(json, of);
      return { record, body: json };
    },
    replace: async ({ record, body }, wrap, budget) => {
      const place = keyRecordKey(record);
      const stat = await store.head(place, budget);
      // what was read may be another one by now: its facts are taken first, then its content is compared
      if (stat === undefined || (await getSmall(store, place, MAX_KEY_RECORD_BYTES, budget)) !== body)
        return 'changed';
      const result = await store.replace?.(
        stat,
        formatKeyRecord({ ...record, wrap }),
        optionsOf(stat),
        budget,
      );
      return result?.outcome ?? 'unsupported';
    },
    list: (objectKey, budget) => store.list(keyRecordFolder(objectKey), budget),
  };
}

const optionsOf = ({ metadata, contentType = 'application/json' }: ObjectStat): PutOptions => ({
  metadata,
  contentType,
});

/**
 * The object that a record has to be of; `undefined` for one that carries its wrapped data key itself, or has an instruction file of
 * another format.
 */
export function keyRecordOf({
  key,
  metadata: stored,
}: Pick<ObjectStat, 'key' | 'metadata'>): KeyRecordOf | undefined {
  const { metadata } = canonicalMetadata(stored);
  const messageId = metadata['x-amz-i'];
  if (messageId === undefined || metadata['x-amz-c'] === undefined) return undefined;
  const carries = ['x-amz-3', 'x-amz-w', 'x-amz-t', 'x-amz-m'].some((name) => name in metadata);
  return carries ? undefined : { objectKey: key, messageId };
}

/**
 * What wraps the data key of an object, as the body of an instruction file: from its key record, or else from the file beside it.
 *
 * @returns `undefined` for an object that has neither, and does not say that it had a record.
 * @throws `RECORDING_ERASED`, `KEY_RECORD_MISSING`, `OBJECT_MALFORMED` (not retryable); what the store throws.
 */
export async function readWrap(
  store: ObjectStore,
  stat: Pick<ObjectStat, 'key' | 'metadata'>,
  budget: Budget,
): Promise<string | undefined> {
  const of = keyRecordOf(stat);
  if (of === undefined) return readInstruction(store, stat.key, budget);
  const found = await createKeyRecords(store).get(of, budget);
  if (found !== undefined) return JSON.stringify(found.record.wrap);
  const erasure = await findErasure(store, of, budget);
  if (erasure !== undefined) throw erased(of, erasure);
  if (FIRST_WRAP in canonicalMetadata(stat.metadata).metadata) throw missing(of);
  return readInstruction(store, stat.key, budget);
}

/**
 * The id of the erasure that destroyed the key of an object: that of its recording's tombstone, or one that is named beside where its
 * record was, and proved by its tombstone. Costs two requests.
 *
 * @throws what the store throws.
 */
export async function findErasure(
  store: ObjectStore,
  of: KeyRecordOf,
  budget: Budget,
): Promise<string | undefined> {
  const { recordingId } =
    identifyKey(`${MEDIA_PREFIX}${nameOfRecording(of.objectKey)}.enc`) ?? identifyKey(of.objectKey) ?? {};
  const own = recordingId === undefined ? undefined : tombstoneId(recordingId);
  const named =
    parseErased((await readSmall(store, erasedKey(of), MAX_KEY_RECORD_BYTES, budget)) ?? '') ?? own;
  if (named === undefined) return undefined;
  const tombstone = parseErasure(
    (await readSmall(store, erasureKey(named), MAX_ERASURE_BYTES, budget)) ?? '',
  );
  if (tombstone?.id !== named) return undefined;
  const isOfAnother =
    tombstone.recording !== undefined &&
    recordingId !== undefined &&
    tombstone.recording !== subjectHash(recordingId);
  return isOfAnother ? undefined : named;
}

/** What is too large to be what is looked for is none. */
async function readSmall(
  store: ObjectStore,
  key: string,
  limit: number,
  budget: Budget,
): Promise<string | undefined> {
  try {
    return await getSmall(store, key, limit, budget);
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'OBJECT_MALFORMED') return undefined;
    throw error;
  }
}

function erased({ objectKey }: KeyRecordOf, erasure: string): ArchiveError {
  return new ArchiveError('RECORDING_ERASED', `the key of ${objectKey} was destroyed by erasure ${erasure}`, {
    details: { key: objectKey },
  });
}

function missing(of: KeyRecordOf): ArchiveError {
  return new ArchiveError('KEY_RECORD_MISSING', `${of.objectKey} has no key record ${keyRecordKey(of)}`, {
    details: { key: of.objectKey },
  });
}
