import type { RecordingKind } from '../../recording/facts.ts';
import { isSafeId } from '../../recording/id.ts';
import { parseRecordingTime } from '../../recording/time.ts';
import { readField as read, readList } from '../responses.ts';
import { kindOf } from './file-formats.ts';

/** What is read of `Recording` and `RecordingMetadata`; everything else is left alone. */
export interface RecordingAnswer {
  readonly id: string;
  readonly kind: RecordingKind;
  /** e.g. `Trunk`; one word. */
  readonly subtype: string | undefined;
  readonly media: string | undefined;
  readonly fileState: string | undefined;
  /** Epoch ms. Is in the past where the recording has been moved to the platform's archive, with any `fileState`. */
  readonly archiveDate: number | undefined;
  readonly archiveMedium: string | undefined;
  /** As stated, to be sent back unchanged: a PUT without it takes it away. */
  readonly deleteDate: string | undefined;
  /** By channel: `S` for one file of all, else `0`, `1`. Empty while no file exists. */
  readonly files: readonly { readonly channel: string; readonly url: string }[];
  readonly estimatedTranscodeTimeMs: number | undefined;
  readonly durationMs: number | undefined;
  /** Epoch ms. */
  readonly recordedAt: number | undefined;
  readonly endedAt: number | undefined;
  /** Where it was paused or on hold, as far as its annotations are stated. */
  readonly pauses: readonly Pause[];
  /** AWS region the file is kept in; only the list of recordings states it. */
  readonly region?: string | undefined;
}

/** An annotation with a place in the recording, e.g. of a secure pause; ms from its start. */
export interface Pause {
  readonly reason: string;
  readonly offsetMs: number;
  readonly durationMs: number;
}

/** What is longer is cut. */
const MAX_REASON_CHARS = 256;

/** A channel becomes part of an object's key. */
const CHANNEL = /^[A-Za-z0-9_-]{1,32}$/;

/** One recording; `undefined` when the value is none. Its id is checked before it can reach a path or a key. */
export function readRecording(value: unknown): RecordingAnswer | undefined {
  const text = (name: string) => {
    const field = read(value, name);
    return typeof field === 'string' ? field : undefined;
  };
  const count = (name: string) => {
    const field = read(value, name);
    return typeof field === 'number' && Number.isFinite(field) && field > 0 ? field : undefined;
  };
  const id = text('id');
  if (!isSafeId(id)) return undefined;
  const media = text('media');
  // The full recording's start comes first: access restrictions to segments of it change `startTime`.
  const recordedAt = ['originalRecordingStartTime', 'startTime', 'creationTime']
    .map((name) => parseRecordingTime(read(value, name)))
    .find((at) => at !== undefined);
  return {
    id,
    kind: kindOf(media, text('mediaSubtype')),
    subtype: /^[A-Za-z]{1,40}$/.exec(text('mediaSubtype') ?? '')?.[0],
    media,
    fileState: text('fileState'),
    archiveDate: parseRecordingTime(read(value, 'archiveDate')),
    archiveMedium: text('archiveMedium'),
    deleteDate: text('deleteDate'),
    files: readFiles(read(value, 'mediaUris')),
    estimatedTranscodeTimeMs: count('estimatedTranscodeTimeMs'),
    durationMs: count('outputDurationMs'),
    recordedAt,
    endedAt: parseRecordingTime(read(value, 'endTime')),
    pauses: readPauses(read(value, 'annotations')),
  };
}

/** What is malformed, or has no place in the recording, is left out. Pure. */
export function readPauses(annotations: unknown): readonly Pause[] {
  return readList(annotations).flatMap((annotation) => {
    const reason = read(annotation, 'reason');
    const offsetMs = read(annotation, 'location');
    const durationMs = read(annotation, 'durationMs');
    if (typeof reason !== 'string' || reason === '') return [];
    if (typeof offsetMs !== 'number' || typeof durationMs !== 'number') return [];
    return [{ reason: reason.slice(0, MAX_REASON_CHARS), offsetMs, durationMs }];
  });
}

function readFiles(mediaUris: unknown): RecordingAnswer['files'] {
  if (typeof mediaUris !== 'object' || mediaUris === null) return [];
  return Object.entries(mediaUris)
    .flatMap(([channel, result]: [string, unknown]) => {
      const url = read(result, 'mediaUri');
      return typeof url === 'string' && url !== '' && CHANNEL.test(channel) ? [{ channel, url }] : [];
    })
    .toSorted((one, other) => (one.channel < other.channel ? -1 : 1));
}
