import { abortReason, type Budget, type Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { ensureTimeLeft } from '../http/with-retry.ts';

/** A body on its way into a store: counted, stoppable, and able to tell its own failure from the store's. */
export interface MeasuredBody {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Ends the iteration with `reason`, at once. */
  stop(reason: ArchiveError): void;
  /** Reports whether this is the very error the body threw: it belongs to the caller and is passed on untouched. */
  threw(error: unknown): boolean;
}

/**
 * Wraps `body` so that the iteration ends with an error when its length is not `contentLength`, when the deadline has passed,
 * and at once when the budget's signal aborts, even while the body itself is stalled. The body's iterator is closed in
 * every case but that of its own failure.
 *
 * @throws through `chunks`: `STORE_MISMATCH`, `OUT_OF_TIME`, the signal's reason, or what `body` throws.
 */
export function measureBody(
  body: AsyncIterable<Uint8Array> | Uint8Array,
  contentLength: number | undefined,
  budget: Budget,
  clock: Clock,
): MeasuredBody {
  let bytes = 0;
  let failed = false;
  let failure: unknown;
  let stopped: ArchiveError | undefined;
  let interrupt: ((reason: ArchiveError) => void) | undefined;

  const stop = (reason: ArchiveError) => {
    stopped ??= reason;
    interrupt?.(stopped);
  };

  async function* measure(): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal } = budget;
    const iterator = (body instanceof Uint8Array ? inOnePiece(body) : body)[Symbol.asyncIterator]();
    const onAbort = () => stop(abortReason(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    let open = true;
    // Not Promise.race: racing every chunk against one long-lived promise keeps every chunk alive.
    const next = () =>
      new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        interrupt = reject;
        iterator.next().then(resolve, (error: unknown) => {
          open = false;
          failed = true;
          failure = error;
          // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- the caller's own error, of any type
          reject(error);
        });
      });
    try {
      for (;;) {
        if (stopped !== undefined) throw stopped;
        ensureTimeLeft(clock, budget);
        const result = await next();
        if (result.done === true) {
          open = false;
          break;
        }
        bytes += result.value.byteLength;
        if (contentLength !== undefined && bytes > contentLength) throw wrongLength(contentLength, 'longer');
        if (result.value.byteLength > 0) yield result.value;
      }
      if (contentLength !== undefined && bytes < contentLength) throw wrongLength(contentLength, 'shorter');
    } finally {
      signal.removeEventListener('abort', onAbort);
      // Not awaited: a generator that is stuck in next() would never answer.
      if (open) void Promise.resolve(iterator.return?.()).catch(() => {});
    }
  }

  return { chunks: measure(), stop, threw: (error) => failed && error === failure };
}

/** A body that is there already, as an iteration. */
export async function* inOnePiece(body: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield body;
}

function wrongLength(contentLength: number, how: 'longer' | 'shorter'): ArchiveError {
  return new ArchiveError('STORE_MISMATCH', `the body is ${how} than the ${contentLength} bytes announced`, {
    details: { contentLength },
  });
}
