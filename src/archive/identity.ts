import { createHash } from 'node:crypto';
import type { ObjectStat, RecordingIds } from '../ports.ts';
import { canonicalJson } from './canonical-json.ts';

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

/**
 * Is the stored object the file that `ids` names? Objects that carry no idempotency key were written by the tutorial's own
 * code, which names them by the recording alone: their key is all there is to go by.
 */
export function isSameRecording({ metadata }: Pick<ObjectStat, 'metadata'>, ids: RecordingIds): boolean {
  const stored = metadata['gca-idem'];
  if (stored !== undefined) return stored === idempotencyKey(ids);
  return metadata['encryption'] !== undefined && metadata['iv'] !== undefined;
}

/** The format of an object that somebody else may have written, by the names of its metadata (`docs/format.md`). */
export function formatOf({ metadata }: Pick<ObjectStat, 'metadata'>): string {
  if ('x-amz-c' in metadata || 'x-amz-3' in metadata) return 's3ec-v3';
  if ('x-amz-key-v2' in metadata) return 's3ec-v2';
  return 'encryption' in metadata && 'iv' in metadata ? 'static-gcm' : 'unknown';
}

/** How the data key is wrapped, and for whom: `rewrap` replaces these, and nothing else (`docs/format.md`, section 5). */
const WRAP_MEMBERS: ReadonlySet<string> = new Set([
  'x-amz-3',
  'x-amz-w',
  'x-amz-t',
  'x-amz-m',
  'x-amz-key-v2',
  'x-amz-wrap-alg',
  'x-amz-matdesc',
]);

/**
 * Hex SHA-256 over the canonical JSON of an object's user metadata, without the members that say how its data key is wrapped: a
 * receipt stays true when the object moves to another wrapping key. The key commitment of `s3ec-v3` is part of it.
 */
export function hashMetadata({ metadata }: Pick<ObjectStat, 'metadata'>): string {
  const lasting = Object.entries(metadata).filter(([name]) => !WRAP_MEMBERS.has(name));
  return createHash('sha256')
    .update(canonicalJson(Object.fromEntries(lasting)))
    .digest('hex');
}
