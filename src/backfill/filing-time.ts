import type { ConversationTimes } from '../ports.ts';
import { canonicalIds } from '../record/identity.ts';
import type { Layout } from '../record/layout.ts';

/** A recording as the platform lists it, and when its conversation was. */
export interface FiledRecording {
  readonly conversationId: string;
  readonly recordingId: string;
  /** Epoch ms, where the list states it. */
  readonly recordedAt: number | undefined;
  readonly times: ConversationTimes | undefined;
  readonly extension: string;
}

/**
 * A time (epoch ms) under which a recording has the key that a live event would have given it; `undefined` where only the recording
 * itself can tell. The platform's list states no times but those of screens. A recording begins within its conversation: where its
 * first and its last moment give one and the same key, every moment between them does.
 */
export function filingTime(layout: Layout, recording: FiledRecording): number | undefined {
  const { recordedAt, times, extension } = recording;
  if (recordedAt !== undefined) return recordedAt;
  if (times === undefined || layout.filedBy !== 'recording') return undefined;
  const { recordingId, conversationId } = recording;
  const ids = canonicalIds({ recordingId, conversationId });
  const keyAt = (at: number) => layout.keyOf({ ids, at, extension });
  return keyAt(times.startedAt) === keyAt(times.endedAt) ? times.startedAt : undefined;
}
