import type * as crypto from 'node:crypto';
import type * as threads from 'node:worker_threads';

/**
 * The memory through which a program and its hash thread talk. A ring of jobs, each of {@link FIELDS} 32-bit numbers, and as many
 * digests. The program writes a job and then counts it in `ISSUED`; the thread does the job and then counts it in `DONE`. Both
 * counters run on for ever and wrap around, so only their differences mean anything.
 */
export const LAYOUT = {
  /** Jobs that can be under way. A power of two, so that a counter that wraps around stays in step. */
  RING: 1024,
  ISSUED: 0,
  DONE: 1,
  /** 1 while the program wants a message once `DONE` has reached `WAKE_AT`. */
  WAITING: 2,
  WAKE_AT: 3,
  FIRST_JOB: 4,
  FIELDS: 5,
  STREAM: 0,
  MEMORY: 1,
  OFFSET: 2,
  LENGTH: 3,
  KIND: 4,
  /** More of a stream. */
  UPDATE: 0,
  /** The end of a stream: its digest is wanted. */
  DIGEST: 1,
  /** Nobody wants the digest of this stream any more. */
  FORGET: 2,
  DIGEST_BYTES: 32,
} as const;

export interface HashWorkerData {
  readonly control: Int32Array;
  readonly digests: Uint8Array;
  /** Brings {@link MemoryNews}. */
  readonly news: threads.MessagePort;
  readonly layout: typeof LAYOUT;
}

/** Memory that jobs will name, sent before the first of them; without `shared`, memory that no job will name again. */
export interface MemoryNews {
  readonly id: number;
  readonly shared?: SharedArrayBuffer;
}

/**
 * The hash thread: does one job after the other, for ever, and sleeps while there is none. It is started from its text, so that it is
 * part of whatever bundle it ends up in: it must name nothing but its parameters.
 */
export function runHashWorker(
  { workerData, receiveMessageOnPort, parentPort }: typeof threads,
  { createHash }: typeof crypto,
): void {
  const { control, digests, news, layout } = workerData as HashWorkerData;
  const memory = new Map<number, Uint8Array>();
  const streams = new Map<number, crypto.Hash>();
  const readNews = () => {
    for (let next = receiveMessageOnPort(news); next !== undefined; next = receiveMessageOnPort(news)) {
      const { id, shared } = next.message as MemoryNews;
      if (shared === undefined) memory.delete(id);
      else memory.set(id, new Uint8Array(shared));
    }
  };
  for (let done = 0; ; ) {
    while (Atomics.load(control, layout.ISSUED) === done) {
      readNews();
      Atomics.wait(control, layout.ISSUED, done);
    }
    const slot = done & (layout.RING - 1);
    const at = layout.FIRST_JOB + slot * layout.FIELDS;
    const field = (index: number) => control[at + index] ?? 0;
    const stream = field(layout.STREAM);
    const kind = field(layout.KIND);
    const length = field(layout.LENGTH);
    if (kind === layout.FORGET) streams.delete(stream);
    else {
      let hash = streams.get(stream);
      if (hash === undefined) {
        hash = createHash('sha256');
        streams.set(stream, hash);
      }
      if (length > 0) {
        if (!memory.has(field(layout.MEMORY))) readNews();
        const bytes = memory.get(field(layout.MEMORY));
        if (bytes === undefined) throw new Error('a job names memory that nobody has shared');
        hash.update(bytes.subarray(field(layout.OFFSET), field(layout.OFFSET) + length));
      }
      if (kind === layout.DIGEST) {
        digests.set(hash.digest(), slot * layout.DIGEST_BYTES);
        streams.delete(stream);
      }
    }
    done = (done + 1) | 0;
    Atomics.store(control, layout.DONE, done);
    const isAwaited =
      Atomics.load(control, layout.WAITING) === 1 &&
      ((done - Atomics.load(control, layout.WAKE_AT)) | 0) >= 0;
    if (isAwaited && Atomics.compareExchange(control, layout.WAITING, 1, 0) === 1)
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- of a thread, which has none
      parentPort?.postMessage(undefined);
  }
}
