import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type CataloguedRecording, catalogue, synthesiseRecording } from '../../catalogue.ts';
import { isText, type ModelRecording } from './model.ts';

/** What `formatId` may say, from the platform's API description. */
export const FORMATS = ['WAV', 'WEBM', 'WAV_ULAW', 'OGG_VORBIS', 'OGG_OPUS', 'MP3', 'NONE'] as const;
export type Format = (typeof FORMATS)[number];

/** Asked for by batch downloads: the format that the trunk recorded. */
const ORIGINAL: Format = 'OGG_OPUS';

const CONTENT_TYPES: Record<Format, string> = {
  WAV: 'audio/wav',
  WAV_ULAW: 'audio/wav',
  WEBM: 'audio/webm',
  OGG_VORBIS: 'audio/ogg',
  OGG_OPUS: 'audio/ogg',
  MP3: 'audio/mpeg',
  NONE: 'audio/ogg',
};

/** The first bytes by which a format is known; what follows them here is noise of the right length. */
const MAGIC: Record<Format, string> = {
  WAV: '',
  WAV_ULAW: '',
  WEBM: '1a45dfa3',
  OGG_VORBIS: '',
  OGG_OPUS: '',
  MP3: '494433040000000000',
  NONE: '',
};

/** A file as the media host serves it: which recording, in which format, which of its channels. */
export interface FileName {
  readonly recordingId: string;
  readonly format: Format | 'ORIGINAL';
  /** `S` for one file of all, else the channel. */
  readonly channel: string;
  /** With what is sensitive taken out; default false. */
  readonly redacted?: boolean;
}

export function fileId({ recordingId, format, channel, redacted = false }: FileName): string {
  return `${recordingId}.${format}.${channel}${redacted ? 'R' : ''}`;
}

export function parseFileId(id: string): FileName | undefined {
  const [, recordingId = '', format = '', channel = '', redacted] =
    /^(.+)\.([A-Z0-9_]+)\.([0-9S])(R?)$/.exec(id) ?? [];
  const known = format === 'ORIGINAL' ? format : FORMATS.find((one) => one === format);
  return known === undefined
    ? undefined
    : { recordingId, format: known, channel, redacted: redacted === 'R' };
}

export function contentTypeOf(recording: ModelRecording, format: Format | 'ORIGINAL'): string {
  if (recording.jsonText && isText(recording.kind) && format === 'ORIGINAL') return 'application/json';
  if (recording.kind === 'email') return 'message/rfc822';
  if (isText(recording.kind)) return 'application/zip';
  if (recording.kind === 'screen') return 'video/webm';
  return CONTENT_TYPES[format === 'ORIGINAL' ? ORIGINAL : format];
}

/** The file; equal arguments give equal bytes. */
export function synthesiseFile(recording: ModelRecording, name: FileName): CataloguedRecording {
  const { kind, seconds, channels, conversation } = recording;
  const id = fileId(name);
  const format = name.format === 'ORIGINAL' ? ORIGINAL : name.format;
  if (kind === 'call' && (format === 'WAV' || format === 'WAV_ULAW')) {
    return synthesiseRecording(
      {
        id,
        interactionId: conversation.id,
        encoding: format === 'WAV' ? 'pcm16' : 'mulaw',
        channels: name.channel === 'S' ? channels : 1,
        seconds,
        startedAt: conversation.startedAt,
      },
      1,
      0,
      conversation.endedAt,
    );
  }
  const { length, make } = isText(kind)
    ? ofText(textFile(recording, contentTypeOf(recording, name.format)))
    : soundFile(recording, id, format);
  // made again when it is read again and the memory was needed meanwhile
  let kept: WeakRef<Buffer> | undefined;
  const bytes = () => {
    const known = kept?.deref();
    if (known !== undefined) return known;
    const made = make();
    kept = new WeakRef(made);
    return made;
  };
  return catalogue({
    id,
    interactionId: conversation.id,
    bytes: length,
    contentType: contentTypeOf(recording, name.format),
    startedAt: conversation.startedAt,
    durationMs: isText(kind) ? undefined : seconds * 1000,
    fileName: undefined,
    status: 'complete',
    read: (first, last) => (last < first ? [] : [bytes().subarray(first, last + 1)]),
    onChange: () => {},
  });
}

