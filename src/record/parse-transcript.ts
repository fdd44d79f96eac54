/** Reads the objects beside recordings that `transcript.ts` writes. */
import * as z from 'zod';
import { ArchiveError } from '../errors.ts';
import { parseForeignJson } from '../json.ts';
import { TRANSCRIPT_STATUSES } from './object-key.ts';
import { TRANSCRIPT_SCHEMA, TRANSCRIPT_SOURCE } from './transcript.ts';

const id = z.string().min(1).max(128);

const stored = z.object({
  schema: z.literal(TRANSCRIPT_SCHEMA),
  conversationId: id,
  recordingId: id,
  source: z.literal(TRANSCRIPT_SOURCE),
  /** When the platform was asked. */
  fetchedAt: z.iso.datetime({ precision: 3 }),
  status: z.enum(TRANSCRIPT_STATUSES),
  /** With `known` only. */
  communicationId: id.exactOptional(),
  /** With `known` only: the platform's own JSON. */
  transcript: z.record(z.string(), z.unknown()).exactOptional(),
});

export type StoredTranscript = z.infer<typeof stored>;

/**
 * @param key names the object in messages.
 * @throws `OBJECT_MALFORMED` (not retryable) for what is none.
 */
export function parseTranscript(key: string, text: string): StoredTranscript {
  const { success, data } = stored.safeParse(parseForeignJson(text));
  if (success && (data.status === 'known') === (data.transcript !== undefined)) return data;
  throw new ArchiveError('OBJECT_MALFORMED', `${key} is not the transcript of a recording`);
}
