import type { MessagePort } from 'node:worker_threads';

/** Takes what is transferred to it nowhere: a message to a closed port is dropped, with its memory. */
let nowhere: MessagePort | undefined;

/**
 * Frees the memory of a chunk that is not needed any more now, instead of at the next garbage collection: what passes through a cipher
 * or a TLS connection is a new buffer each time, and tens of megabytes of them would wait (docs/decisions/010). Does nothing to a chunk
 * that shares its memory. What is freed is empty afterwards. (`ArrayBuffer.prototype.transfer` would do the same from Node 22 on.)
 */
export function giveBack(chunk: Uint8Array): void {
  const { buffer } = chunk;
  // of what was freed already both are 0
  if (!(buffer instanceof ArrayBuffer) || chunk.byteLength === 0 || chunk.byteLength !== buffer.byteLength)
    return;
  nowhere ??= openNowhere();
  nowhere.postMessage(undefined, [buffer]);
}

function openNowhere(): MessagePort {
  const { port1 } = new MessageChannel();
  port1.close();
  return port1;
}
