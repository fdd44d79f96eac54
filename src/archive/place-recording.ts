import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ArchiveRequest, MediaItem, ObjectStore, RecordingIds, TerminalRecording } from '../ports.ts';
import type { ArchivePorts } from './ports.ts';
import type { Filing } from './filing.ts';
import { DATE_LAYOUT } from '../record/layout.ts';
import { claimKey } from '../record/object-key.ts';
import { getSmall, putSmall } from '../record/small-object.ts';

interface Stated {
  /** Epoch ms, as the event or the platform states it. */
  readonly stated?: number | undefined;
}

type PlacingPorts = Pick<ArchivePorts, 'layout' | 'store' | 'clock'>;

/** Files a recording whose time is known. @throws `EVENT_INVALID` (not retryable). */
export function placeAt({ layout = DATE_LAYOUT }: PlacingPorts, ids: RecordingIds, at: number): Filing {
  return { ids, key: layout.keyOf({ ids, at }), at };
}

/**
 * Files what the platform offers. Filed by recording, its time is the one the event states, else the
 * platform's, else one that is pinned in the archive now and for all redeliveries. Filed by conversation, there is only the
 * conversation's own start.
 *
 * @throws `EVENT_INVALID` (not retryable) when the layout needs what the event's dialect does not know; what the store throws.
 */
export async function placeItem(
  ports: PlacingPorts,
  request: ArchiveRequest,
  item: MediaItem,
  budget: Budget,
): Promise<Filing> {
  const stated = (request.dialect === 'media' ? request.occurredAt : undefined) ?? item.recordedAt;
  return place(ports, request, { ...item, stated }, budget);
}

/** Files a recording as if it had a file. Throws as {@link placeItem}. */
export function placeTerminal(
  ports: PlacingPorts,
  request: ArchiveRequest,
  recording: TerminalRecording,
  budget: Budget,
): Promise<Filing> {
  return place(ports, request, recording, budget);
}

async function place(
  ports: PlacingPorts,
  request: ArchiveRequest,
  { ids, file, conversation, stated }: Pick<MediaItem, 'ids' | 'file' | 'conversation'> & Stated,
  budget: Budget,
): Promise<Filing> {
  const { layout = DATE_LAYOUT } = ports;
  const extension = file?.extension;
  if (layout.filedBy === 'conversation') {
    if (conversation === undefined) {
      throw new ArchiveError(
        'EVENT_INVALID',
        `the layout ${layout.name} needs the start of the conversation`,
      );
    }
    const { startedAt: at } = conversation;
    return { ids, key: layout.keyOf({ ids, at, extension }), at };
  }
  const at =
    stated ?? (await claimFirstSeen(ports.store, ids.recordingId, firstSeen(ports, request), budget));
  return { ids, key: layout.keyOf({ ids, at, extension }), at };
}

/** For a claim. The end of the conversation, where the event states it, says more than the time of this attempt. */
function firstSeen({ clock }: PlacingPorts, request: ArchiveRequest): number {
  return (request.dialect === 'recordings' ? request.endedAt : undefined) ?? clock.now();
}

/** Bytes; a claim is about 60. */
const MAX_CLAIM_BYTES = 1024;

/**
 * For a recording whose time neither the event nor the platform states: pins the time it was first seen, in one conditional write, so that every retry and
 * redelivery files it under the same day.
 *
 * @param now epoch ms, used only if no claim stands yet.
 * @returns the pinned time, epoch ms.
 */
export async function claimFirstSeen(
  store: ObjectStore,
  recordingId: string,
  now: number,
  budget: Budget,
): Promise<number> {
  const key = claimKey(recordingId);
  const body = Buffer.from(`${JSON.stringify({ firstSeen: new Date(now).toISOString() })}\n`);
  if ((await putSmall(store, key, body, budget)) === 'stored') return now;
  const text = await getSmall(store, key, MAX_CLAIM_BYTES, budget);
  if (text === undefined) {
    throw new ArchiveError('STORE_UNAVAILABLE', `${key} was refused as existing and then not found`);
  }
  const at = Date.parse(/^\{"firstSeen":"([0-9TZ:.-]+)"\}\n$/.exec(text)?.[1] ?? '');
  if (Number.isFinite(at)) return at;
  throw new ArchiveError('OBJECT_MALFORMED', `${key} is not a claim`);
}
