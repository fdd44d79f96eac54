/**
 * Gathers a body that has to be small.
 *
 * @param tooLong makes the error for one of more than `maxBytes`; nothing is read after it.
 */
export async function gatherBytes(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  tooLong: () => Error,
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
