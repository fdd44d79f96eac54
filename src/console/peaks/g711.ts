/** G.711 as tables (ITU-T G.711; the arithmetic of Sun's g711.c): a byte to a sample of 16 bits. Pure. */

const BIAS = 0x84;

function mulaw(byte: number): number {
  const value = ~byte & 0xff;
  const magnitude = (((value & 0x0f) << 3) + BIAS) << ((value & 0x70) >> 4);
  return (value & 0x80) === 0 ? magnitude - BIAS : BIAS - magnitude;
}

function alaw(byte: number): number {
  const value = byte ^ 0x55;
  const segment = (value & 0x70) >> 4;
  const base = (value & 0x0f) << 4;
  const magnitude = segment === 0 ? base + 8 : (base + 0x108) << (segment - 1);
  // unlike in µ-law, the sign bit of a positive sample is set
  return (value & 0x80) === 0 ? -magnitude : magnitude;
}

export const MULAW: Int16Array = Int16Array.from({ length: 256 }, (_, byte) => mulaw(byte));
export const ALAW: Int16Array = Int16Array.from({ length: 256 }, (_, byte) => alaw(byte));
