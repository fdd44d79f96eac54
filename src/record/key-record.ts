/** The format of key records, and of what an erasure leaves in their place (`docs/format.md`, section 4.2). Pure. */
import * as z from 'zod';
import { ArchiveError } from '../errors.ts';
import { parseForeignJson } from '../json.ts';
import type { KeyRecord, KeyRecordOf } from '../ports.ts';
import { present } from '../present.ts';
import { canonicalJson } from './canonical-json.ts';
import { MEDIA_PREFIX, nameOfRecording, parseObjectKey } from './object-key.ts';

/** Everything that holds wrapped data keys stands under this prefix. */
export const KEY_PREFIX = 'keys/';
export const KEY_RECORD_SCHEMA = 'genesys-media-archive/key-record/v1';
export const ERASED_SCHEMA = 'genesys-media-archive/erased/v1';

/** Bytes; a record has about 800, and 2,048 of metadata are all that an object can carry. */
export const MAX_KEY_RECORD_BYTES = 16_384;

const text = z.string().min(1).max(1024);
/** Base64 of 28 bytes, in its one spelling. */
const messageId = z.string().regex(/^[A-Za-z0-9+/]{37}[AQgw]==$/);

const keyRecord = z.strictObject({
  schema: z.literal(KEY_RECORD_SCHEMA),
  ids: z.strictObject({
    organization: text.exactOptional(),
    conversation: text,
    recording: text,
    channel: text.exactOptional(),
  }),
  object: z.strictObject({ key: text, messageId }),
  wrap: z.strictObject({
    'x-amz-3': z.string().min(1).max(8192),
    'x-amz-w': z.enum(['12', '02', '22']),
    'x-amz-t': z.string().min(1).max(2048).exactOptional(),
    'x-amz-m': z.string().min(1).max(2048).exactOptional(),
  }),
});

const erased = z.strictObject({
  schema: z.literal(ERASED_SCHEMA),
  /** Of the tombstone. */
  erasure: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/),
});

/**
 * What the records of a recording begin with: `keys/YYYY/MM/DD/{recordingId}/`, one folder for its channels, versions and context; in
 * layouts that name objects otherwise `keys/{key}/`, as receipts do.
 */
export function keyRecordFolder(objectKey: string): string {
  const beside = nameOfRecording(objectKey);
  const parsed = parseObjectKey(`${MEDIA_PREFIX}${beside}.enc`);
  if (parsed === undefined) return `${KEY_PREFIX}${beside}/`;
  const { date, recordingId } = parsed;
  return `${KEY_PREFIX}${date.replaceAll('-', '/')}/${recordingId.replaceAll('.', '=2E')}/`;
}

/** Where the record of one object stands; the message id is written in base64url, without padding. */
export function keyRecordKey({ objectKey, messageId: id }: KeyRecordOf): string {
  const name = id.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  return `${keyRecordFolder(objectKey)}${name}.json`;
}

/** Reports whether a key is that of a record, and not of what an erasure left. */
export function isKeyRecordKey(key: string): boolean {
  return key.startsWith(KEY_PREFIX) && /\/[A-Za-z0-9_-]{38}\.json$/.test(key);
}

/** Returns the bytes as they are stored: canonical JSON and a line feed. */
export function formatKeyRecord({ ids, objectKey, messageId: id, wrap }: KeyRecord): Buffer {
  const { organizationId: organization, conversationId, recordingId, channel } = ids;
  const statement = {
    schema: KEY_RECORD_SCHEMA,
    ids: {
      ...present({ organization, channel }),
      conversation: conversationId,
      recording: recordingId,
    },
    object: { key: objectKey, messageId: id },
    wrap,
  };
  return Buffer.from(`${canonicalJson(statement)}\n`);
}

/** `undefined` for what is no record in its one spelling. */
export function parseKeyRecord(json: string): KeyRecord | undefined {
  const result = z.safeParse(keyRecord, parseForeignJson(json));
  if (!result.success || `${canonicalJson(result.data)}\n` !== json) return undefined;
  const { ids, object, wrap } = result.data;
  const { organization: organizationId, conversation, recording, channel } = ids;
  return {
    ids: {
      conversationId: conversation,
      recordingId: recording,
      ...present({ organizationId, channel }),
    },
    objectKey: object.key,
    messageId: object.messageId,
    wrap,
  };
}

/**
 * The same, of one object and no other.
 * @throws `OBJECT_MALFORMED` (not retryable); the message quotes nothing of what stands there.
 */
export function requireKeyRecord(json: string, of: KeyRecordOf): KeyRecord {
  const record = parseKeyRecord(json);
  const isOwn = record?.objectKey === of.objectKey && record.messageId === of.messageId;
  if (record !== undefined && isOwn) return record;
  const what = record === undefined ? 'is no key record' : 'is the key record of another object';
  throw new ArchiveError('OBJECT_MALFORMED', `${keyRecordKey(of)} ${what}`, {
    hint: 'an earlier version or a replica of the bucket has the record that was stored: docs/runbook.md, "Lost key record", says how to put it back',
    details: { key: of.objectKey },
  });
}

/**
 * Where an erasure says that the keys of an object are destroyed: one for each object, beside its record. It is written before the
 * record is destroyed, so that a reader never takes an erasure for a loss.
 */
export function erasedKey(of: KeyRecordOf): string {
  return keyRecordKey(of).replace(/\.json$/, '.erased.json');
}

/** Returns the bytes as they are stored. */
export function formatErased(erasureId: string): Buffer {
  return Buffer.from(`${canonicalJson({ schema: ERASED_SCHEMA, erasure: erasureId })}\n`);
}

/** The id of the tombstone; `undefined` for anything else. */
export function parseErased(json: string): string | undefined {
  const result = z.safeParse(erased, parseForeignJson(json));
  return result.success && `${canonicalJson(result.data)}\n` === json ? result.data.erasure : undefined;
}
