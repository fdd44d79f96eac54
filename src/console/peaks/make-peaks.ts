import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SeekableRecording } from '../../audit/read-range.ts';
import type { Budget } from '../../clock.ts';
import { toArchiveError } from '../../errors.ts';
import type { FromWorker, ToWorker } from './worker.ts';

export interface MadePeaks {
  /** `undefined` for what is no WAV of PCM, µ-law or A-law. */
  readonly peaks: Uint8Array | undefined;
  /** Leaves that are not what was archived: silence stands in their place. */
  readonly damagedLeaves: number;
}

export interface PeaksProgress {
  doneBytes: number;
  allBytes: number;
}

/**
 * Reads a recording leaf by leaf and has a worker thread measure it. All leaves are compared with the receipt on the way; one that is
 * damaged costs its own part of the waveform.
 *
 * @param script of the worker.
 * @throws what reading throws of the store; not for damage.
 */
export async function makePeaks(
  seekable: SeekableRecording,
  { script, progress }: { readonly script: URL; readonly progress: PeaksProgress },
  budget: Budget,
): Promise<MadePeaks> {
  const { bytes, leafBytes } = seekable;
  progress.allBytes = bytes;
  const worker = new Worker(script, { resourceLimits: { maxOldGenerationSizeMb: 256 } });
  worker.unref();
  const ask = async (message: ToWorker): Promise<FromWorker> => {
    const transfer = 'bytes' in message ? [message.bytes.buffer] : [];
    const answered = once(worker, 'message', { signal: budget.signal });
    worker.postMessage(message, transfer);
    const [answer] = (await answered) as [FromWorker];
    return answer;
  };
  let damagedLeaves = 0;
  try {
    let isWanted = true;
    for (let first = 0; first < bytes && isWanted; first += leafBytes) {
      const last = Math.min(bytes, first + leafBytes) - 1;
      const leaf = await readLeaf(seekable, { first, last }, budget);
      if (leaf === undefined) damagedLeaves += 1;
      const answer = await ask(leaf === undefined ? { skip: last - first + 1 } : { bytes: leaf });
      isWanted = 'wants' in answer && answer.wants;
      progress.doneBytes = last + 1;
    }
    const answer = await ask({ end: true });
    return { peaks: 'peaks' in answer ? answer.peaks : undefined, damagedLeaves };
  } finally {
    await worker.terminate();
  }
}

/** In memory of its own, which is handed over; `undefined` where the leaf is not what was archived. */
async function readLeaf(
  seekable: SeekableRecording,
  range: { readonly first: number; readonly last: number },
  budget: Budget,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const leaf = new Uint8Array(range.last - range.first + 1);
  let at = 0;
  try {
    for await (const piece of seekable.read(range, budget)) {
      leaf.set(piece, at);
      at += piece.length;
    }
    return leaf;
  } catch (thrown) {
    if (toArchiveError(thrown).code === 'DECRYPT_FAILED') return undefined;
    throw thrown;
  }
}
