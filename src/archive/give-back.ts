interface Transferable {
  transfer?(newByteLength: number): unknown;
}

/**
 * Frees the memory of a chunk that nobody needs any more, now instead of whenever the garbage collector looks: what passes through a
 * cipher is a new buffer each time, and tens of megabytes of them would wait. Only of a chunk that has its memory to itself; does
 * nothing before Node 22, which has no `ArrayBuffer.prototype.transfer`.
 */
export function giveBack(chunk: Uint8Array): void {
  const { buffer } = chunk;
  // of what was freed already both are 0
  if (chunk.byteLength > 0 && chunk.byteLength === buffer.byteLength) (buffer as Transferable).transfer?.(0);
}
