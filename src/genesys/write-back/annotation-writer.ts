import { parseForeignJson } from '../../json.ts';
import type { ArchiveReference, RecordingIds, ReferenceWriter } from '../../ports.ts';
import { isSameId } from '../../recording/id.ts';
import { requireSameIds } from '../answer-ids.ts';
import { type ApiAnswer, type GenesysApi, unexpectedAnswer } from '../api-client.ts';
import { explainRefusal } from '../permissions.ts';
import { readField } from '../responses.ts';
import { ensureFound } from './references.ts';
import { requireWritten } from './written.ts';

/** Characters; longer descriptions are refused (`recording.annotation.description.too.long`). */
export const MAX_DESCRIPTION_CHARS = 500;

/**
 * An annotation of the recording, at its start: the only reference that belongs to a recording rather than to its conversation.
 * Agents see it in the player. A second POST would add a second annotation, so what is there is looked at first.
 */
export function createAnnotationWriter(api: GenesysApi): ReferenceWriter {
  return {
    async write({ conversationId, recordingId }, reference, budget) {
      const conversation = ['api', 'v2', 'conversations', conversationId];
      const what = `annotation of recording ${recordingId}`;
      const description = describeReference(reference);
      const listed = await api.call({ method: 'GET', path: [...conversation, 'recordingmetadata'] }, budget);
      ensureFound(listed, `conversation ${conversationId}`, explainRefusal('listRecordings', listed));
      if (listed.status !== 200)
        throw unexpectedAnswer(what, listed, explainRefusal('listRecordings', listed));
      if (isAnnotated(what, listed, { conversationId, recordingId }, description)) return;
      const answer = await api.call(
        {
          method: 'POST',
          path: [...conversation, 'recordings', recordingId, 'annotations'],
          body: { type: 'bookmark', location: 0, durationMs: 0, description },
        },
        budget,
      );
      ensureFound(answer, `recording ${recordingId}`);
      requireWritten(what, answer, {
        asked: { conversationId, recordingId },
        needsBody: true,
        shows: (body) => readField(body, 'description') === description,
        hint: explainRefusal('annotate', answer),
      });
    },
  };
}

function describeReference({ key, archivedAt, algorithm }: ArchiveReference): string {
  const text = `Archived ${new Date(archivedAt).toISOString()} (${algorithm}): ${key}`;
  return text.slice(0, MAX_DESCRIPTION_CHARS);
}

/** @throws `GENESYS_BAD_RESPONSE` when the answer is no list: another annotation would be added at every attempt. */
function isAnnotated(
  what: string,
  listed: ApiAnswer,
  { conversationId, recordingId }: RecordingIds,
  description: string,
): boolean {
  const recordings = parseForeignJson(listed.text);
  if (!Array.isArray(recordings)) throw unexpectedAnswer(what, listed);
  const recording: unknown = recordings.find((one) => isSameId(readField(one, 'id'), recordingId));
  requireSameIds(what, listed, recording, { conversationId, recordingId });
  const annotations = readField(recording, 'annotations');
  return (
    Array.isArray(annotations) && annotations.some((one) => readField(one, 'description') === description)
  );
}
