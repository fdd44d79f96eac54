import type { Budget } from '../../clock.ts';
import { parseRecordingTime } from '../../recording/time.ts';
import type { GenesysApi } from '../api-client.ts';
import { parseJsonObject } from '../responses.ts';
import { readRecording } from './answers.ts';

/** `gone`: the platform has no such recording, or shows it to no one; `unknown`: it said something else. */
export type SourceDate =
  | { readonly state: 'set' /** Epoch ms. */; readonly deleteDate: number }
  | { readonly state: 'none' | 'forbidden' | 'gone' | 'unknown' };

/**
 * When the platform itself deletes a recording. `GET /api/v2/conversations/{id}/recordings/{id}`, which starts no transcoding with
 * `download=false`.
 *
 * @throws what the call throws.
 */
export async function readSourceDate(
  api: GenesysApi,
  { conversationId, recordingId }: { readonly conversationId: string; readonly recordingId: string },
  budget: Budget,
): Promise<SourceDate> {
  const path = ['api', 'v2', 'conversations', conversationId, 'recordings', recordingId];
  const answer = await api.call({ method: 'GET', path, query: { download: 'false' } }, budget);
  if (answer.status === 404) return { state: 'gone' };
  if (answer.status === 403) return { state: 'forbidden' };
  const recording =
    answer.status === 200 || answer.status === 202 ? readRecording(parseJsonObject(answer.text)) : undefined;
  if (recording?.id.toLowerCase() !== recordingId.toLowerCase()) return { state: 'unknown' };
  if (recording.deleteDate === undefined) return { state: 'none' };
  const deleteDate = parseRecordingTime(recording.deleteDate);
  return deleteDate === undefined ? { state: 'unknown' } : { state: 'set', deleteDate };
}
