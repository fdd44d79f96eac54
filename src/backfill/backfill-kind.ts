import type { ArchiveResult } from '../archive/archive-request.ts';
import { type Budget, followAbort, startBudget } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type { JobKind, Limit, Outcome, Rate, WorkContext } from '../jobs/kind.ts';
import type { RecordingsRequest } from '../ports.ts';
import {
  type BackfillItem,
  type BackfillOptions,
  type ConversationItem,
  keyOfConversation,
  nameOfItem,
  parseItem,
  requireOptions,
} from './items.ts';
import { endsTheWork, failedBy, outcomeOf, type Settled } from './outcome.ts';
import { OutcomeChannel } from './outcome-channel.ts';
import { present } from '../present.ts';

export const BACKFILL = 'backfill';

/** Conversations whose files are asked for together. */
const GROUP_SIZE = 100;

/** Groups that are worked on at once: while the files of one are made, the next is listed. */
const MAX_OPEN_GROUPS = 4;

/** Items that a runner takes at once: a whole shard, so that no group waits for the one before it. */
const BATCH_SIZE = 1_000;

/** What a backfill needs from outside. */
export interface BackfillPorts {
  /** The archive's layout, as the setting says it. */
  readonly layout: string;
  /** The use case that a live event goes through. Resolves to one result for each file. */
  archive(request: RecordingsRequest, budget: Budget): Promise<readonly ArchiveResult[]>;
  /** Archives one file of an export. */
  archiveExported(
    location: string,
    file: string,
    bytes: number,
    budget: Budget,
  ): Promise<readonly ArchiveResult[]>;
  /** Conversations whose files are asked for in one call. */
  openGroup(): {
    join(conversationId: string): void;
    leave(conversationId: string): void;
    close(): void;
    readonly isComplete: Promise<void>;
  };
  /** Told which conversations come next, so that what they need is asked once. */
  prepare?(items: readonly ConversationItem[], budget: Budget): Promise<void>;
  /** Asked before each call to the platform. */
  useRate(rate: () => Rate): void;
  /** What the work waits for now. */
  limitedBy(): Limit;
}

/**
 * The recordings that the platform has from before. Each goes through the use case of a live event: same checks, key, receipt and
 * reference.
 */
export function createBackfillKind(ports: BackfillPorts): JobKind<BackfillItem> {
  return {
    name: BACKFILL,
    batchSize: BATCH_SIZE,
    parse: parseItem,
    nameOf: nameOfItem,
    work: (items, context) => work(ports, items, context),
  };
}

async function* work(
  ports: BackfillPorts,
  items: readonly BackfillItem[],
  context: WorkContext,
): AsyncGenerator<Outcome, void, undefined> {
  const options = requireOptions(context.options, ports.layout);
  ports.useRate(() => context.rate());
  const stop = new AbortController();
  const unfollow = followAbort(context.signal, stop);
  // many calls listen to its signal at once
  const { budget, end } = startBudget(context, Number.POSITIVE_INFINITY, 0, stop.signal);
  const channel = new OutcomeChannel();
  const shard = new Shard(ports, options, { budget, channel, context, stop });
  const working = shard.run(items).then(
    () => channel.end(),
    // what was stopped has no error of its own
    (error: unknown) => channel.end(context.signal.aborted ? undefined : error),
  );
  try {
    yield* channel.read();
  } finally {
    // the reader has stopped, or an error has: nothing is begun any more, and what is under way ends cleanly
    stop.abort(new ArchiveError('INTERRUPTED', 'the work on this part of the job was stopped'));
    await working;
    end();
    unfollow();
  }
}

interface Running {
  readonly budget: Budget;
  readonly channel: OutcomeChannel;
  readonly context: WorkContext;
  readonly stop: AbortController;
}

class Shard {
  readonly #ports: BackfillPorts;
  readonly #options: BackfillOptions;
  readonly #running: Running;
  /** What ends the work on all. */
  #failure: { readonly error: ArchiveError } | undefined;

