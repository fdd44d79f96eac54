import type { Budget, Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type {
  ArchiveRequest,
  Envelope,
  MediaItem,
  MediaOpener,
  MediaResolver,
  ObjectStat,
  ObjectStore,
  RecordingIds,
  ReferenceWriter,
} from '../ports.ts';
import { claimFirstSeen } from './claim.ts';
import { idempotencyMetadata, isSameRecording } from './identity.ts';
import { objectKey } from './object-key.ts';
import { storeRecording } from './store-recording.ts';

export interface ArchivePorts {
  readonly resolver: MediaResolver;
  readonly opener: MediaOpener;
  readonly envelope: Envelope;
  readonly store: ObjectStore;
  /** `undefined` when no reference is to be written back. */
  readonly references: ReferenceWriter | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type ArchiveResult =
  /** `stored` is false when the object stood there already, from an earlier delivery of the same event. */
  | {
      readonly state: 'archived';
      readonly ids: RecordingIds;
      readonly key: string;
      readonly bytes: number;
      readonly stored: boolean;
      readonly resumes: number;
      readonly restarts: number;
    }
  | {
      readonly state: 'not-ready';
      readonly ids: RecordingIds;
      readonly status: string;
      readonly retryAfterMs: number;
    }
  | { readonly state: 'gone'; readonly ids: RecordingIds; readonly reason: string };

/**
 * Archives one recording, exactly once: fetch, encrypt, store, verify, write the reference back. Safe to repeat at any point:
 * a redelivery finds the stored object under the same key, downloads nothing, and finishes the write-back.
 *
 * @throws ArchiveError; `retryable` says whether the same request may succeed later.
 */
export async function archiveRecording(
  ports: ArchivePorts,
  request: ArchiveRequest,
  budget: Budget,
): Promise<ArchiveResult> {
  if (request.dialect !== 'media') {
    throw new ArchiveError('EVENT_INVALID', 'events of the published API cannot be archived yet');
  }
  const ids: RecordingIds = { recordingId: request.mediaId, conversationId: request.interactionId };
  const { recordingId } = ids;

  // The event's own time names the key without asking the platform, so a redelivery costs it nothing.
  if (request.occurredAt !== undefined) {
    const key = objectKey({ recordingId, at: request.occurredAt });
    const present = await ports.store.head(key, budget);
    if (present !== undefined)
      return finish(ports, ids, requireSame(present, ids), { stored: false }, budget);
    const resolution = await ports.resolver.resolve(request, budget);
    if (resolution.state !== 'ready') return { ...resolution, ids };
    return storeAndFinish(ports, request, onlyItem(resolution.items), key, budget);
  }

  const resolution = await ports.resolver.resolve(request, budget);
  if (resolution.state !== 'ready') return { ...resolution, ids };
  const item = onlyItem(resolution.items);
  const at = item.recordedAt ?? (await claimFirstSeen(ports.store, recordingId, ports.clock.now(), budget));
  const key = objectKey({ recordingId, at });
  const present = await ports.store.head(key, budget);
  if (present !== undefined) return finish(ports, ids, requireSame(present, ids), { stored: false }, budget);
  return storeAndFinish(ports, request, item, key, budget);
}

async function storeAndFinish(
  ports: ArchivePorts,
  request: ArchiveRequest,
  item: MediaItem,
  key: string,
  budget: Budget,
): Promise<ArchiveResult> {
  const { ids } = item;
  const refresh = async (): Promise<MediaItem> => {
    const again = await ports.resolver.resolve(request, budget);
    if (again.state === 'ready') return onlyItem(again.items);
    throw new ArchiveError('MEDIA_LINK_EXPIRED', `no fresh download link: the recording is ${again.state}`);
  };
  const { result, resumes, restarts } = await storeRecording(
    ports,
    item,
    refresh,
    key,
    idempotencyMetadata(ids),
    budget,
  );
  if (result.outcome === 'stored')
    return finish(ports, ids, result.stat, { stored: true, resumes, restarts }, budget);
  // Another delivery of the same event was faster, between our look and our write.
  const present = await ports.store.head(key, budget);
  if (present === undefined) {
    throw new ArchiveError('STORE_UNAVAILABLE', `${key} was refused as existing and then not found`);
  }
  return finish(ports, ids, requireSame(present, ids), { stored: false, resumes, restarts }, budget);
}

async function finish(
  { references, logger }: ArchivePorts,
  ids: RecordingIds,
  stat: ObjectStat,
  how: { stored: boolean; resumes?: number; restarts?: number },
  budget: Budget,
): Promise<ArchiveResult> {
  const { key, size } = stat;
  const { recordingId, conversationId } = ids;
  logger.log('info', how.stored ? 'stored' : 'found in the archive', {
    recordingId,
    conversationId,
    key,
    bytes: size,
    state: 'stored',
  });
  await references?.write(ids, { key, archivedAt: stat.lastModified, algorithm: 'AES-256-GCM' }, budget);
  return { state: 'archived', ids, key, bytes: size, resumes: 0, restarts: 0, ...how };
}

function requireSame(stat: ObjectStat, ids: RecordingIds): ObjectStat {
  if (isSameRecording(stat, ids)) return stat;
  throw new ArchiveError('KEY_COLLISION', `an object of another recording stands under ${stat.key}`, {
    details: { key: stat.key, recordingId: ids.recordingId },
  });
}

function onlyItem(items: readonly MediaItem[]): MediaItem {
  const [item] = items;
  if (item === undefined) throw new ArchiveError('GENESYS_BAD_RESPONSE', 'the recording has no file');
  return item;
}
