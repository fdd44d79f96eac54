/** The worker thread that makes peaks: `dist/peaks-worker.mjs`. It sees verified plaintext, and answers with peaks alone. */
import { parentPort } from 'node:worker_threads';
import { PeakMaker } from './peak-maker.ts';

/** What the thread is told, and what it answers: one answer to each message. */
export type ToWorker =
  | { readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly skip: number }
  | { readonly end: true };
export type FromWorker = { readonly wants: boolean } | { readonly peaks: Uint8Array | undefined };

const maker = new PeakMaker();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
const answer = (message: FromWorker) => parentPort?.postMessage(message);
parentPort?.on('message', (message: ToWorker) => {
  if ('end' in message) {
    answer({ peaks: maker.finish() });
    parentPort?.close();
    return;
  }
  if ('bytes' in message) maker.push(message.bytes);
  else maker.skip(message.skip);
  answer({ wants: maker.isWanted });
});