/** A file whose length is known before its bytes are made. */
interface Lazy {
  readonly length: number;
  readonly make: () => Buffer;
}

function ofText(bytes: Buffer): Lazy {
  return { length: bytes.length, make: () => bytes };
}

function soundFile({ kind, seconds, bytesPerSecond }: ModelRecording, id: string, format: Format): Lazy {
  const bytes = seconds * bytesPerSecond;
  if (kind === 'screen') return { length: bytes, make: () => noise(id, MAGIC.WEBM, bytes) };
  return CONTENT_TYPES[format] === 'audio/ogg'
    ? { length: oggLength(bytes), make: () => oggOf(noise(id, '', bytes)) }
    : { length: bytes, make: () => noise(id, MAGIC[format], bytes) };
}

const OGG_BODY = 51 * 255;
const OGG_HEADER = 27;

function oggLength(content: number): number {
  const full = Math.max(0, Math.ceil(content / OGG_BODY) - 1);
  const lacing = (body: number) => Math.ceil((body + 1) / 255);
  const last = content - full * OGG_BODY;
  return content + full * (OGG_HEADER + lacing(OGG_BODY)) + OGG_HEADER + lacing(last);
}

/** One stream in pages of 51 full segments (13,005 bytes), the last of them marked. RFC 3533, section 6; its checksums are left out. */
function oggOf(content: Buffer): Buffer {
  const pages: Buffer[] = [];
  for (let at = 0; at === 0 || at < content.length; at += OGG_BODY) {
    const body = content.subarray(at, at + OGG_BODY);
    const lacing = Buffer.alloc(Math.ceil((body.length + 1) / 255), 255);
    lacing.writeUInt8(body.length % 255, lacing.length - 1);
    const header = Buffer.alloc(OGG_HEADER);
    header.write('OggS', 0, 'latin1');
    header.writeUInt8((at === 0 ? 2 : 0) | (at + body.length >= content.length ? 4 : 0), 5);
    header.writeUInt32LE(1, 14);
    header.writeUInt32LE(pages.length, 18);
    header.writeUInt8(lacing.length, 26);
    pages.push(header, lacing, body);
  }
  return Buffer.concat(pages);
}

function noise(identity: string, magic: string, length: number): Buffer {
  const head = Buffer.from(magic, 'hex');
  const blocks: Buffer[] = [head];
  for (let size = head.length, at = 0; size < length; at += 1) {
    const block = createHash('sha512').update(`${identity}/${at}`).digest();
    blocks.push(block);
    size += block.length;
  }
  return Buffer.concat(blocks).subarray(0, length);
}

function textFile({ kind, id, conversation }: ModelRecording, contentType: string): Buffer {
  const said = JSON.stringify({
    conversationId: conversation.id,
    recordingId: id,
    messages: ['Hello.', 'Hello!'],
  });
  if (contentType === 'application/json') return Buffer.from(said);
  if (kind !== 'email') return zipOf('transcript.json', Buffer.from(said));
  return Buffer.from(
    `Message-ID: <${id}@example.com>\r\nDate: ${new Date(conversation.startedAt).toUTCString()}\r\n` +
      `From: customer@example.com\r\nTo: support@example.com\r\nSubject: Simulated\r\n` +
      `Content-Type: text/plain; charset=utf-8\r\n\r\nHello,\r\n\r\nthis is the e-mail of ${conversation.id}.\r\n`,
  );
}

/** One stored entry: local header, central directory, end record. PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.16. */
function zipOf(name: string, content: Buffer): Buffer {
  const path = Buffer.from(name);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0); // version needed to extract: 2.0
  common.writeUInt32LE(0x0021_0000, 6); // 1980-01-01, midnight, in MS-DOS form
  common.writeUInt32LE(crc32(content), 10);
  common.writeUInt32LE(content.length, 14);
  common.writeUInt32LE(content.length, 18);
  common.writeUInt16LE(path.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, path, content]);
  const central = Buffer.concat([
    Buffer.from('PK\x01\x02\x14\x00', 'latin1'),
    common,
    Buffer.alloc(14), // no comment, disk 0, no attributes, local header at offset 0
    path,
  ]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}
