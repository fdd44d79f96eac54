import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import type { BodySource } from '../../src/http/body-source.ts';
import { readBody, type ReadBodyOptions, readText } from '../../src/http/read-body.ts';
import { seededRandom, SimulatedTime } from '../faults/simulated-time.ts';

const timeouts = { idleMs: 15_000, minimumBytesPerSecond: 100, minimumSpeedWindowMs: 1000 };
const options: ReadBodyOptions = {
  host: 'media.example.com',
  failure: 'MEDIA_UNAVAILABLE',
  signal: new AbortController().signal,
  timeouts,
};

interface FakeSource extends BodySource {
  destroyed: boolean;
}

/** A body as a connection has it, whose bytes come from `source`. */
function response(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, complete = true): FakeSource {
  const readable = Readable.from(source, { objectMode: true });
  const iterator = readable[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return {
    complete,
    destroyed: false,
    async next() {
      try {
        const { value, done } = await iterator.next();
        return done === true ? undefined : value;
      } catch (error) {
        // the end of a connection that was given up is no error of its own
        if (this.destroyed) return undefined;
        throw error;
      }
    },
    destroy() {
      this.destroyed = true;
      readable.destroy();
    },
  };
}

async function outcome(incoming: BodySource, more: Partial<ReadBodyOptions> = {}) {
  let bytes = 0;
  try {
    for await (const chunk of readBody(incoming, { ...options, ...more })) bytes += chunk.byteLength;
    return bytes;
  } catch (error) {
    return error instanceof ArchiveError ? `${error.code} ${error.message}` : error;
  }
}

/** Runs `work` in simulated time; `paced(gaps)` yields one chunk of `size` bytes after each gap, ms. */
async function inSimulatedTime<T>(
  work: (paced: (gaps: readonly number[], size: number) => AsyncIterable<Uint8Array>) => Promise<T>,
): Promise<{ result: T }> {
  const time = new SimulatedTime(1_000_000, seededRandom(1));
  const restore = time.install();
  try {
    const end = { result: undefined as T | undefined, done: false };
    async function* paced(gaps: readonly number[], size: number) {
      for (const gap of gaps) {
        await time.clock.sleep(gap);
        yield Buffer.alloc(size);
      }
    }
    const run = async () => {
      end.result = await work(paced);
      end.done = true;
    };
    const running = run();
    await time.run(() => end.done, Number.POSITIVE_INFINITY, 3);
    await running;
    return { result: end.result as T };
  } finally {
    restore();
  }
}

describe('readBody', () => {
  it('hands over a complete body, and lets go of the response', async () => {
    const incoming = response([Buffer.alloc(10), Buffer.alloc(5)]);
    expect(await outcome(incoming)).toBe(15);
    expect(incoming.destroyed).toBe(true);
  });

  it('lets go of a response that is not read to its end', async () => {
    const incoming = response([Buffer.alloc(10), Buffer.alloc(5)]);
    for await (const chunk of readBody(incoming, options)) if (chunk.byteLength > 0) break;
    expect(incoming.destroyed).toBe(true);
  });

  it('an incomplete body is an error that says so, with the host in its details', async () => {
    expect(await outcome(response([Buffer.alloc(10)], false))).toBe(
      'MEDIA_UNAVAILABLE media.example.com: the connection ended inside the body',
    );
    const error = await readBody(response([], false), options)
      .next()
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ details: { host: 'media.example.com' }, retryable: true });
  });

  it('silence for longer than the idle limit is a stall; each chunk starts it anew', async () => {
    const quick = await inSimulatedTime((paced) =>
      outcome(response(paced([14_999, 14_999, 14_999], 1_000_000))),
    );
    expect(quick.result).toBe(3_000_000);
    const slow = await inSimulatedTime((paced) => outcome(response(paced([10, 15_001], 1_000_000))));
    expect(slow.result).toBe('MEDIA_UNAVAILABLE media.example.com: the download stalled');
  });

  it('a consumer that takes its time is no stall', async () => {
    const { result } = await inSimulatedTime(async (paced) => {
      let bytes = 0;
      for await (const chunk of readBody(response(paced([10, 10], 1000)), options)) {
        bytes += chunk.byteLength;
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      }
      return bytes;
    });
    expect(result).toBe(2000);
  });

  it.each([
    [100, 'is enough', 2000],
    [99, 'is too slow', 'MEDIA_UNAVAILABLE media.example.com: the download is too slow'],
  ])('%i bytes a second %s', async (bytesPerChunk, _what, expected) => {
    const gaps = Array.from({ length: 20 }, () => 1000);
    const { result } = await inSimulatedTime((paced) => outcome(response(paced(gaps, bytesPerChunk))));
    expect(result).toBe(expected);
  });

  it('a slow window after a fast one is not forgiven', async () => {
    const { result } = await inSimulatedTime(async (paced) => {
      async function* both() {
        yield* paced([500, 500], 1000);
        yield* paced([1000, 1000], 10);
      }
      return outcome(response(both()));
    });
    expect(result).toBe('MEDIA_UNAVAILABLE media.example.com: the download is too slow');
  });

  it('ends with the reason of the signal, also when that has come before', async () => {
    const reason = new ArchiveError('OUT_OF_TIME', 'over');
    const aborted = AbortSignal.abort(reason);
    expect(await outcome(response([Buffer.alloc(3)]), { signal: aborted })).toBe('OUT_OF_TIME over');
    const controller = new AbortController();
    const { result } = await inSimulatedTime(async (paced) => {
      setTimeout(() => controller.abort(reason), 5000);
      return outcome(response(paced([100, 60_000], 5_000)), { signal: controller.signal });
    });
    expect(result).toBe('OUT_OF_TIME over');
  });

  it('hands over nothing that comes when the signal has aborted, though it be the end', async () => {
    for (const last of [Buffer.alloc(3), undefined]) {
      const controller = new AbortController();
      const incoming: BodySource = {
        complete: true,
        destroy: () => {},
        next: async () => {
          controller.abort(new ArchiveError('OUT_OF_TIME', 'over'));
          return last;
        },
      };
      expect(await outcome(incoming, { signal: controller.signal })).toBe('OUT_OF_TIME over');
    }
  });

  it('a foreign error is reduced to its class and code', async () => {
    async function* failing() {
      yield Buffer.alloc(1);
      throw Object.assign(new Error('https://x/?secret'), { code: 'ECONNRESET' });
    }
    expect(await outcome(response(failing()))).toBe('MEDIA_UNAVAILABLE media.example.com: Error ECONNRESET');
  });
});

describe('readText', () => {
  it('takes as many bytes as it may, and not one more', async () => {
    const body = async function* () {
      yield Buffer.from('grü');
      yield Buffer.from('ße');
    };
    expect(await readText(body(), 7, 'GENESYS_BAD_RESPONSE')).toBe('grüße');
    await expect(readText(body(), 6, 'GENESYS_BAD_RESPONSE')).rejects.toMatchObject({
      code: 'GENESYS_BAD_RESPONSE',
      message: 'an answer is longer than 6 bytes',
    });
  });
});
