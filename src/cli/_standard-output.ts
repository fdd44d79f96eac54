import { ArchiveError, describeForeign, systemCodeOf } from '../errors.ts';
import { outputHint } from './file-target.ts';

/** What has become of standard output. */
export interface StandardOutput {
  /** Calls `listener` when output is lost: `undefined` when the reader has closed the pipe, an error for anything else. */
  onLost(listener: (error: ArchiveError | undefined) => void): void;
  /** Why output was lost, other than that its reader has closed the pipe. */
  readonly lost: ArchiveError | undefined;
  /** Resolves when everything has been handed to the system: `process.exit` would drop what is still queued for a pipe. */
  flush(): Promise<void>;
}

/** The codes of a pipe or socket without a reader. */
const READER_GONE: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);

/** Listens to errors of both streams from now on; without a listener they would end the process with a stack trace. */
export function watchStandardOutput({
  stdout,
  stderr,
}: Pick<NodeJS.Process, 'stdout' | 'stderr'>): StandardOutput {
  const listeners = new Set<(error: ArchiveError | undefined) => void>();
  let lost: ArchiveError | undefined;
  stdout.on('error', (error: unknown) => {
    const isGone = READER_GONE.has(systemCodeOf(error) ?? '');
    if (!isGone) lost ??= lostOutput(error);
    for (const listener of listeners) listener(isGone ? undefined : lost);
  });
  // a message that cannot be shown is no reason to stop
  stderr.on('error', () => {});
  return {
    onLost: (listener) => listeners.add(listener),
    get lost() {
      return lost;
    },
    flush: async () => {
      await flushed(stderr);
      await flushed(stdout);
      // the stream reports its error after it has answered the write
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function lostOutput(error: unknown): ArchiveError {
  const hint = outputHint(error);
  return new ArchiveError('OUTPUT_FAILED', `writing to standard output failed: ${describeForeign(error)}`, {
    hint: hint ?? 'check where the output goes',
  });
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