  constructor(ports: BackfillPorts, options: BackfillOptions, running: Running) {
    this.#ports = ports;
    this.#options = options;
    this.#running = running;
  }

  /** @throws what every other item would meet as well. */
  async run(items: readonly BackfillItem[]): Promise<void> {
    const { budget } = this.#running;
    const conversations = items.filter((one): one is ConversationItem => 'conversationId' in one);
    if (budget.signal.aborted) return;
    if (conversations.length > 0) await this.#ports.prepare?.(conversations, budget);
    const open = new Set<Promise<void>>();
    for (let at = 0; at < items.length && !budget.signal.aborted; at += GROUP_SIZE) {
      const { done, isComplete } = this.#begin(items, at);
      const settled: Promise<void> = done.finally(() => open.delete(settled));
      open.add(settled);
      await Promise.race([isComplete, settled]);
      if (open.size >= MAX_OPEN_GROUPS) await Promise.race(open);
    }
    await Promise.all(open);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Begins the work on up to {@link GROUP_SIZE} items. */
  #begin(
    items: readonly BackfillItem[],
    from: number,
  ): { readonly done: Promise<void>; readonly isComplete: Promise<void> } {
    const group = this.#ports.openGroup();
    const part = items.slice(from, from + GROUP_SIZE);
    // one conversation twice would wait for itself
    const first = new Set<string>();
    const isRepeated = part.map((one) => {
      if (!('conversationId' in one)) return false;
      const key = keyOfConversation(one);
      if (first.has(key)) return true;
      first.add(key);
      group.join(one.conversationId);
      return false;
    });
    group.close();
    const work = (item: BackfillItem, at: number) =>
      this.#settle(from + at, item).finally(() => {
        if ('conversationId' in item) group.leave(item.conversationId);
      });
    const done = (async () => {
      const firsts = [...part.entries()].filter(([at]) => isRepeated[at] !== true);
      await Promise.all(firsts.map(([at, item]) => work(item, at)));
      for (const [at, item] of part.entries()) if (isRepeated[at] === true) await work(item, at);
    })();
    return { done, isComplete: group.isComplete };
  }

  /** Works on one item, and says what became of it; says nothing when the work was stopped before. */
  async #settle(index: number, item: BackfillItem): Promise<void> {
    const { budget, channel, context, stop } = this.#running;
    if (budget.signal.aborted) return;
    let settled: Settled;
    try {
      settled = outcomeOf(await this.#archive(item));
    } catch (thrown) {
      const error = toArchiveError(thrown);
      if (budget.signal.aborted) return;
      if (endsTheWork(error)) {
        this.#failure ??= { error };
        stop.abort(error);
        return;
      }
      settled = isWaitedFor(error)
        ? { state: 'later', bytes: 0, code: error.code, reason: error.message, retryable: true }
        : failedBy(error, nameOfItem(item));
    }
    context.limitedBy(this.#ports.limitedBy());
    channel.push({ index, ...settled });
  }

  async #archive(item: BackfillItem): Promise<readonly ArchiveResult[]> {
    const { budget } = this.#running;
    if ('file' in item) {
      return this.#ports.archiveExported(this.#options.export ?? '', item.file, item.bytes, budget);
    }
    const { conversationId, endedAt, recordingIds = [undefined] } = item;
    const results: ArchiveResult[] = [];
    for (const recordingId of recordingIds) {
      const request: RecordingsRequest = {
        dialect: 'recordings',
        conversationId,
        ...present({ endedAt, recordingId }),
      };
      results.push(...(await this.#ports.archive(request, budget)));
    }
    return results;
  }
}

/** A file of an export may still wait for its sidecar. */
function isWaitedFor({ code }: ArchiveError): boolean {
  return code === 'MEDIA_NOT_READY';
}
