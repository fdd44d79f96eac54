import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ArchiveRequest, MediaItem, RecordingIds, TerminalRecording } from '../ports.ts';
import type { ArchivePorts } from './archive-ports.ts';
import { claimFirstSeen } from './claim.ts';
import { DATE_LAYOUT } from '../record/layout.ts';

/** Where a file is kept, and the time that says so. */
export interface RecordingPlace {
  readonly key: string;
  /** Epoch ms. */
  readonly at: number;
}

type PlacingPorts = Pick<ArchivePorts, 'layout' | 'store' | 'clock'>;

/** The place of a file whose time is known. @throws `EVENT_INVALID` (not retryable). */
export function placeAt(
  { layout = DATE_LAYOUT }: PlacingPorts,
  ids: RecordingIds,
  at: number,
): RecordingPlace {
  return { key: layout.keyOf({ ids, at }), at };
}

/**
 * The place of a file that the platform has told about. Filed by recording, its time is the one the event states, else the
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
): Promise<RecordingPlace> {
  const stated = (request.dialect === 'media' ? request.occurredAt : undefined) ?? item.recordedAt;
  return place(ports, request, item, stated, budget);
}

/** The place that a recording would have if it had a file. Throws as {@link placeItem}. */
export function placeTerminal(
  ports: PlacingPorts,
  request: ArchiveRequest,
  recording: TerminalRecording,
  budget: Budget,
): Promise<RecordingPlace> {
  return place(ports, request, recording, undefined, budget);
}

async function place(
  ports: PlacingPorts,
  request: ArchiveRequest,
  { ids, file, conversation }: Pick<MediaItem, 'ids' | 'file' | 'conversation'>,
  stated: number | undefined,
  budget: Budget,
): Promise<RecordingPlace> {
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
    return { key: layout.keyOf({ ids, at, extension }), at };
  }
  const at =
    stated ?? (await claimFirstSeen(ports.store, ids.recordingId, firstSeen(ports, request), budget));
  return { key: layout.keyOf({ ids, at, extension }), at };
}

/** For a claim. The end of the conversation, where the event states it, says more than the time of this attempt. */
function firstSeen({ clock }: PlacingPorts, request: ArchiveRequest): number {
  return (request.dialect === 'recordings' ? request.endedAt : undefined) ?? clock.now();
}
