import type { ArchiveResult } from './archive-request.ts';

/** What a result is about, for a message: its recording, or, while it is not known which ones there will be, the conversation. */
export function nameResult({ ids: { recordingId, conversationId } }: Pick<ArchiveResult, 'ids'>): string {
  return recordingId === ''
    ? `what was recorded of conversation ${conversationId}`
    : `recording ${recordingId}`;
}
