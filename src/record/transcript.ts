/** What is written into a transcript object: `docs/format.md`, section 17. */
import { present } from '../present.ts';
import type { FoundTranscript } from '../ports.ts';
import type { TranscriptStatus } from './object-key.ts';

/** Named in every transcript object; another shape has another name. */
export const TRANSCRIPT_SCHEMA = 'genesys-media-archive/transcript/v1';

/** Where the platform keeps transcripts. */
export const TRANSCRIPT_SOURCE = 'speechandtextanalytics';

/** One line of JSON: `status` is `known` where there is one. */
export function writeTranscript(
  ids: { readonly conversationId: string; readonly recordingId: string },
  found: { readonly status: TranscriptStatus } & Partial<FoundTranscript>,
  fetchedAt: number,
): string {
  const { status, communicationId, transcript } = found;
  const line = {
    schema: TRANSCRIPT_SCHEMA,
    conversationId: ids.conversationId,
    recordingId: ids.recordingId,
    source: TRANSCRIPT_SOURCE,
    fetchedAt: new Date(fetchedAt).toISOString(),
    status,
    ...present({ communicationId, transcript }),
  };
  return `${JSON.stringify(line)}\n`;
}
