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
export function giveBack(chunk: Uint8Array): void {
  const { buffer } = chunk;
  // of what was freed already both are 0
  if (!(buffer instanceof ArrayBuffer) || chunk.byteLength === 0 || chunk.byteLength !== buffer.byteLength)
    return;
  nowhere.postMessage(undefined, [buffer]);
}

let isSettled = false;

/** Bytes; larger than any buffer that comes and goes, less than the 32 MiB up to which glibc learns. */
const LARGE_BLOCK = 8 * 1024 * 1024;

/**
 * Settles how memory is managed in this process, for programs that archive; a library leaves that to its program (docs/decisions/010).
 *
 * V8's young generation stays at the size it has when a program has been loaded, some megabytes. Left alone it grows to 32 MB in a
 * process that lives long, none of which makes archiving faster, and has V8 collect the small old generation over and over, because
 * that has less room left than a full young one might need.
 *
 * glibc asks the system for each large block and gives it back when it is freed, until it has seen a larger one freed (mallopt(3),
 * M_MMAP_THRESHOLD): it sees one here, so that what a cipher puts out is written to the same warm memory over and over.
 */
export function settleMemory(): void {
  isSettled = true;
  keepMemorySettled();
  // never written to, so no memory is behind it
  nowhere.postMessage(undefined, [new ArrayBuffer(LARGE_BLOCK)]);
}

/** To be called once a worker thread has started: that gives V8's flags of the whole process their defaults again. */
export function keepMemorySettled(): void {
  // "2" by default: by how much it grows when enough has survived (V8, `heap/new-spaces.cc`, `SemiSpaceNewSpace::Grow`).
  if (isSettled) setFlagsFromString('--semi-space-growth-factor=1');
}
