import { listRecordings } from '../../audit/find-recording.ts';
import type { Layout } from '../../record/layout.ts';
import { canonicalRequest } from '../../archive/one-spelling.ts';
import type { Budget } from '../../clock.ts';
import type { ArchiveRequest, ObjectStore, RecordingIds } from '../../ports.ts';
import { present } from '../../present.ts';

/** What a request names: a recording, or a conversation whose recordings the platform knows. */
export function namesOf(
  request: ArchiveRequest,
): Partial<RecordingIds> & Pick<RecordingIds, 'conversationId'> {
  if (request.dialect === 'media') {
    return { recordingId: request.mediaId, conversationId: request.interactionId };
  }
  const { recordingId, conversationId } = request;
  return { conversationId, ...present({ recordingId }) };
}

/** Where the store says that a recording is, or would be, without asking the platform. */
export async function plan(
  store: ObjectStore,
  layout: Layout,
  sent: ArchiveRequest,
  budget: Budget,
): Promise<{ readonly key: string | undefined; readonly exists: boolean }> {
  const request = canonicalRequest(sent);
  if (request.dialect === 'media' && request.occurredAt !== undefined) {
    const ids = { recordingId: request.mediaId, conversationId: request.interactionId };
    const key = layout.keyOf({ ids, at: request.occurredAt });
    return { key, exists: (await store.head(key, budget)) !== undefined };
  }
  const { recordingId: wanted } = namesOf(request);
  if (wanted === undefined) return { key: undefined, exists: false };
  for await (const { recordingId, key } of listRecordings(store, { layout }, budget)) {
    if (recordingId === wanted) return { key, exists: true };
  }
  return { key: undefined, exists: false };
}
