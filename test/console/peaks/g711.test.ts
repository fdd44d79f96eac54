import { describe, expect, it } from 'vitest';
import { ALAW, MULAW } from '../../../src/console/peaks/g711.ts';

/** Encoders from ITU-T G.711 by search: the byte whose sample is nearest. */
const nearest = (table: Int16Array, sample: number) =>
  Math.min(...[...table].map((value) => Math.abs(value - sample)));

describe('the tables of G.711', () => {
  it('have the values of the recommendation for µ-law, all 256 of them', () => {
    expect([MULAW[0x00], MULAW[0x80], MULAW[0x7f], MULAW[0xff]]).toEqual([-32_124, 32_124, 0, 0]);
    expect([MULAW[0x0f], MULAW[0x8f], MULAW[0x70], MULAW[0xf0]]).toEqual([-16_764, 16_764, -120, 120]);
    // the chords double: 8, 16, 32 … 1024 between neighbours
    for (let byte = 0; byte < 0x7f; byte += 1) {
      const step = (MULAW[byte + 1] ?? 0) - (MULAW[byte] ?? 0);
      const [chord, next] = [7 - (byte >> 4), 7 - ((byte + 1) >> 4)];
      expect([byte, step]).toEqual([byte, chord === next ? 8 << chord : 6 << chord]);
      expect(MULAW[byte + 0x80]).toBe(-(MULAW[byte] ?? 0));
    }
  });

  it('have the values of the recommendation for A-law, all 256 of them', () => {
    expect([ALAW[0x55], ALAW[0xd5], ALAW[0x2a], ALAW[0xaa]]).toEqual([-8, 8, -32_256, 32_256]);
    const magnitudes = [...ALAW].filter((value) => value > 0).toSorted((a, b) => a - b);
    expect(magnitudes).toHaveLength(128);
    for (const [at, value] of magnitudes.entries()) {
      const segment = at >> 4;
      const expected = segment === 0 ? 16 * at + 8 : ((at & 15) * 16 + 264) << (segment - 1);
      expect([at, value]).toEqual([at, expected]);
    }
    for (let byte = 0; byte < 128; byte += 1) expect(ALAW[byte + 0x80]).toBe(-(ALAW[byte] ?? 0));
  });

  it('stand for any sample of 16 bits within a thirty-second of it', () => {
    for (let sample = -32_000; sample <= 32_000; sample += 97) {
      const most = Math.max(16, Math.abs(sample) / 31);
      expect(nearest(MULAW, sample)).toBeLessThanOrEqual(most);
      expect(nearest(ALAW, sample)).toBeLessThanOrEqual(most);
    }
  });
});
