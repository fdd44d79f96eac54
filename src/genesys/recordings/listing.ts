import type { Budget } from '../../clock.ts';
import { parseForeignJson } from '../../json.ts';
import type { FailedRecording } from '../../ports.ts';
import { isSafeId, isSameId } from '../../recording/id.ts';
import { type Asked, findForeignId, foreignAnswer } from '../answer-ids.ts';
import { type ApiAnswer, type GenesysApi, unexpectedAnswer } from '../api-client.ts';
import { explainRefusal } from '../permissions.ts';
import { type RecordingAnswer, readRecording } from './answers.ts';
import { readField } from '../responses.ts';

/** Recordings of one conversation; a longer list is none of the platform's. */
export const MAX_LISTED_RECORDINGS = 2_000;

export type Listing =
  | {
      readonly state: 'listed';
      /** Each once, in the platform's order. */
      readonly recordings: readonly RecordingAnswer[];
      /** Entries that are malformed, or of another conversation. */
      readonly failed: readonly FailedRecording[];
    }
  | { readonly state: 'not-found'; readonly hint: string | undefined }
  | { readonly state: 'accepted' };

/**
 * Asks for the recordings of a conversation. An entry that is wrong keeps none of the others back.
 *
 * @throws `GENESYS_FORBIDDEN`, `GENESYS_BAD_RESPONSE`, and what the API client throws.
 */
export async function listRecordings(
  api: GenesysApi,
  asked: Asked & { readonly conversationId: string },
  budget: Budget,
): Promise<Listing> {
  const { conversationId } = asked;
  const path = ['api', 'v2', 'conversations', conversationId, 'recordingmetadata'];
  const answer = await api.call({ method: 'GET', path }, budget);
  if (answer.status === 404) return { state: 'not-found', hint: explainRefusal('listRecordings', answer) };
  if (answer.status === 202) return { state: 'accepted' };
  const entries = answer.status === 200 ? parseForeignJson(answer.text) : undefined;
  const what = `recordings of conversation ${conversationId}`;
  // a bare array, never `{entities}`
  if (!Array.isArray(entries) || entries.length > MAX_LISTED_RECORDINGS) {
    throw unexpectedAnswer(what, answer, explainRefusal('listRecordings', answer));
  }
  return { state: 'listed', ...sortEntries(what, answer, entries, asked) };
}

function sortEntries(
  what: string,
  answer: ApiAnswer,
  entries: readonly unknown[],
  asked: Asked,
): { readonly recordings: readonly RecordingAnswer[]; readonly failed: readonly FailedRecording[] } {
  const recordings: RecordingAnswer[] = [];
  const failed: FailedRecording[] = [];
  for (const entry of entries) {
    const recording = readRecording(entry);
    const foreign = findForeignId(entry, asked);
    if (recording === undefined || foreign !== undefined) {
      const id = readField(entry, 'id');
      const error =
        foreign === undefined ? unexpectedAnswer(what, answer) : foreignAnswer(what, answer, foreign);
      failed.push({ recordingId: isSafeId(id) ? id : undefined, error });
    } else if (!recordings.some(({ id }) => isSameId(id, recording.id))) {
      recordings.push({ ...recording, region: regionName(readField(entry, 'region')) });
    }
  }
  return { recordings, failed };
}

/** The SDKs write `us_east_1`. What is no name of a region stands for one that is not known. */
function regionName(stated: unknown): string | undefined {
  if (typeof stated !== 'string' || stated === '') return undefined;
  const name = stated.trim().toLowerCase().replaceAll('_', '-');
  return /^[a-z]{2,5}(?:-[a-z]{2,12}){1,3}-\d{1,2}$/.test(name) ? name : 'unknown';
}
