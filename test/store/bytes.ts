import { createHash } from 'node:crypto';

/** Bytes that differ at every offset and for every seed, so that a swapped, repeated or shifted part cannot go unnoticed. */
export function contentOf(size: number, seed = 0): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let block = 0, at = 0; at < size; block += 1) {
    const digest = createHash('sha512').update(`${seed}:${block}`).digest();
    at += digest.copy(bytes, at);
    // Hashing every 64 bytes would be most of the suite's time; the rest of each 8 KiB repeats the digest, numbered.
    for (let i = 1; i < 128 && at < size; i += 1) {
      digest.writeUInt32BE(block * 128 + i, 0);
      at += digest.copy(bytes, at);
    }
  }
  return bytes;
}

/** `content` as a body, in chunks of an awkward size. */
export async function* bodyOf(content: Uint8Array, chunkBytes = 65_521): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.byteLength; at += chunkBytes) yield content.subarray(at, at + chunkBytes);
}

export async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Base64, as S3 states it. */
export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('base64');
}
