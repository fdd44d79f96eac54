/** Whether browsers play a recording, by its first bytes: before a listen is recorded, and before a click that ends in silence. Pure. */
import type { RecordingFile } from './api-schema.ts';

/** Bytes that tell. */
export const HEAD_BYTES = 64;

export interface PlayableFormat {
  readonly playable: Extract<RecordingFile['playable'], 'yes' | 'format' | 'unknown'>;
  readonly format?: string;
  /** What the answer is sent as: the content type of the download is a hint only. */
  readonly contentType?: string;
}

/** WAVE format tags (mmreg.h) that Chromium and Firefox were tried with. */
const WAV_TAGS: Readonly<Record<number, readonly [name: string, plays: boolean]>> = {
  0x0001: ['PCM', true],
  0x0003: ['float', true],
  0x0006: ['A-law', true],
  0x0007: ['µ-law', true],
  0x0002: ['Microsoft ADPCM', false],
  0x0011: ['IMA ADPCM', false],
  0x0031: ['GSM 6.10', false],
  0x0038: ['G.729', false],
  0x0083: ['G.729', false],
  0x0133: ['G.729', false],
};
const EXTENSIBLE = 0xfffe;

const yes = (format: string, contentType: string): PlayableFormat => ({
  playable: 'yes',
  format,
  contentType,
});
const no = (format: string): PlayableFormat => ({ playable: 'format', format });

/** @param head the first {@link HEAD_BYTES} of the recording, or all of a shorter one. */
export function formatOf(head: Uint8Array): PlayableFormat {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  const starts = bytes.toString('latin1');
  if (/^RIFF[^]{4}WAVE/.test(starts)) return wavOf(bytes);
  if (/^RIFF[^]{4}AVI /.test(starts)) return no('AVI');
  if (starts.startsWith('OggS')) return yes(oggOf(starts), 'audio/ogg');
  if (starts.startsWith('fLaC')) return yes('FLAC', 'audio/flac');
  if (starts.startsWith('\x1a\x45\xdf\xa3')) return yes('WebM', 'video/webm');
  if (/^[^]{4}ftyp/.test(starts)) return yes('MP4', /^[^]{8}M4A/.test(starts) ? 'audio/mp4' : 'video/mp4');
  if (starts.startsWith('ID3')) return yes('MP3', 'audio/mpeg');
  if (bytes.length >= 2 && bytes.readUInt8(0) === 0xff) return frameOf(bytes.readUInt8(1));
  if (/^#!AMR|^#!SILK|^NIST_1A/.test(starts)) return no(starts.slice(2, 6).trim());
  if (starts.startsWith('PK\x03\x04')) return no('ZIP');
  if (/^\s*[[{]/.test(starts)) return no('JSON');
  return { playable: 'unknown' };
}

/** MPEG audio: layer III is MP3; AAC in ADTS has layer 0. */
function frameOf(second: number): PlayableFormat {
  if ((second & 0xe0) !== 0xe0) return { playable: 'unknown' };
  const layer = (second >> 1) & 3;
  if (layer === 1) return yes('MP3', 'audio/mpeg');
  return layer === 0 ? yes('AAC', 'audio/aac') : no('MPEG layer');
}

function oggOf(starts: string): string {
  if (starts.includes('OpusHead')) return 'Ogg Opus';
  return starts.includes('vorbis') ? 'Ogg Vorbis' : 'Ogg';
}

/** The `fmt ` chunk is nearly always the first; where another one is before it within these bytes, its length is followed. */
function wavOf(bytes: Buffer): PlayableFormat {
  for (let at = 12; at + 10 <= bytes.length; ) {
    const [name, length] = [bytes.toString('latin1', at, at + 4), bytes.readUInt32LE(at + 4)];
    if (name === 'fmt ') {
      const tag = bytes.readUInt16LE(at + 8);
      // the real tag begins the sub-format
      const real = tag === EXTENSIBLE && at + 34 <= bytes.length ? bytes.readUInt16LE(at + 32) : tag;
      const [label, plays] = WAV_TAGS[real] ?? [`format ${real}`, false];
      return plays ? yes(`WAV ${label}`, 'audio/wav') : no(`WAV ${label}`);
    }
    at += 8 + length + (length % 2);
  }
  return { playable: 'unknown', format: 'WAV' };
}
