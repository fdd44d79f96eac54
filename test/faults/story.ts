import { createHash } from 'node:crypto';
import type { RecordingIds } from '../../src/ports.ts';
import { MIN_PART_BYTES } from '../../src/store/s3/part-size.ts';
import type { SourceEvent, SourceFile } from './simulated-platform.ts';

/** Five minutes before midnight UTC: attempts of one event fall on different days. */
export const STORY_BEGINS = Date.UTC(2026, 1, 28, 23, 55);

export interface StoryOptions {
  readonly seed: number;
  readonly random: () => number;
  /** Chance in [0, 1] that a file is large enough to be uploaded in parts. */
  readonly largeFiles?: number;
  /** Chance that a recording is not ready at once; default 0.3. */
  readonly waiting?: number;
}

/** What is recorded in one schedule: a few conversations in both dialects, files of many kinds. */
export function writeStory({ seed, random, largeFiles = 0, waiting = 0.3 }: StoryOptions): SourceEvent[] {
  let serial = 0;
  const chance = (probability: number) => random() < probability;
  const uuid = () => {
    serial += 1;
    const hex = createHash('sha256').update(`${seed}/${serial}`).digest('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
  };
  const file = (ids: RecordingIds, waits: boolean): SourceFile => ({
    ids,
    versions: [recordingBytes(sizeOf(random, chance(largeFiles)), chance(0.6), random)],
    statesLength: chance(0.6),
    recordedAt: chance(0.5) ? STORY_BEGINS - Math.floor(random() * 3_600_000) : undefined,
    readyAt: STORY_BEGINS + (waits ? Math.floor(random() * 1_200_000) : 0),
  });
  return Array.from({ length: 2 + Math.floor(random() * 3) }, (): SourceEvent => {
    const conversationId = uuid();
    if (chance(0.6)) {
      const recordingId = uuid();
      const occurredAt = chance(0.5) ? STORY_BEGINS - Math.floor(random() * 600_000) : undefined;
      return {
        request: {
          dialect: 'media',
          mediaId: recordingId,
          interactionId: conversationId,
          ...(occurredAt === undefined ? {} : { occurredAt }),
        },
        files: [file({ recordingId, conversationId }, chance(waiting))],
      };
    }
    const files = Array.from({ length: 1 + Math.floor(random() * 2) }, () => {
      const recordingId = uuid();
      const waits = chance(waiting);
      if (chance(0.6)) return [file({ recordingId, conversationId }, waits)];
      const [left, right] = ['0', '1'].map((channel) =>
        file({ recordingId, conversationId, channel }, waits),
      );
      // files of one recording carry one time
      return left === undefined || right === undefined
        ? []
        : [left, { ...right, recordedAt: left.recordedAt, readyAt: left.readyAt }];
    }).flat();
    return { request: { dialect: 'recordings', conversationId, endedAt: STORY_BEGINS }, files };
  });
}

/** The event as it arrives in a queue. */
export function eventBody({ request }: SourceEvent): string {
  const iso = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());
  return JSON.stringify(
    request.dialect === 'media'
      ? { mediaId: request.mediaId, interactionId: request.interactionId, endTime: iso(request.occurredAt) }
      : { conversationId: request.conversationId, endedAt: iso(request.endedAt) },
  );
}

function sizeOf(random: () => number, large: boolean): number {
  return large
    ? MIN_PART_BYTES + Math.floor(random() * MIN_PART_BYTES * 1.5)
    : 100 + Math.floor(random() * 3000);
}

/** A WAV file whose header states its length, or leaves it open as live recorders do. */
function recordingBytes(size: number, exact: boolean, random: () => number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 12; at < size; at += size > 10_000 ? 4099 : 1) bytes[at] = Math.floor(random() * 256);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(exact ? size - 8 : 0xffff_ffff, 4);
  bytes.write('WAVE', 8, 'latin1');
  return bytes;
}
