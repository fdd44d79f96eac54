import { type Budget, followAbort, sharedSignal } from '../clock.ts';
import { toArchiveError } from '../errors.ts';
import type { JobKind, Outcome, WorkContext } from '../jobs/kind.ts';
import { pacer } from '../jobs/pace.ts';

/** An item: the key of a recording's object. */
export interface KeyItem {
  readonly key: string;
}

/** What is done to one recording after the other. */
export interface RecordingsWork {
  /** @throws what keeps from it; the recording is listed as failed with that code. */
  one(key: string, budget: Budget): Promise<Omit<Outcome, 'index'>>;
  readonly close?: () => void;
}

export interface RecordingsKindOptions {
  readonly name: string;
  /** Opens what the job's own options ask for. Called once for each job that this process works on. */
  readonly open: (options: unknown, context: WorkContext) => Promise<RecordingsWork>;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Recordings of one batch that are worked on at once. Default 8. */
  readonly concurrency?: number;
}

const DEFAULT_CONCURRENCY = 8;
/** Small enough for a pause to be prompt, large enough to keep the work going. */
const BATCH_SIZE = 200;

/** A kind of job that does one thing to each of many recordings, several at a time and no faster than its rate. */
export function recordingsKind({
  name,
  open,
  sleep,
  concurrency = DEFAULT_CONCURRENCY,
}: RecordingsKindOptions): {
  readonly kind: JobKind<KeyItem>;
  readonly close: () => void;
} {
  const opened = new Map<string, Promise<RecordingsWork>>();
  const openFor = (context: WorkContext): Promise<RecordingsWork> => {
    const known = opened.get(context.job);
    if (known !== undefined) return known;
    const opening = open(context.options, context);
    opened.set(context.job, opening);
    opening.catch(() => opened.delete(context.job));
    return opening;
  };
  return {
    kind: {
      name,
      batchSize: BATCH_SIZE,
      parse: parseKey,
      nameOf: ({ key }) => key,
      async *work(items, context) {
        const work = await openFor(context);
        yield* workThrough(work, items, context, { sleep, concurrency });
      },
    },
    close: () => {
      for (const opening of opened.values()) {
        opening.then(
          ({ close }) => close?.(),
          () => undefined,
        );
      }
    },
  };
}

function parseKey(value: unknown): KeyItem {
  if (typeof value === 'object' && value !== null && 'key' in value && typeof value.key === 'string') {
    return { key: value.key };
  }
  throw new TypeError('no key of an object');
}

/** Yields each outcome as it is known. What was under way when the signal came has none. */
async function* workThrough(
  work: RecordingsWork,
  items: readonly KeyItem[],
  context: WorkContext,
  { sleep, concurrency }: { readonly concurrency: number } & Pick<RecordingsKindOptions, 'sleep'>,
): AsyncGenerator<Outcome, void, undefined> {
  const stop = new AbortController();
  const unfollow = followAbort(context.signal, stop);
  const budget = { deadline: Number.POSITIVE_INFINITY, signal: sharedSignal(stop) };
  const pace = pacer(context, sleep);
  const queue = items.entries();
  const running = new Map<number, Promise<readonly [number, Outcome | undefined]>>();
  const begin = async () => {
    if (stop.signal.aborted) return;
    const next = queue.next();
    if (next.done === true) return;
    const [index, { key }] = next.value;
    await pace(stop.signal);
    running.set(index, workOn(work, key, index, budget));
  };
  try {
    while (running.size < concurrency && running.size < items.length) await begin();
    while (running.size > 0) {
      const [index, outcome] = await Promise.race(running.values());
      running.delete(index);
      if (outcome !== undefined) yield outcome;
      await begin();
    }
  } finally {
    stop.abort();
    unfollow();
  }
}

async function workOn(
  work: RecordingsWork,
  key: string,
  index: number,
  budget: Budget,
): Promise<readonly [number, Outcome | undefined]> {
  try {
    return [index, { index, ...(await work.one(key, budget)) }];
  } catch (error) {
    if (budget.signal.aborted) return [index, undefined];
    const { code, message, retryable } = toArchiveError(error);
    return [index, { index, state: 'failed', bytes: 0, code, reason: message, retryable }];
  }
}
