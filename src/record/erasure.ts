/** The tombstone of one erased recording: `erasures/{id}.json`. It names no recording, and no person. docs/proof.md, "Erasures". */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { parseForeignJson } from '../json.ts';
import { canonicalId } from '../recording/id.ts';
import { parseDay } from '../recording/time.ts';
import { canonicalJson } from './canonical-json.ts';
import { SIGNATURE } from './receipt/schema.ts';

export const ERASURE_PREFIX = 'erasures/';
export const ERASURE_SCHEMA = 'genesys-media-archive/erasure/v1';

/** Bytes. */
export const MAX_ERASURE_BYTES = 16_384;

const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);

const erasure = z.strictObject({
  schema: z.literal(ERASURE_SCHEMA),
  /** Of the tombstone, and part of its key: random, or {@link tombstoneId}. */
  id: z.string().regex(/^[A-Za-z0-9_-]{8,64}$/),
  /** Of the erased recording's key, `YYYY-MM-DD`. */
  day: z.string().refine((value) => parseDay(value) !== undefined),
  what: z
    .array(z.enum(['media', 'receipt', 'key', 'context', 'transcript', 'lists', 'catalogue']))
    .min(1)
    .max(7),
  reason: z.string().min(1).max(256),
  at: z.iso.datetime({ precision: 3 }),
  /** When copies that expire by themselves are gone, too. */
  complete: z.iso.datetime({ precision: 3 }).exactOptional(),
  by: z.string().min(1).max(256).exactOptional(),
  /** SHA-256 of the recording's id ({@link subjectHash}): tells that this recording is not missing, to a reader who has its id. */
  recording: sha256Hex.exactOptional(),
  /** SHA-256 of the receipt object, as the log holds it. */
  receipt: sha256Hex.exactOptional(),
  signature: SIGNATURE.exactOptional(),
});

export type Erasure = z.output<typeof erasure>;

export function erasureKey(id: string): string {
  return `${ERASURE_PREFIX}${id}.json`;
}

/**
 * Returns the id of the tombstone that stands for a recording: a reader that has its id finds the tombstone in one request, and of several
 * that erase it at once, one writes it. Files of one recording that lie under a second day have a second tombstone.
 */
export function tombstoneId(recordingId: string, other?: { readonly day: string }): string {
  const hash = subjectHash(recordingId);
  return other === undefined ? hash : `${hash.slice(0, 48)}-${other.day.replaceAll('-', '')}`;
}

/** Returns what a tombstone says in place of a recording's id. */
export function subjectHash(recordingId: string): string {
  return createHash('sha256').update(canonicalId(recordingId)).digest('hex');
}

/** Returns the bytes of an unsigned one as they are stored: canonical JSON and a line feed. */
export function formatErasure(value: Erasure): Buffer {
  return Buffer.from(`${canonicalJson(value)}\n`);
}

/** `undefined` for what is no tombstone in its one spelling. */
export function parseErasure(json: string): Erasure | undefined {
  const result = z.safeParse(erasure, parseForeignJson(json));
  return result.success && `${canonicalJson(result.data)}\n` === json ? result.data : undefined;
}
