/**
 * Returns numbers in [0, 1) that depend on the seed, a place and a name only: each question about the past has an answer of its own,
 * regardless of the order.
 */
export function drawFor(seed: number, ...place: readonly (number | string)[]): (name: string) => number {
  let base = mix(seed);
  for (const part of place) base = mix(base ^ (typeof part === 'number' ? mix(part + 1) : textHash(part)));
  return (name) => mix(base ^ textHash(name)) / 0x1_0000_0000;
}

/** FNV-1a, 32 bits. */
function textHash(text: string): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193);
  return hash >>> 0;
}

/** The finalizer of MurmurHash3. */
function mix(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
