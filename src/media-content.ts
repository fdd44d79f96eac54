import type { FileFacts } from './recording/facts.ts';

/**
 * Tells recordings from pages, error messages and other files by their first bytes. Content types are hints only: hosts label
 * recordings `text/plain` and error pages `audio/wav`. Pure; docs/decisions/003-length-of-a-recording.md gives the reasons.
 */

/** Blanks and comments before markup are skipped this far. */
export const MAX_SNIFFED_BYTES = 1024;

/**
 * `media`: a container of audio or video. `markup`, `json`, `text`: pages, errors, transcripts. `foreign`: a known format that holds
 * no recording. `binary`: none of these; headerless audio looks like this.
 */
export type Content = 'media' | 'zip' | 'markup' | 'json' | 'text' | 'foreign' | 'binary';

/**
 * `media`: audio or video of any kind. `container`: audio or video with a header, because such a format was asked for or announced.
 * `zip`, `text`, `json`, `markup`: what the platform announced.
 */
export type Expectation = 'media' | 'container' | 'zip' | 'text' | 'json' | 'markup';

/* oxlint-disable no-control-regex -- signatures of binary formats hold control characters */

/** Signatures of audio and video containers, as Latin-1. None of them is text. */
const MEDIA_SIGNATURES: readonly RegExp[] = [
  // RIFF and its relatives: WAV, AVI, big-endian RIFX, RF64 and BW64 (EBU Tech 3306), Sony Wave64
  /^(?:RIFF|RIFX|RF64|BW64|riff\x2e\x91\xcf\x11)/,
  /^OggS/,
  // EBML (RFC 8794): WebM, Matroska
  /^\x1a\x45\xdf\xa3/,
  // ISO base media (ISO/IEC 14496-12): MP4, M4A, 3GP, QuickTime
  /^[^]{4}(?:ftyp|styp|moov|moof|mdat|wide|free|skip)/,
  /^fLaC/,
  /^ID3/,
  // ASF: WMA, WMV
  /^\x30\x26\xb2\x75\x8e\x66\xcf\x11/,
  // Sun audio, in either byte order
  /^(?:\.snd|dns\.)/,
  /^FORM[^]{4}(?:AIF[FC]|8SVX)/,
  /^caff\0/,
  /^(?:Creative Voice File\x1a|MAC |wvpk|TTA[12]|FLV\x01|Yamaha|\x64\xa3\x01\0)/,
  // MPEG transport stream
  /^\x47[^]{187}\x47/,
  /^\0\0\x01[\xba\xb3]/,
];

/** Containers whose header is text: AMR (RFC 4867), SILK, EVS, NIST SPHERE. */
const TEXT_SIGNATURES = /^(?:#!AMR(?:-WB)?(?:_MC1\.0)?\n|\x02?#!SILK_V3|#!EVS_MC1\.0\n|NIST_1A\n {3}1024\n)/;

/** Documents, images, archives, fonts, programs, databases, and uploads to S3 that were stored with their signatures. */
const FOREIGN_SIGNATURES: readonly RegExp[] = [
  /^(?:%PDF-|\xd0\xcf\x11\xe0\xa1|SQLite format 3\0|[0-9a-f]{1,8};chunk-signature=)/,
  // PNG, JPEG, GIF, TIFF, BMP (its four reserved bytes are zeros), WebP, HEIF and AVIF, JPEG 2000
  /^(?:\x89PNG\r|\xff\xd8\xff[\xc0-\xfe]|GIF8|II\x2a\0|MM\0\x2a|BM[^]{4}\0{4}|RIFF[^]{4}WEBP)/,
  /^[^]{4}(?:ftyp(?:hei[cxmsf]|hev[cx]|mif1|msf1|avi[fs])|jP {2}\r\n\x87\n)/,
  // ICO with the entry of its first image: six bytes of it alone are the quietest beginning of linear PCM
  /^\0\0\x01\0[\x01-\x20]\0[^]{3}\0[\0\x01]\0[\x01\x04\x08\x18\x20]\0[^]{4}[\x06-\xf6][\0-\x02]\0\0/,
  // gzip, bzip2, xz, 7z, Zstandard, LZ4, RAR, tar
  /^(?:\x1f\x8b\x08|BZh[1-9]1AY|\xfd7zXZ\0|7z\xbc\xaf|\x28\xb5\x2f\xfd|\x04\x22\x4d\x18|Rar!\x1a|[^]{257}ustar[\0 ])/,
  /^(?:\x7fELF|MZ[\x90\0]\0|\xca\xfe\xba\xbe|\0asm\x01\0|wOF[F2])/,
];

/** Markup, told by its first tag alone. */
const MARKUP_START =
  /^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff|[\s\0])*<\0?(?:!\0?[d-]|\?\0?x|html|head|body|script|title|error|h1|center)/i;

