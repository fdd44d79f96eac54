import type { ArchiveReference, ReferenceWriter } from '../ports.ts';
import { type GenesysApi, unexpectedAnswer } from './api-client.ts';
import { explainRefusal } from './permissions.ts';
import { ensureFound, readField } from './references.ts';

/** Characters; longer descriptions are refused (`recording.annotation.description.too.long`). */
export const LONGEST_DESCRIPTION = 500;

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
      if (isAnnotated(listed.text, recordingId, description)) return;
      const answer = await api.call(
        {
          method: 'POST',
          path: [...conversation, 'recordings', recordingId, 'annotations'],
          body: { type: 'bookmark', location: 0, durationMs: 0, description },
        },
        budget,
      );
      ensureFound(answer, `recording ${recordingId}`);
      if (answer.status < 200 || answer.status >= 300) {
        throw unexpectedAnswer(what, answer, explainRefusal('annotate', answer));
      }
    },
  };
}

function describeReference({ key, archivedAt, algorithm }: ArchiveReference): string {
  const text = `Archived ${new Date(archivedAt).toISOString()} (${algorithm}): ${key}`;
  return text.slice(0, LONGEST_DESCRIPTION);
}

function isAnnotated(text: string, recordingId: string, description: string): boolean {
  let recordings: unknown;
  try {
    recordings = JSON.parse(text);
  } catch {
    return false;
  }
  const recording = (Array.isArray(recordings) ? recordings : []).find(
    (one) => readField(one, 'id') === recordingId,
  );
  const annotations = readField(recording, 'annotations');
  return (
    Array.isArray(annotations) && annotations.some((one) => readField(one, 'description') === description)
  );
}
