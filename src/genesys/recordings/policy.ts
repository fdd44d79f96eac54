import type { RecordingKind } from '../../recording/facts.ts';

/** What the states of recordings mean, and how long to wait for which. Pure. */

/** Formats the platform makes of audio. `NONE` is left out: what it gives is not documented. */
export const AUDIO_FORMATS = ['WAV', 'WAV_ULAW', 'WEBM', 'OGG_OPUS', 'OGG_VORBIS', 'MP3'] as const;
export type AudioFormat = (typeof AUDIO_FORMATS)[number];

/**
 * `media` is free text; its values differ between `Recording` and `RecordingMetadata` ("messaging", "message"). What is not known
 * is taken for a call: to archive something odd is better than to leave it out.
 */
export function kindOf(media: string | undefined, mediaSubtype: string | undefined): RecordingKind {
  if (mediaSubtype?.toLowerCase() === 'screen') return 'screen';
  switch (media?.toLowerCase() ?? '') {
    case 'screen':
      return 'screen';
    case 'chat':
      return 'chat';
    case 'email':
      return 'email';
    case 'message':
    case 'messaging':
      return 'message';
    default:
      return 'call';
  }
}

/**
 * The query for one downloadable file. Screens are video, which of all formats only WebM can hold; text ignores the audio format
 * and has containers of its own.
 */
export function formatQuery(kind: RecordingKind, format: AudioFormat): Readonly<Record<string, string>> {
  return {
    download: 'true',
    formatId: kind === 'screen' ? 'WEBM' : format,
    chatFormatId: 'ZIP',
    emailFormatId: 'EML',
    messageFormatId: 'ZIP',
  };
}

/** Of the files that {@link formatQuery} asks for: for Opus that of the platform's own export, else the usual one. */
export function extensionOf(kind: RecordingKind, format: AudioFormat): string {
  switch (kind) {
    case 'screen':
      return 'webm';
    case 'chat':
    case 'message':
      return 'zip';
    case 'email':
      return 'eml';
    case 'call':
      return { WAV: 'wav', WAV_ULAW: 'wav', WEBM: 'webm', OGG_OPUS: 'opus', OGG_VORBIS: 'ogg', MP3: 'mp3' }[
        format
      ];
  }
}

const EXTENSIONS: ReadonlyMap<string, string> = new Map([
  ['audio/wave', 'wav'],
  ['audio/vnd.wave', 'wav'],
  ['audio/mpeg', 'mp3'],
  ['message/rfc822', 'eml'],
  ['text/plain', 'txt'],
]);

/**
 * Of a file of a batch, which comes in the format it was recorded in: the second half of its content type, as the platform's own
 * samples name such files. `bin` where that is no extension.
 */
export function extensionOfType(contentType: string | undefined): string {
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (isJsonType(type)) return 'json';
  const [, half = ''] = /^[a-z]+\/(?:x-)?([a-z0-9]{1,8})$/.exec(type) ?? [];
  return EXTENSIONS.get(type) ?? (half === '' ? 'bin' : half);
}

/** Reports whether a content type without parameters, in lower case, is JSON: that of transcripts in a batch. */
function isJsonType(type: string): boolean {
  return /^(?:application|text)\/(?:[a-z0-9.-]{1,60}\+)?json$/.test(type);
}

export type Triage = 'fetch' | 'wait' | 'restore' | 'deleted' | 'error';

/** What to do about a recording in that state. States that do not exist yet are tried: the file decides. */
export function triage(fileState: string | undefined): Triage {
  switch (fileState ?? '') {
    case 'UPLOADING':
    case 'RESTORING':
      return 'wait';
    case 'ARCHIVED':
      return 'restore';
    case 'DELETED':
      return 'deleted';
    case 'ERROR':
      return 'error';
    default:
      return 'fetch';
  }
}

const MINUTE = 60_000;

/** SQS delays no message for longer than 15 minutes, so a longer wait could not be honoured. */
export const MAX_WAIT_MS = 15 * MINUTE;

/** Bringing a recording back from the archive takes hours. */
export const RESTORING_WAIT_MS = MAX_WAIT_MS;

/**
 * When to look again for what should appear by itself: a third of the time it has been missing so far, so that a late recording
 * is late by a third more at most, and a horizon of two hours costs fewer than twenty calls.
 *
 * @param ageMs since the end of the conversation; `undefined` while that is unknown.
 */
export function waitForAppearance(ageMs: number | undefined): number {
  if (ageMs === undefined) return 5 * MINUTE;
  return Math.round(Math.min(MAX_WAIT_MS, Math.max(MINUTE, ageMs / 3)));
}

/** What is said of a recording that waits for others to be brought back first. */
export const QUEUED_FOR_RESTORE = 'waiting for its turn to be brought back';

/** Pauses between two looks at a file that is being made, ms, where the platform does not say how long it takes. */
const TRANSCODING_PAUSES = [5_000, 5_000, 10_000, 15_000, 30_000, 30_000, 60_000] as const;

/**
 * When to look again for a file that is being made.
 * @param estimateMs what the platform says is left, if it does.
 * @param looks how often it was not there yet, from 1.
 */
export function waitForTranscoding(estimateMs: number | undefined, looks: number): number {
  const schedule = TRANSCODING_PAUSES[Math.min(looks, TRANSCODING_PAUSES.length) - 1] ?? 60_000;
  if (estimateMs === undefined || !(estimateMs > 0)) return schedule;
  // a quarter on top: what asks a moment too early asks twice
  return Math.min(MAX_WAIT_MS, Math.max(1_000, Math.round(estimateMs * 1.25)));
}

/** A state as it may be printed: at most 40 lower-case letters, spaces and dashes of the platform's word. */
export function wordOf(state: string): string {
  return state
    .toLowerCase()
    .replaceAll(/[^a-z -]/g, '')
    .slice(0, 40);
}