/** @param head the first {@link MAX_SNIFFED_BYTES} of a file, or all of a shorter one. */
export function contentOf(head: Uint8Array): Content {
  const bytes = Buffer.from(head.buffer, head.byteOffset, Math.min(head.byteLength, MAX_SNIFFED_BYTES));
  const latin1 = bytes.toString('latin1');
  if (TEXT_SIGNATURES.test(latin1)) return 'media';
  const text = textOf(bytes);
  if (text !== undefined) return kindOfText(text);
  if (MARKUP_START.test(latin1)) return 'markup';
  if (/^PK(?:\x03\x04|\x05\x06|\x07\x08)/.test(latin1)) return 'zip';
  if (FOREIGN_SIGNATURES.some((signature) => signature.test(latin1))) return 'foreign';
  if (MEDIA_SIGNATURES.some((signature) => signature.test(latin1)) || isAudioFrame(bytes)) return 'media';
  return isNearlyText(latin1) ? kindOfText(latin1) : 'binary';
}

/** Text with a few control characters in it, such as a zero at its end. */
function isNearlyText(latin1: string): boolean {
  const printable = latin1.replaceAll(/[^\s\x20-\x7e]/g, '');
  return printable.length * 20 >= latin1.length * 19 && hasLetters(printable);
}

/** Reports whether bytes behind `head` may change what {@link contentOf} says of it. */
export function needsMoreBytes(head: Uint8Array): boolean {
  return head.byteLength < MAX_SNIFFED_BYTES && ['text', 'markup', 'json'].includes(contentOf(head));
}

/** MPEG audio (ISO/IEC 11172-3, section 2.4.2.3) or ADTS (ISO/IEC 13818-7): a sync word, and nothing behind it that is reserved. */
function isAudioFrame(bytes: Buffer): boolean {
  if (bytes.length < 4 || bytes.readUInt8(0) !== 0xff) return false;
  const [second, third] = [bytes.readUInt8(1), bytes.readUInt8(2)];
  if ((second & 0xe0) !== 0xe0) return false;
  if ((second & 0xf6) === 0xf0) return (third & 0x3c) <= 0x30;
  const isReserved = (second & 0x18) === 0x08 || (second & 0x06) === 0;
  return !isReserved && (third & 0xf0) !== 0xf0 && (third & 0x0c) !== 0x0c;
}

/** Fewer different characters are a constant signal: A-law silence is a row of `U`. */
const MIN_DISTINCT_CHARACTERS = 4;

/** The text that the bytes are, in UTF-8, UTF-16, UTF-32 or an 8-bit code that contains ASCII; `undefined` where they are none. */
function textOf(bytes: Buffer): string | undefined {
  const text = widthOf(bytes) === 1 ? decodeNarrow(bytes) : decodeWide(bytes);
  if (text === undefined || /[\0-\x08\x0e-\x1f\x7f\ufffe\uffff]/.test(text)) return undefined;
  const isBlank = text !== '' && /^[\s\ufeff]*$/.test(text);
  return isBlank || hasLetters(text) ? text : undefined;
}

function hasLetters(text: string): boolean {
  return new Set(text.replaceAll(/[\s\ufeff]/g, '')).size >= MIN_DISTINCT_CHARACTERS;
}

/** Bytes of one character of ASCII, told by a byte order mark or by the zeros between them. */
function widthOf(bytes: Buffer): 1 | 2 | 4 {
  const mark = bytes.toString('latin1', 0, 4);
  if (/^(?:\xff\xfe\0\0|\0\0\xfe\xff)/.test(mark) || /^(?:[^\0]\0\0\0|\0\0\0[^\0])/.test(mark)) return 4;
  return /^(?:\xff\xfe|\xfe\xff)/.test(mark) || /^(?:[^\0]\0[^\0]\0|\0[^\0]\0[^\0])/.test(mark) ? 2 : 1;
}

function decodeNarrow(bytes: Buffer): string | undefined {
  try {
    // `stream`: the last character may be cut
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
  } catch {
    const text = bytes.toString('latin1');
    const ascii = text.replaceAll(/[^\t-\r\x20-\x7e]/g, '').length;
    return ascii * 5 >= text.length * 4 ? text : undefined;
  }
}

