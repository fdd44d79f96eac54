import type { AudioFormat, RecordingKind } from '../../recording/facts.ts';

/** Which kind a recording is of, which file of it is asked for, and what that is called. Pure. */

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
