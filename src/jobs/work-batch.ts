/** Gives items to their kind, and takes what became of them. */
import { judgeOutcome, planRest } from '../circuit.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { nextDelay, type RetryPolicy } from '../http/retry-timing.ts';
import type { Outcome, WorkContext } from './kind.ts';
import type { Run } from './run-context.ts';

const RETRIES: RetryPolicy = { retries: 3, baseMs: 2_000, capMs: 30_000, maxRetryAfterMs: 0 };
/** ms that a kind has to end once its signal has aborted. What it gives meanwhile counts. */
const GRACE_MS = 5_000;

/** What every item would meet as well, although it is not about a service. */
const ABOUT_THE_JOB: ReadonlySet<string> = new Set(['JOB_CHANGED', 'USAGE', 'SOURCE_DELETE_CAPPED']);

/** The shard, as a batch sees it. Indices are the shard's. */
export interface BatchHandling {
  readonly signal: AbortSignal;
  context(): WorkContext;
  itemAt(index: number): unknown;
  /** @throws the error that ends the runner. */
  settle(outcome: Outcome): Promise<void>;
}

/** @throws the error that ends the runner, or a failure of the store. */
export async function workBatch(run: Run, shard: BatchHandling, indices: readonly number[]): Promise<void> {
  const left = new Set(indices);
  for (let failures = 0; left.size > 0 && !shard.signal.aborted; ) {
    const failure = await attempt(run, shard, left);
    if (shard.signal.aborted) return;
    if (failure === undefined) return giveUpOn(shard, left);
    failures += 1;
    if (ABOUT_THE_JOB.has(failure.code)) throw failure;
    const systemic = judgeOutcome(failure) === 'systemic';
    if (systemic && planRest(failure) === 'stop') throw failure;
    const now = run.clock.now();
    const decision = nextDelay(RETRIES, {
      failures,
      now,
      deadline: Number.POSITIVE_INFINITY,
      random: run.clock.random(),
    });
    if (failure.retryable && decision.retry) {
      run.tell({ what: 'retrying', code: failure.code });
      await run.clock.sleep(decision.delayMs, shard.signal).catch(() => undefined);
      continue;
    }
    if (systemic) throw failure;
    return oneByOne(run, shard, left, failure);
  }
}

/** The error is one item's, and the kind did not say whose. */
async function oneByOne(
  run: Run,
  shard: BatchHandling,
  left: ReadonlySet<number>,
  failure: ArchiveError,
): Promise<void> {
  if (left.size === 1) {
    const { code, message, retryable } = failure;
    for (const index of left) {
      await shard.settle({ index, state: 'failed', bytes: 0, code, reason: message, retryable });
    }
    return;
  }
  for (const index of left) {
    if (shard.signal.aborted) return;
    const single = new Set([index]);
    const own = await attempt(run, shard, single);
    if (shard.signal.aborted) return;
    if (own === undefined) await giveUpOn(shard, single);
    else if (judgeOutcome(own) === 'systemic' || ABOUT_THE_JOB.has(own.code)) throw own;
    else await oneByOne(run, shard, single, own);
  }
}

/** The kind ended without a word about them. */
async function giveUpOn(shard: BatchHandling, left: ReadonlySet<number>): Promise<void> {
  for (const index of left) {
    const reason = 'the work ended without an outcome for this item';
    await shard.settle({ index, state: 'failed', bytes: 0, code: 'UNEXPECTED', reason, retryable: true });
  }
}

/**
 * Removes from `left` what has an outcome.
 *
 * @returns what the kind threw.
 * @throws what `settle` throws.
 */
async function attempt(run: Run, shard: BatchHandling, left: Set<number>): Promise<ArchiveError | undefined> {
  const given = [...left];
  const abandoned = afterAbort(run, shard.signal);
  let outcomes: AsyncIterator<Outcome> | undefined;
  try {
    const items = given.map((index) => shard.itemAt(index));
    outcomes = run.kind.work(items, shard.context())[Symbol.asyncIterator]();
    for (;;) {
      const next = await Promise.race([stepOf(outcomes), abandoned.promise]);
      if (next === undefined) return undefined;
      if ('failure' in next) return next.failure;
      if (next.done === true) return undefined;
      const { value } = next;
      const index = given[value.index];
      if (index === undefined || !left.delete(index)) continue;
      await shard.settle({ ...value, index });
    }
  } catch (error) {
    // frees what the kind holds; it may not answer any more
    outcomes?.return?.().catch(() => undefined);
    throw error;
  } finally {
    abandoned.end();
  }
}

/** What the kind throws is told from what the engine throws. */
async function stepOf(
  outcomes: AsyncIterator<Outcome>,
): Promise<IteratorResult<Outcome, unknown> | { readonly failure: ArchiveError }> {
  try {
    return await outcomes.next();
  } catch (error) {
    return { failure: toArchiveError(error) };
  }
}

/** Resolves a while after the signal has aborted. */
function afterAbort(
  { clock }: Run,
  signal: AbortSignal,
): { readonly promise: Promise<undefined>; readonly end: () => void } {
  const over = new AbortController();
  let onAbort: (() => void) | undefined;
  const promise = new Promise<undefined>((resolve) => {
    onAbort = () => {
      clock.sleep(GRACE_MS, over.signal).then(
        () => resolve(undefined),
        () => undefined,
      );
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
  return {
    promise,
    end: () => {
      over.abort();
      if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    },
  };
}
