import type { ObjectStore } from '../ports.ts';
import { formatBytes, formatDuration } from './_format.ts';
import type { Ui } from './_ui.ts';

/** How far some work has come. Byte counts are of what has passed through so far, not only of finished items. */
export interface ProgressCount {
  readonly done: number;
  readonly failed: number;
  /** Items in all, where known. */
  readonly total: number | undefined;
  readonly bytes: number;
  /** Bytes in all, where known. */
  readonly totalBytes: number | undefined;
  readonly elapsedMs: number;
}

/** ms between two lines where the output is not a terminal. */
const LINE_EVERY_MS = 10_000;
/** ms between two drawings on a terminal. */
const DRAW_EVERY_MS = 100;
/** Below this, in ms, a rate is noise. */
const MIN_ELAPSED_MS = 500;
/** The time left is told once so much is done, or after so long (ms): the first items may be unlike the rest. */
const MIN_SHARE = 0.1;
const LONG_ELAPSED_MS = 5_000;

/** `archiving: 12/36, 3.4 MiB, 1.2 MiB/s, 4.0 s left, 1 failed` */
export function describeProgress(what: string, progress: ProgressCount): string {
  const { done, failed, total, bytes, totalBytes, elapsedMs } = progress;
  const parts = [
    total === undefined ? `${done} done` : `${done}/${total}`,
    totalBytes === undefined ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`,
  ];
  if (elapsedMs >= MIN_ELAPSED_MS && bytes > 0) parts.push(`${formatBytes((bytes / elapsedMs) * 1000)}/s`);
  const left = estimateLeft(progress);
  if (left !== undefined) parts.push(`${formatDuration(left)} left`);
  if (failed > 0) parts.push(`${failed} failed`);
  return `${what}: ${parts.join(', ')}`;
}

/** ms. By bytes where their sum is known, else by items. */
function estimateLeft({ done, total, bytes, totalBytes, elapsedMs }: ProgressCount): number | undefined {
  if (elapsedMs < MIN_ELAPSED_MS) return undefined;
  const share =
    totalBytes !== undefined && totalBytes > 0
      ? bytes / totalBytes
      : total !== undefined && total > 0
        ? done / total
        : 0;
  const enough = share >= MIN_SHARE || elapsedMs >= LONG_ELAPSED_MS;
  return enough && share > 0 && share < 1 ? (elapsedMs / share) * (1 - share) : undefined;
}

export interface Progress {
  itemDone(): void;
  itemFailed(): void;
  readonly addBytes: (bytes: number) => void;
  /** Counts so far; `end` first when they are final. */
  count(): ProgressCount;
  end(): void;
}

/**
 * Shows progress on stderr until `end`: redrawn in place on a terminal, a line every 10 s elsewhere, nothing with `--quiet`.
 */
export function startProgress(
  ui: Ui,
  what: string,
  totals: { readonly items?: number | undefined; readonly bytes?: number | undefined } = {},
): Progress {
  const startedAt = performance.now();
  let done = 0;
  let failed = 0;
  let bytes = 0;
  const countNow = (): ProgressCount => ({
    done,
    failed,
    bytes,
    total: totals.items,
    totalBytes: totals.bytes,
    elapsedMs: performance.now() - startedAt,
  });
  const show = () => {
    const line = describeProgress(what, countNow());
    if (ui.live) ui.status(line);
    else ui.say(line);
  };
  const timer = setInterval(show, ui.live ? DRAW_EVERY_MS : LINE_EVERY_MS);
  timer.unref();
  return {
    itemDone: () => {
      done += 1;
    },
    itemFailed: () => {
      done += 1;
      failed += 1;
    },
    addBytes: (more) => {
      bytes += more;
    },
    count: countNow,
    end: () => {
      clearInterval(timer);
      ui.status(undefined);
    },
  };
}

/** The same store, telling how many bytes pass through it in either direction. */
export function countBytes(store: ObjectStore, onBytes: (bytes: number) => void): ObjectStore {
  async function* counted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of body) {
      onBytes(chunk.byteLength);
      yield chunk;
    }
  }
  return {
    location: store.location,
    put: (key, body, options, budget) => {
      if (!(body instanceof Uint8Array)) return store.put(key, counted(body), options, budget);
      onBytes(body.byteLength);
      return store.put(key, body, options, budget);
    },
    head: (key, budget) => store.head(key, budget),
    get: async (key, budget, range) => {
      const { stat, body } = await store.get(key, budget, range);
      return { stat, body: counted(body) };
    },
    list: (prefix, budget, options) => store.list(prefix, budget, options),
  };
}
