import type { Budget } from '../clock.ts';
import type { MediaItem, ObjectStore } from '../ports.ts';
import { canonicalIds, isSameRecording } from '../record/identity.ts';
import type { Layout } from '../record/layout.ts';
import { receiptKey } from '../record/object-key.ts';
import type { FileFacts } from '../recording/facts.ts';
import { type FiledRecording, filingTime } from './filing-time.ts';

/**
 * A stand-in for the file of a recording that the archive has with its receipt, so that the platform need not make it again. Who
 * archives it finds the object, and opens nothing. `undefined` where the archive has none, or more has to be looked at than a key.
 */
export async function findKept(
  { store, layout }: { readonly store: ObjectStore; readonly layout: Layout },
  recording: FiledRecording & { readonly file: FileFacts },
  budget: Budget,
): Promise<MediaItem | undefined> {
  const { conversationId, recordingId, file, extension } = recording;
  const at = layout.filedBy === 'recording' ? filingTime(layout, recording) : undefined;
  if (at === undefined) return undefined;
  const spelled = { recordingId, conversationId };
  const ids = canonicalIds(spelled);
  const key = layout.keyOf({ ids, at, extension });
  const stat = await store.head(key, budget);
  if (stat === undefined || !isSameRecording(stat, ids)) return undefined;
  if ((await store.head(receiptKey(key), budget)) === undefined) return undefined;
  return { ids: spelled, url: 'archived:', recordedAt: at, file };
}
