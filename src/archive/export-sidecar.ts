import type { Budget } from '../clock.ts';
import type { MediaItem, ObjectStore } from '../ports.ts';
import { exportMetadata, sidecarKey } from '../record/genesys-export.ts';
import { putSmall } from '../record/small-object.ts';

/**
 * Puts the platform's own `_metadata.json` beside the file under `key`, unless there is one. It is read by other people's programs
 * and therefore in clear, so it names no person: who spoke is in the encrypted context.
 *
 * @throws what the store throws.
 */
export async function keepSidecar(
  store: ObjectStore,
  { ids, file, conversation, recordedAt }: MediaItem,
  key: string,
  budget: Budget,
): Promise<void> {
  const place = sidecarKey(key);
  if (file === undefined || (await store.head(place, budget)) !== undefined) return;
  const metadata = exportMetadata({
    kind: file.kind,
    subtype: file.subtype,
    provider: conversation?.provider,
    direction: conversation?.direction,
    conversationId: ids.conversationId,
    recordingId: ids.recordingId,
    startedAt: recordedAt,
    endedAt: file.endedAt,
  });
  await putSmall(store, place, Buffer.from(`${JSON.stringify(metadata)}\n`), budget);
}