function decodeWide(bytes: Buffer): string | undefined {
  const width = widthOf(bytes);
  const whole = bytes.subarray(0, bytes.length - (bytes.length % width));
  const mark = whole.toString('latin1', 0, width);
  const isBig = mark.startsWith('\0') || mark === '\xfe\xff';
  let text = '';
  for (let at = 0; at < whole.length; at += width) {
    const code = isBig ? whole.readUIntBE(at, width) : whole.readUIntLE(at, width);
    if (code > 0x10_ffff) return undefined;
    text += width === 2 ? String.fromCharCode(code) : String.fromCodePoint(code);
  }
  // a surrogate pair may be cut at the end
  return /\p{Surrogate}/u.test(text.slice(0, -1)) ? undefined : text;
}

function kindOfText(text: string): 'markup' | 'json' | 'text' {
  let rest = text.replace(/^[\s\ufeff]+/, '');
  while (rest.startsWith('<!--')) {
    const end = rest.indexOf('-->', 4);
    if (end === -1) return 'markup';
    rest = rest.slice(end + 3).trimStart();
    if (rest === '') return 'markup';
  }
  if (/^<[a-z!?/]/i.test(rest)) return 'markup';
  return /^(?:[[{"]|\)\]\}'|while\(|for\(;;\))/.test(rest) ? 'json' : 'text';
}

const ANNOUNCED: Readonly<Record<string, Expectation>> = {
  zip: 'zip',
  json: 'json',
  html: 'markup',
  xml: 'markup',
  eml: 'text',
  rfc822: 'text',
  txt: 'text',
  plain: 'text',
  csv: 'text',
  vtt: 'text',
  srt: 'text',
};

/** Extensions and subtypes of formats that begin with a header of {@link MEDIA_SIGNATURES}. MPEG audio need not. */
const HEADED = new Set(['wav', 'wave', 'vnd.wave', 'webm', 'ogg', 'opus', 'mp4', 'm4a', 'flac', 'matroska']);

/** What the platform calls recordings of sound and pictures, or the first half of their content type. */
const SOUND = /^(?:audio|call|callback|voice|voicemail|video|screen|application)$/;

/** The part of a `MediaItem` that says what its file is. */
interface Announced {
  readonly file?: FileFacts;
  readonly mediaType?: string;
}

/**
 * What the file of an item may be. The published dialect announces chats, messages, e-mails and transcripts; the tutorial's dialect
 * knows recordings only.
 */
export function expectationOf({ file, mediaType }: Announced): Expectation {
  if (file === undefined) return 'media';
  const announced = ANNOUNCED[file.extension];
  if (announced !== undefined) return announced;
  if (file.kind !== 'call' && file.kind !== 'screen') return 'json';
  // an unknown media type is taken for a call, with files of any kind
  if (mediaType !== undefined && !SOUND.test(mediaType)) return 'zip';
  return HEADED.has(file.extension) ? 'container' : 'media';
}

const REFUSED: Readonly<Record<Expectation, readonly Content[]>> = {
  media: ['markup', 'json', 'text', 'foreign', 'zip'],
  container: ['markup', 'json', 'text', 'foreign', 'zip', 'binary'],
  zip: ['markup', 'json', 'text'],
  text: ['markup', 'json'],
  json: ['markup'],
  markup: [],
};

const NAMES: Readonly<Record<Content, string>> = {
  media: 'audio or video',
  zip: 'a ZIP archive',
  markup: 'a web page or XML document',
  json: 'JSON',
  text: 'text',
  foreign: 'a document, image, archive or program',
  binary: 'data without the header of an audio or video format',
};

/** Reports whether a content type says that the body is text, markup or JSON. */
export function isTextType(contentType: string | undefined): boolean {
  return /^(?:text\/|application\/(?:[^;]*\+)?(?:xml|json|html|xhtml|problem)\b)/.test(contentType ?? '');
}

/**
 * Names what `content` is where it cannot be the file that is expected; `undefined` where it can.
 *
 * @param contentType as the host states it, in lower case, without parameters. It never refuses what {@link contentOf} recognizes.
 */
export function unexpectedContent(
  content: Content,
  expected: Expectation,
  contentType: string | undefined,
): string | undefined {
  const isMedia = expected === 'media' || expected === 'container';
  const [, subtype = ''] = /^(?:audio|video)\/(?:x-)?(.+)$/.exec(contentType ?? '') ?? [];
  const isHeaded = HEADED.has(subtype) || isTextType(contentType);
  const isRefused = REFUSED[expected].includes(content) || (isMedia && content === 'binary' && isHeaded);
  return isRefused ? NAMES[content] : undefined;
}
