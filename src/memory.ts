import { setFlagsFromString } from 'node:v8';
import { MessageChannel } from 'node:worker_threads';

/** Takes what is transferred to it nowhere: a message to a closed port is dropped, with its memory. */
const { port1: nowhere } = new MessageChannel();
nowhere.close();

/**
 * Frees the memory of a chunk that nobody needs any more, now instead of whenever the garbage collector looks: what passes through a
 * cipher is a new buffer each time, and tens of megabytes of them would wait (docs/decisions/010). Only of a chunk that has its memory
 * to itself; what is freed is empty afterwards. (`ArrayBuffer.prototype.transfer` would do the same from Node 22 on.)
 */
export function giveBack(chunk: Uint8Array<ArrayBufferLike>): void {
  const { buffer } = chunk;
  // of what was freed already both are 0
  if (!(buffer instanceof ArrayBuffer) || chunk.byteLength === 0 || chunk.byteLength !== buffer.byteLength)
    return;
  nowhere.postMessage(undefined, [buffer]);
}

/**
 * Keeps V8's young generation at the size it has when a program has been loaded, some megabytes. Left alone it grows to 32 MB in a
 * process that lives long, none of which makes archiving faster, and makes V8 collect the small old generation over and over, because
 * that has less room left than a full young one could need (docs/decisions/010). For programs, not for a library: it is the process's.
 */
export function stopGrowingYoungGeneration(): void {
  // "2" by default: by how much it grows when enough has survived (V8, `heap/new-spaces.cc`, `SemiSpaceNewSpace::Grow`).
  setFlagsFromString('--semi-space-growth-factor=1');
}
