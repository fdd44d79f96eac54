import type { Budget } from '../clock.ts';
import type { MediaItem, ObjectStore } from '../ports.ts';
import { canonicalIds, isSameRecording } from '../record/identity.ts';
import type { Layout } from '../record/layout.ts';
import { receiptKey } from '../record/object-key.ts';
import type { FileFacts } from '../recording-facts.ts';

/** A recording as the platform lists it. */
export interface ListedRecording {
  readonly conversationId: string;
  readonly recordingId: string;
  /** Epoch ms. */
  readonly recordedAt: number | undefined;
  readonly file: FileFacts;
}

/**
 * A stand-in for the file of a recording that the archive has with its receipt, so that the platform need not make it again. Who
 * archives it finds the object, and opens nothing. `undefined` where the archive has none, or more has to be looked at than a key.
 */
export async function findKept(
  { store, layout }: { readonly store: ObjectStore; readonly layout: Layout },
  { conversationId, recordingId, recordedAt, file }: ListedRecording,
  budget: Budget,
): Promise<MediaItem | undefined> {
  if (recordedAt === undefined || layout.filedBy !== 'recording') return undefined;
  const spelled = { recordingId, conversationId };
  const ids = canonicalIds(spelled);
  const key = layout.keyOf({ ids, at: recordedAt, extension: file.extension });
  const stat = await store.head(key, budget);
  if (stat === undefined || !isSameRecording(stat, ids)) return undefined;
  if ((await store.head(receiptKey(key), budget)) === undefined) return undefined;
  return { ids: spelled, url: 'archived:', recordedAt, file };
}
