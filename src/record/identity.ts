import { createHash } from 'node:crypto';
import { canonicalMetadata } from '../metadata-names.ts';
import type { ObjectStat, RecordingIds } from '../ports.ts';
import { present } from '../present.ts';
import { canonicalId } from '../recording/id.ts';
import { canonicalJson } from './canonical-json.ts';
import { FIRST_WRAP, firstWrapOf, hashWrap, WRAP_MEMBERS } from './first-wrap.ts';

/** Our own user metadata, beside those of the envelope. `gca-idem` tells a redelivery from a collision. */
const VERSION = '1';

/** base64url SHA-256 over what makes a file of a recording that file. */
export function idempotencyKey({ recordingId, conversationId, channel }: RecordingIds): string {
  return createHash('sha256')
    .update(JSON.stringify([conversationId, recordingId, channel ?? '']))
    .digest('base64url');
}

export function idempotencyMetadata(ids: RecordingIds): Readonly<Record<string, string>> {
  return { 'gca-v': VERSION, 'gca-idem': idempotencyKey(ids) };
}

/** The same ids in the one spelling that keys, metadata and receipts are written in. */
export function canonicalIds<T extends Pick<RecordingIds, 'recordingId' | 'conversationId'>>(ids: T): T {
  const { recordingId, conversationId } = ids;
  return {
    ...ids,
    recordingId: canonicalId(recordingId),
    conversationId: canonicalId(conversationId),
  };
}

/**
 * Reports whether the stored object is the file that `ids` names; the case of its UUIDs does not count. Objects that carry no idempotency key were written by the tutorial's own
 * code, which names them by the recording alone: only their key tells.
 */
export function isSameRecording(stat: Pick<ObjectStat, 'metadata'>, ids: RecordingIds): boolean {
  const { metadata } = canonicalMetadata(stat.metadata);
  const stored = metadata['gca-idem'];
  if (stored !== undefined) return spellingsOf(ids).some((spelled) => idempotencyKey(spelled) === stored);
  return metadata['encryption'] !== undefined && metadata['iv'] !== undefined;
}

/** As they are, and with each UUID in lower and in upper case: earlier versions hashed ids as an event had spelled them. */
function spellingsOf(ids: RecordingIds): RecordingIds[] {
  const { recordingId, conversationId } = canonicalIds(ids);
  const cases = (id: string) => (canonicalId(id.toUpperCase()) === id ? [id, id.toUpperCase()] : [id]);
  const both = cases(conversationId).flatMap((conversation) =>
    cases(recordingId).map((recording) => ({
      ...ids,
      recordingId: recording,
      conversationId: conversation,
    })),
  );
  return [ids, ...both];
}

/** The format of an object of an unknown writer, by the names of its metadata (`docs/format.md`). */
export function formatOf(stat: Pick<ObjectStat, 'metadata'>): string {
  const { metadata } = canonicalMetadata(stat.metadata);
  if ('x-amz-c' in metadata || 'x-amz-3' in metadata) return 's3ec-v3';
  if ('x-amz-key-v2' in metadata) return 's3ec-v2';
  return 'encryption' in metadata && 'iv' in metadata ? 'static-gcm' : 'unknown';
}

/** The numbers of `s3ec-v3`, `x-amz-w`; `s3ec-v2` has the names themselves in `x-amz-wrap-alg` (`docs/format.md`, section 5). */
const WRAPS = { '12': 'kms+context', '02': 'AES/GCM', '22': 'RSA-OAEP-SHA1' } as const;
type Wrap = (typeof WRAPS)[keyof typeof WRAPS];

/**
 * How the data key of an object is wrapped, and under which key, as far as its metadata say: they name keys of all kinds but KMS.
 *
 * @param kmsKeyId where the caller knows it.
 */
export function wrapOf(
  stat: Pick<ObjectStat, 'metadata'>,
  kmsKeyId: string | undefined,
): { readonly wrap?: Wrap; readonly keyId?: string } {
  const { metadata } = canonicalMetadata(stat.metadata);
  const stated = metadata['x-amz-w'] ?? metadata['x-amz-wrap-alg'] ?? firstWrapOf(metadata)?.code;
  const [, wrap] =
    Object.entries(WRAPS).find((names) => stated !== undefined && names.includes(stated)) ?? [];
  if (wrap === undefined) return {};
  const keyId = wrap === 'kms+context' ? kmsKeyId : kidOf(metadata['x-amz-m'] ?? metadata['x-amz-matdesc']);
  return { wrap, ...present({ keyId }) };
}

/** The `kid` of a material description; `undefined` without one, or in a foreign description. */
function kidOf(description: string | undefined): string | undefined {
  const [, kid] = /[{,]\s*"kid"\s*:\s*"([A-Za-z0-9._-]{1,64})"/.exec(description ?? '') ?? [];
  return kid;
}

/**
 * Hex SHA-256 over the canonical JSON of an object's user metadata, without what says how its data key is or was wrapped: a
 * receipt stays true when the object moves to another wrapping key. The key commitment of `s3ec-v3` is part of it.
 */
export function hashMetadata({ metadata }: Pick<ObjectStat, 'metadata'>): string {
  const lasting = Object.entries(metadata).filter(([name]) => !WRAP_MEMBERS.has(name) && name !== FIRST_WRAP);
  return createHash('sha256')
    .update(canonicalJson(Object.fromEntries(lasting)))
    .digest('hex');
}

/** The hash of the wrap that an object carries or, where its data key is kept in a key record, was written with. */
export function statedWrap({ metadata }: Pick<ObjectStat, 'metadata'>): string | undefined {
  return hashWrap(metadata) ?? firstWrapOf(metadata)?.sha256;
}
