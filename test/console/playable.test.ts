import { describe, expect, it } from 'vitest';
import { formatOf } from '../../src/console/playable.ts';
import { wavOf } from './invented-console.ts';

const of = (text: string) => formatOf(Buffer.from(text, 'latin1'));

describe('the first bytes of a recording', () => {
  it('tell the WAV formats that browsers play from those that none plays', () => {
    const tags = [1, 3, 6, 7, 2, 0x11, 0x31, 0x83, 0x133, 0x4242];
    expect(tags.map((format) => formatOf(wavOf(1, { format }).subarray(0, 64)))).toMatchObject([
      { playable: 'yes', format: 'WAV PCM', contentType: 'audio/wav' },
      { playable: 'yes', format: 'WAV float' },
      { playable: 'yes', format: 'WAV A-law' },
      { playable: 'yes', format: 'WAV µ-law' },
      { playable: 'format', format: 'WAV Microsoft ADPCM' },
      { playable: 'format', format: 'WAV IMA ADPCM' },
      { playable: 'format', format: 'WAV GSM 6.10' },
      { playable: 'format', format: 'WAV G.729' },
      { playable: 'format', format: 'WAV G.729' },
      { playable: 'format', format: 'WAV format 16962' },
    ]);
  });

  it('tell compressed containers, and what is no sound', () => {
    const cases: [string, string, string | undefined][] = [
      ['OggS\0\x02\0\0OpusHead', 'yes', 'Ogg Opus'],
      ['\x1a\x45\xdf\xa3', 'yes', 'WebM'],
      ['\0\0\0\x20ftypM4A ', 'yes', 'MP4'],
      ['fLaC', 'yes', 'FLAC'],
      ['ID3\x04', 'yes', 'MP3'],
      ['\xff\xfb\x90', 'yes', 'MP3'],
      ['\xff\xf1\x50', 'yes', 'AAC'],
      ['RIFF\0\0\0\0AVI ', 'format', 'AVI'],
      ['#!AMR\n', 'format', 'AMR'],
      ['PK\x03\x04', 'format', 'ZIP'],
      ['[{"body": 1}]', 'format', 'JSON'],
      ['From: kim@example.com', 'unknown', undefined],
      ['\xff\x00', 'unknown', undefined],
      ['', 'unknown', undefined],
    ];
    for (const [text, playable, format] of cases) {
      const found = of(text);
      expect([text, found.playable, found.format]).toEqual([text, playable, format]);
    }
  });
});
