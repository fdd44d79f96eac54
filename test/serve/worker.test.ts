import { createHash } from 'node:crypto';
import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArchiveResult } from '../../src/archive/archive-request.ts';
import { type Budget, startBudget } from '../../src/clock.ts';
import { ArchiveError, type ErrorCode } from '../../src/errors.ts';
import { parseDelivery } from '../../src/events/parse-event.ts';
import type { ArchiveRequest } from '../../src/ports.ts';
import { SPOOL_RETRIES, type SpoolPolicy } from '../../src/serve/retry-plan.ts';
import { Spool } from '../../src/serve/spool.ts';
import { startWorker, type Worker, type WorkerReport } from '../../src/serve/worker.ts';
import { makeDirectory } from '../cli/run-cli.ts';
import { fastClock } from '../fast-clock.ts';

const NOW = Date.UTC(2026, 4, 20, 12);
type Answer = readonly ArchiveResult[] | ArchiveError;

/** A spool and a worker, on a clock on which waiting takes no time; `answer` is what the archive says to each attempt. */
async function start(
  answer: (request: ArchiveRequest, attempt: number, budget: Budget) => Answer | Promise<Answer>,
  options: { readonly concurrency?: number; readonly policy?: Partial<SpoolPolicy> } = {},
) {
  const { dir, remove } = await makeDirectory();
  const clock = fastClock(NOW);
  const spool = await Spool.open(path.join(dir, 'spool'), clock);
  const reports: WorkerReport[] = [];
  const attempts: { readonly key: string; readonly at: number }[] = [];
  let running = 0;
  let mostRunning = 0;
  const interrupt = new AbortController();
  const { budget, end } = startBudget(clock, Number.POSITIVE_INFINITY, 0, interrupt.signal);
  const worker: Worker = startWorker({
    spool,
    clock,
    budget,
    parse: (event) => parseDelivery(event, { idPattern: /[a-z0-9-]+/ }),
    policy: { ...SPOOL_RETRIES, ...options.policy },
    concurrency: options.concurrency ?? 4,
    onReport: (report) => reports.push(report),
    archiver: {
      async archive(request) {
        attempts.push({ key: JSON.stringify(request), at: clock.now() });
        running += 1;
        mostRunning = Math.max(mostRunning, running);
        try {
          const result = await answer(request, attempts.length, budget);
          if (result instanceof ArchiveError) throw result;
          return result;
        } finally {
          running -= 1;
        }
      },
    },
  });
  const add = async (event: object, salt = '') => {
    const text = JSON.stringify(event) + salt;
    await spool.add(event, createHash('sha256').update(text).digest('hex'));
    worker.wake();
  };
  return {
    clock,
    spool,
    worker,
    reports,
    attempts,
    add,
    interrupt,
    mostRunning: () => mostRunning,
    inFolder: (name: string) => readdir(path.join(dir, 'spool', name)),
    untilEmpty: async () => {
      while ((await spool.figures()).queued > 0) await new Promise((resolve) => setImmediate(resolve));
    },
    close: async () => {
      await worker.stop();
      end();
      await spool.close();
      await remove();
    },
  };
}

let world: Awaited<ReturnType<typeof start>> | undefined;
beforeEach(() => {
  world = undefined;
});
afterEach(() => world?.close());

const media = (mediaId: string) => ({ mediaId, interactionId: `of-${mediaId}` });
const archived: ArchiveResult[] = [];
const notReady = (retryAfterMs: number): ArchiveResult[] => [
  { state: 'not-ready', ids: { recordingId: 'a', conversationId: 'c' }, status: 'uploading', retryAfterMs },
];
const failure = (code: ErrorCode) => new ArchiveError(code, `a ${code}`);

