/** Names of restored files: of the recording's id and channel, with an extension that says what the file is. */
import { createHash } from 'node:crypto';
import { identifyKey, type Layout } from '../../record/layout.ts';
import { parseCompanion } from '../../record/object-key.ts';

/** Characters; with a day, a digest, an extension and the suffix of a partial file it stays below the 255 bytes of a file system. */
const MAX_STEM_LENGTH = 170;
const DIGEST_DIGITS = 8;

/**
 * By content type. A closed list: the media host states the type, and must not choose an extension that a desktop would run.
 * What is in none of these is told by its first bytes, and else is `bin`.
 */
const BY_CONTENT_TYPE: ReadonlyMap<string, string> = new Map([
  ['audio/wav', 'wav'],
  ['audio/wave', 'wav'],
  ['audio/x-wav', 'wav'],
  ['audio/vnd.wave', 'wav'],
  ['audio/mpeg', 'mp3'],
  ['audio/mp3', 'mp3'],
  ['audio/ogg', 'ogg'],
  ['application/ogg', 'ogg'],
  ['audio/opus', 'opus'],
  ['audio/webm', 'webm'],
  ['video/webm', 'webm'],
  ['audio/mp4', 'm4a'],
  ['audio/x-m4a', 'm4a'],
  ['audio/aac', 'aac'],
  ['video/mp4', 'mp4'],
  ['video/x-matroska', 'mkv'],
  ['video/quicktime', 'mov'],
  ['audio/flac', 'flac'],
  ['audio/x-flac', 'flac'],
  ['audio/amr', 'amr'],
  ['audio/basic', 'au'],
  ['application/zip', 'zip'],
  ['message/rfc822', 'eml'],
  ['text/plain', 'txt'],
  ['text/csv', 'csv'],
  ['application/xml', 'xml'],
  ['text/xml', 'xml'],
]);

const JSON_TYPE = /^(?:application|text)\/(?:[a-z0-9.-]{1,60}\+)?json$/;
const KNOWN: ReadonlySet<string> = new Set([...BY_CONTENT_TYPE.values(), 'json']);

export const UNKNOWN_EXTENSION = 'bin';

/**
 * Without a dot; `undefined` where neither says what the file is.
 *
 * @param contentType as the receipt states it, in any case and with parameters.
 * @param key whose own extension counts where the layout writes one.
 */
export function extensionFor(contentType: string | undefined, key: string): string | undefined {
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (JSON_TYPE.test(type)) return 'json';
  const [, ofKey = ''] = /\.([a-z0-9]{1,8})$/.exec(key.replace(/\.enc$/, '')) ?? [];
  return BY_CONTENT_TYPE.get(type) ?? (KNOWN.has(ofKey) ? ofKey : undefined);
}

/* oxlint-disable no-control-regex -- signatures of binary formats hold control characters */
const SIGNATURES: readonly (readonly [signature: RegExp, extension: string])[] = [
  [/^(?:RIFF|RF64|BW64|RIFX)[^]{4}WAVE/, 'wav'],
  [/^RIFF[^]{4}AVI /, 'avi'],
  [/^OggS[^]{24}OpusHead/, 'opus'],
  [/^OggS/, 'ogg'],
  [/^\x1a\x45\xdf\xa3[^]{0,60}matroska/, 'mkv'],
  [/^\x1a\x45\xdf\xa3/, 'webm'],
  [/^[^]{4}ftypM4A /, 'm4a'],
  [/^[^]{4}ftypqt /, 'mov'],
  [/^[^]{4}ftyp/, 'mp4'],
  [/^fLaC/, 'flac'],
  [/^#!AMR/, 'amr'],
  [/^\.snd/, 'au'],
  [/^ID3/, 'mp3'],
  [/^\xff[\xe2-\xe7\xf2-\xf7\xfa\xfb]/, 'mp3'],
  [/^PK(?:\x03\x04|\x05\x06)/, 'zip'],
  [/^(?:\xef\xbb\xbf)?\s*[[{]\s*["{[\]}0-9-]/, 'json'],
];
/* oxlint-enable no-control-regex */

/** Tells a file by its first bytes, of which 1 KiB is enough. */
export function sniffExtension(head: Uint8Array): string | undefined {
  const latin1 = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  return SIGNATURES.find(([signature]) => signature.test(latin1))?.[1];
}

/**
 * Gives each object a name without extension that no other of the same run has, on file systems that ignore letter case either: the
 * id and channel; for a second object of that name its day as well; and where that is taken too, a digest of its key.
 */
export class FileNames {
  readonly #taken = new Set<string>();
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  claim(key: string): string {
    const stem = stemOf(key);
    const date = this.#layout.parse(key)?.date;
    const digest = createHash('sha256').update(key).digest('hex').slice(0, DIGEST_DIGITS);
    const candidates = [
      stem,
      ...(date === undefined ? [] : [`${stem}.${date}`]),
      `${stem}.${digest}`,
      `${stem}.${createHash('sha256').update(key).digest('hex')}`,
    ];
    const free = candidates.find((name) => !this.#taken.has(name.toLowerCase()));
    const name = free ?? `${stem}.${this.#taken.size}`;
    this.#taken.add(name.toLowerCase());
    return name;
  }
}

function stemOf(key: string): string {
  const beside = parseCompanion(key);
  if (beside !== undefined) {
    return `${safeName(lastSegment(beside.receipt).replace(/\.json$/, ''))}.${beside.kind}`;
  }
  const named = identifyKey(key);
  if (named === undefined) return safeName(lastSegment(key).replace(/\.enc$/, ''));
  const { recordingId, channel } = named;
  return safeName(channel === undefined ? recordingId : `${recordingId}.${channel}`);
}

const lastSegment = (key: string) => key.slice(key.lastIndexOf('/') + 1);

/** Device names of Windows, whose file systems may be mounted here. */
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/** One segment of a path, safe for any key: no separator, no hidden file, nothing that a shell takes for an option. */
function safeName(name: string): string {
  const plain = name
    .replaceAll(/[^A-Za-z0-9._=-]/g, '_')
    .replace(/^[.-]+/, '_')
    .replace(/\.+$/, '_')
    .slice(0, MAX_STEM_LENGTH);
  return plain === '' || RESERVED.test(plain) ? `_${plain}` : plain;
}
