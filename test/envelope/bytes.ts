import { ArchiveError } from '../../src/errors.ts';
import type { GcmTransform } from '../../src/envelope/gcm.ts';

export { failure as rejectionOf } from '../failure.ts';

/** Everything a transform makes of `chunks`, its end included. */
export function run(transform: Pick<GcmTransform, 'update' | 'final'>, chunks: Iterable<Uint8Array>): Buffer {
  const out: Uint8Array[] = [];
  for (const chunk of chunks) out.push(transform.update(chunk));
  out.push(transform.final());
  return Buffer.concat(out);
}

/** `bytes` cut into pieces of the given lengths, and the rest in one piece. */
export function* chunked(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (const length of lengths) {
    yield bytes.subarray(at, at + length);
    at = Math.min(bytes.length, at + length);
  }
  yield bytes.subarray(at);
}

/** `bytes` one by one. */
export function bytewise(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** The error `action` throws, which must be one of ours. */
export function failureOf(action: () => unknown): ArchiveError {
  try {
    action();
  } catch (error) {
    if (error instanceof ArchiveError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

export const codeOf = (action: () => unknown): string => failureOf(action).code;

/** One spelling for equal maps. */
export function canonical(map: Readonly<Record<string, string>>): string {
  return JSON.stringify(map, Object.keys(map).toSorted());
}