describe('the worker', () => {
  it('works through what arrives, as much at a time as it may, and leaves nothing behind', async () => {
    world = await start(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return archived;
      },
      { concurrency: 3 },
    );
    const { add } = world;
    await Promise.all(Array.from({ length: 20 }, (_, index) => add(media(`m-${index}`))));
    await world.worker.caughtUp();
    expect(world.attempts).toHaveLength(20);
    expect(world.mostRunning()).toBe(3);
    expect(await world.inFolder('queue')).toEqual([]);
    expect(await world.inFolder('incoming')).toEqual([]);
  });

  it('tries a failure again until it succeeds, later and later', async () => {
    world = await start((_, attempt) => (attempt <= 6 ? failure('MEDIA_UNAVAILABLE') : archived));
    await world.add(media('a'));
    await world.untilEmpty();
    const pauses = world.reports.flatMap((report) => (report.kind === 'again' ? [report.delayMs] : []));
    // half of 5 s, 10 s, 20 s …, as chance is always a half
    expect(pauses).toEqual([2_500, 5_000, 10_000, 20_000, 40_000, 80_000]);
    for (const [index, pause] of pauses.entries()) {
      const [before, after] = world.attempts.slice(index, index + 2);
      expect((after?.at ?? 0) - (before?.at ?? 0)).toBeGreaterThanOrEqual(pause);
    }
    expect(await world.inFolder('failed')).toEqual([]);
  });

  it('gives up after so many failures, and keeps the event and the reason', async () => {
    world = await start(() => failure('MEDIA_UNAVAILABLE'), { policy: { retries: 3 } });
    await world.add(media('a'));
    await world.untilEmpty();
    expect(world.attempts).toHaveLength(4);
    expect(world.reports.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'MEDIA_UNAVAILABLE' } });
    expect(await world.inFolder('failed')).toHaveLength(1);
  });

  it('gives up at once what can never succeed', async () => {
    world = await start(() => failure('KEY_COLLISION'));
    await world.add(media('a'));
    await world.untilEmpty();
    expect(world.attempts).toHaveLength(1);
    expect(await world.inFolder('failed')).toHaveLength(1);
  });

  it('waits for a recording that is not ready without counting it, up to a horizon', async () => {
    const horizonMs = 86_400_000;
    world = await start(() => notReady(60_000), { policy: { retries: 1, horizonMs } });
    await world.add(media('a'));
    await world.untilEmpty();
    const waited = (world.attempts.at(-1)?.at ?? 0) - NOW;
    expect(waited).toBeGreaterThanOrEqual(horizonMs);
    expect(waited).toBeLessThan(horizonMs + 1_000_000);
    // every 15 minutes, once it is late
    expect(world.attempts.length).toBeLessThan(140);
    expect(world.reports.at(-1)).toMatchObject({
      kind: 'failed',
      error: { code: 'MEDIA_NOT_READY', message: 'not complete after 24 hours (uploading)' },
    });
  });

  it('does what is worth another attempt first: a file that is gone permanently does not give up the others', async () => {
    const ids = { recordingId: 'a', conversationId: 'c' };
    const gone: ArchiveResult = { state: 'gone', ids, reason: 'deleted', settled: false };
    world = await start((_, attempt) => {
      if (attempt === 1) return [gone, { state: 'failed', ids, error: failure('MEDIA_TRUNCATED') }];
      return attempt === 2 ? [gone, ...notReady(1_000)] : [gone];
    });
    await world.add(media('a'));
    await world.untilEmpty();
    expect(world.reports.flatMap(({ kind }) => (kind === 'result' ? [] : [kind]))).toEqual([
      'again',
      'again',
      'failed',
    ]);
    expect(world.attempts).toHaveLength(3);
  });

  it('what the platform will never have, as a receipt says, is done', async () => {
    const ids = { recordingId: 'a', conversationId: 'c' };
    world = await start(() => [{ state: 'gone', ids, reason: 'deleted', settled: true }]);
    await world.add(media('a'));
    await world.untilEmpty();
    expect(await world.inFolder('failed')).toEqual([]);
  });

  it('works on one event about a recording at a time', async () => {
    let same = 0;
    world = await start(async () => {
      same += 1;
      expect(same).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 2));
      same -= 1;
      return archived;
    });
    for (let salt = 0; salt < 5; salt += 1) await world.add(media('a'), String(salt));
    await world.untilEmpty();
    expect(world.attempts).toHaveLength(5);
    expect(world.reports).toEqual([]);
  });

  it('stops taking events while none can succeed, tries one at a time, and goes on when it is put right', async () => {
    let broken = true;
    world = await start(() => (broken ? failure('STORE_DENIED') : archived), { concurrency: 4 });
    for (let index = 0; index < 40; index += 1) await world.add(media(`m-${index}`));
    while (world.attempts.length < 30) await new Promise((resolve) => setImmediate(resolve));
    const { attempts } = world;
    expect(world.worker.pausedBy).toBe('STORE_DENIED');
    // the first four at once; from the eighth on at least a second, in the end half a minute apart
    const pauses = attempts.slice(9, 30).map(({ at }, index) => at - (attempts[index + 8]?.at ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1_000);
    expect(pauses.slice(-5).every((pause) => pause >= 30_000)).toBe(true);
    broken = false;
    await world.untilEmpty();
    expect(world.worker.pausedBy).toBeUndefined();
    expect(await world.inFolder('failed')).toEqual([]);
  });

  it('interrupted: the event stays as it was, and no attempt is counted', async () => {
    world = await start(
      (_request, _attempt, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve(failure('INTERRUPTED')), { once: true });
        }),
    );
    await world.add(media('a'));
    while (world.attempts.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const stopped = world.worker.stop();
    world.interrupt.abort(failure('INTERRUPTED'));
    await stopped;
    expect(world.worker.inFlight).toBe(0);
    expect(world.reports).toEqual([]);
    const [name = ''] = await world.inFolder('queue');
    const read = await world.spool.read({ name, receivedAt: 0, bodyHash: '' });
    expect(read).toMatchObject({ attempts: 0, notBefore: 0 });
  });

  it('moves an event aside that is none', async () => {
    world = await start(() => archived);
    await world.add({ nothing: true });
    await world.untilEmpty();
    expect(world.attempts).toEqual([]);
    expect(world.reports).toMatchObject([{ kind: 'failed', error: { code: 'EVENT_INVALID' } }]);
  });

  it('archives what stands beside an event that is none, and moves the delivery aside with the reason', async () => {
    let attempt = 0;
    world = await start(() => ((attempt += 1) === 1 ? failure('GENESYS_UNAVAILABLE') : archived));
    await world.add([media('a'), { nothing: true }]);
    await world.untilEmpty();
    expect(world.attempts).toHaveLength(2);
    expect(world.reports.at(-1)).toMatchObject({ kind: 'failed', error: { code: 'EVENT_INVALID' } });
    expect(await world.inFolder('failed')).toHaveLength(1);
  });

  it('keeps what it cannot move, and says so', async () => {
    world = await start(() => failure('KEY_COLLISION'));
    const { dir, remove } = await makeDirectory();
    const failed = path.join(world.spool.directory, 'failed');
    await rename(failed, path.join(dir, 'failed'));
    await world.add(media('a'));
    while (!world.reports.some(({ kind }) => kind === 'stuck')) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await world.inFolder('queue')).toHaveLength(1);
    await rename(path.join(dir, 'failed'), failed);
    await world.untilEmpty();
    expect(await world.inFolder('failed')).toHaveLength(1);
    await remove();
  });
});
