import { ArchiveError, toArchiveError } from '../../errors.ts';
import type { Budget } from '../../clock.ts';
import { MAX_BATCH_ITEMS } from '../recordings/batch.ts';
import type { FetchOptions, Found } from '../recordings/fetch.ts';
import { type ConversationWish, entriesOf, requestConversations } from './conversation-batch.ts';

/** A conversation whose files are wanted, and who waits for them. */
export interface Waiting {
  readonly wish: ConversationWish;
  readonly budget: Budget;
  readonly resolve: (found: readonly Found[]) => void;
  readonly reject: (error: ArchiveError) => void;
}

/** What batches did so far. */
export interface BatchCounts {
  batches: number;
  leftOut: number;
  single: number;
  /** Batches that are not complete now. */
  making: number;
}

/** Asks for what waits, in as few batches as the platform takes, and tells each who waits. */
export class BatchRequests {
  readonly #options: FetchOptions;
  readonly #counts: BatchCounts;

  constructor(options: FetchOptions, counts: BatchCounts) {
    this.#options = options;
    this.#counts = counts;
  }

  async make(wishes: readonly ConversationWish[], budget: Budget): Promise<readonly (readonly Found[])[]> {
    this.#counts.batches += 1;
    this.#counts.making += 1;
    try {
      return await requestConversations(this.#options, wishes, budget);
    } finally {
      this.#counts.making -= 1;
    }
  }

  /** Settles all that wait, sooner or later. */
  flush(waiting: readonly Waiting[]): void {
    for (const part of inBatches(waiting)) this.#start(part);
  }

  #start(part: readonly Waiting[]): void {
    this.#request(part).catch((error: unknown) => this.#settleRefused(part, toArchiveError(error)));
  }

  async #request(waiting: readonly Waiting[]): Promise<void> {
    const [first] = waiting;
    if (first === undefined) return;
    // each conversation has the budget of the same job
    const wishes = waiting.map(({ wish }) => wish);
    const found = await this.make(wishes, first.budget);
    for (const [at, one] of waiting.entries()) one.resolve(found[at] ?? []);
  }

  /** One that is refused because of one of its entries is asked for again in halves: the others are not to wait for that one. */
  #settleRefused(part: readonly Waiting[], error: ArchiveError): void {
    if (!isRefusedEntry(error)) for (const one of part) one.reject(error);
    else if (part.length > 1) {
      const half = Math.ceil(part.length / 2);
      this.#start(part.slice(0, half));
      this.#start(part.slice(half));
    } else for (const { wish, resolve } of part) resolve(wish.wanted.map(() => ({ state: 'failed', error })));
  }
}

function isRefusedEntry(error: ArchiveError): boolean {
  const status = Number(error.details['status']);
  return error.code === 'GENESYS_BAD_RESPONSE' && status >= 400 && status < 500;
}

/** No batch has more entries than the platform takes. */
function inBatches(waiting: readonly Waiting[]): (readonly Waiting[])[] {
  const batches: Waiting[][] = [];
  let entries = Number.POSITIVE_INFINITY;
  for (const one of waiting) {
    const own = entriesOf(one.wish);
    if (entries + own > MAX_BATCH_ITEMS) {
      batches.push([]);
      entries = 0;
    }
    batches.at(-1)?.push(one);
    entries += own;
  }
  return batches;
}
