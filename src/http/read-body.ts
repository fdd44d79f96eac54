import { abortReason } from '../clock.ts';
import { ArchiveError, describeForeign, type ErrorCode } from '../errors.ts';
import { type BodySource, ConnectionProblem } from './body-source.ts';
import type { HttpTimeouts } from './timeouts.ts';

export interface ReadBodyOptions {
  readonly host: string;
  readonly failure: ErrorCode;
  readonly signal: AbortSignal;
  readonly timeouts: Pick<HttpTimeouts, 'idleMs' | 'minimumBytesPerSecond' | 'minimumSpeedWindowMs'>;
}

/**
 * The bytes of a response. Only the time spent waiting for the network counts against the limits: a consumer that is slower
 * than the network (S3 throttling us, say) must not make the source look stalled, which is what a socket timeout would do.
 *
 * A body cut short of its `Content-Length`, or inside a chunked encoding, is an error; a close-delimited body that ends early
 * cannot be told from a complete one here (RFC 9112, section 6.3), under TLS neither, for Node does not say whether the server has
 * closed it or it was cut: see `archive/container.ts`.
 *
 * @throws `failure` (retryable) on a dropped, stalled or crawling connection; the signal's reason when it aborts.
 */
export async function* readBody(
  incoming: BodySource,
  options: ReadBodyOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { host, failure, signal, timeouts } = options;
  let problem: ArchiveError | undefined;
  const stop = (error: ArchiveError) => {
    problem ??= error;
    incoming.destroy();
  };
  const broken = (what: string) => new ArchiveError(failure, `${host}: ${what}`, { details: { host } });
  const onAbort = () => stop(abortReason(signal));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });

  let waiting = false;
  const idle = setTimeout(() => {
    if (waiting) stop(broken('the download stalled'));
  }, timeouts.idleMs);
  let windowBytes = 0;
  let windowWaitedMs = 0;
  try {
    for (;;) {
      waiting = true;
      idle.refresh();
      const began = performance.now();
      const chunk = await incoming.next();
      waiting = false;
      if (problem !== undefined) throw problem;
      if (chunk === undefined) {
        if (!incoming.complete) throw broken('the connection ended inside the body');
        return;
      }
      windowBytes += chunk.byteLength;
      windowWaitedMs += performance.now() - began;
      if (windowWaitedMs >= timeouts.minimumSpeedWindowMs) {
        if ((windowBytes * 1000) / windowWaitedMs < timeouts.minimumBytesPerSecond) {
          throw broken('the download is too slow');
        }
        windowBytes = 0;
        windowWaitedMs = 0;
      }
      yield chunk;
    }
  } catch (error) {
    if (problem !== undefined) throw problem;
    if (error instanceof ArchiveError) throw error;
    throw broken(error instanceof ConnectionProblem ? error.message : describeForeign(error));
  } finally {
    clearTimeout(idle);
    signal.removeEventListener('abort', onAbort);
    incoming.destroy();
  }
}

/**
 * A whole small body as text.
 * @throws `failure` when it is longer than `limit` bytes or breaks off.
 */
export async function readText(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  failure: ErrorCode,
): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > limit) {
      const details = { limitBytes: limit };
      throw new ArchiveError(failure, `an answer is longer than ${limit} bytes`, { details });
    }
    parts.push(Buffer.from(chunk));
  }
  return Buffer.concat(parts, size).toString('utf8');
}
