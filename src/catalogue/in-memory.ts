import type { PinnedFile } from '../ports.ts';

/** A file that has been read as a whole. */
export const inMemory = (bytes: Uint8Array): PinnedFile => ({
  size: bytes.byteLength,
  read: (first, end) => Promise.resolve(bytes.subarray(first, end)),
});
