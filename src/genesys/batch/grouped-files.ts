import { abortReason, type Budget } from '../../clock.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { canonicalId } from '../../recording-id.ts';
import type { RecordingAnswer } from '../recordings/answers.ts';
import { MAX_BATCH_ITEMS } from '../recordings/batch.ts';
import { fetchRecording, type FetchOptions, type Found } from '../recordings/fetch.ts';
import { type FileFetcher, standAlone } from '../recordings/look.ts';
import { type ConversationWish, entriesOf, requestConversations } from './conversation-batch.ts';

export interface GroupedFilesOptions extends FetchOptions {
  /**
   * A recording that a batch gives as live archiving would keep it, with the time it is filed under, which neither the list of
   * recordings nor a batch states; `undefined` for one that has to be asked for by itself.
   */
  readonly asBatchable: (conversationId: string, recording: RecordingAnswer) => RecordingAnswer | undefined;
  /** Fetches one by one what a batch leaves out. Otherwise what is left out is said to be. */
  readonly fetchLeftOut: boolean;
  /** Which of these the archive has already: their files are not asked for. `undefined` for one that it has not. */
  readonly findKept?: (
    conversationId: string,
    recording: RecordingAnswer,
    budget: Budget,
  ) => Promise<Found | undefined>;
}

/** Conversations whose files are asked for together. */
export interface FileGroup {
  /** Each conversation that joins either asks for its files, or leaves. */
  join(conversationId: string): void;
  leave(conversationId: string): void;
  /** No more will join. */
  close(): void;
  /** Resolves once every conversation has asked or left. */
  readonly isComplete: Promise<void>;
}

export interface GroupedFiles {
  readonly fetch: FileFetcher;
  open(): FileGroup;
  /** What batches did so far. */
  readonly counts: {
    readonly batches: number;
    readonly leftOut: number;
    readonly single: number;
    /** Batches that are not complete now. */
    readonly making: number;
  };
}

interface Waiting {
  readonly wish: ConversationWish;
  readonly budget: Budget;
  readonly resolve: (found: readonly Found[]) => void;
  readonly reject: (error: ArchiveError) => void;
}

/**
 * Has the files of many conversations fetched by few calls: each conversation is looked at by itself, and those of a group wait for each
 * other, to be asked for in one batch. A reader of one conversation does not notice: recordings that a batch does not give are
 * fetched one by one, and all come back in their order.
 */
export function createGroupedFiles(options: GroupedFilesOptions): GroupedFiles {
  const groups = new Map<string, Group>();
  const counts = { batches: 0, leftOut: 0, single: 0, making: 0 };

  const requestWishes = (wishes: readonly ConversationWish[], budget: Budget) =>
    requestConversations(options, wishes, budget);

  const single = async (
    conversationId: string,
    recording: RecordingAnswer,
    budget: Budget,
  ): Promise<Found> => {
    counts.single += 1;
    return standAlone(() => fetchRecording(options, conversationId, recording, budget));
  };

  const make: typeof requestWishes = async (wishes, budget) => {
    counts.batches += 1;
    counts.making += 1;
    try {
      return await requestWishes(wishes, budget);
    } finally {
      counts.making -= 1;
    }
  };

  const request = async (waiting: readonly Waiting[]): Promise<void> => {
    const [first] = waiting;
    if (first === undefined) return;
    // each conversation has the budget of the same job
    const wishes = waiting.map(({ wish }) => wish);
    const found = await make(wishes, first.budget);
    for (const [at, one] of waiting.entries()) one.resolve(found[at] ?? []);
  };

  const flush = (waiting: readonly Waiting[]): void => {
    for (const part of inBatches(waiting)) {
      request(part).catch((error: unknown) => settleRefused(part, toArchiveError(error)));
    }
  };

  /** One that is refused because of one of its entries is asked for again in halves: the others are not to wait for that one. */
  const settleRefused = (part: readonly Waiting[], error: ArchiveError): void => {
    const half = Math.ceil(part.length / 2);
    if (!isRefusedEntry(error)) for (const one of part) one.reject(error);
    else if (part.length > 1) {
      for (const piece of [part.slice(0, half), part.slice(half)]) {
        request(piece).catch((other: unknown) => settleRefused(piece, toArchiveError(other)));
      }
    } else for (const { wish, resolve } of part) resolve(wish.wanted.map(() => ({ state: 'failed', error })));
  };

  class Group implements FileGroup {
    readonly isComplete: Promise<void>;
    readonly #members = new Set<string>();
    #waiting: Waiting[] = [];
    #closed = false;
    #complete: () => void = () => undefined;

    constructor() {
      this.isComplete = new Promise((resolve) => {
        this.#complete = resolve;
      });
    }

    join(conversationId: string): void {
      const id = canonicalId(conversationId);
      this.#members.add(id);
      groups.set(id, this);
    }

    leave(conversationId: string): void {
      const id = canonicalId(conversationId);
      if (!this.#members.delete(id)) return;
      if (groups.get(id) === this) groups.delete(id);
      this.#look();
    }

    close(): void {
      this.#closed = true;
      this.#look();
    }

    ask(wish: ConversationWish, budget: Budget): Promise<readonly Found[]> {
      return new Promise((resolve, reject) => {
        const onAbort = () => reject(abortReason(budget.signal));
        budget.signal.addEventListener('abort', onAbort, { once: true });
        const settled = () => budget.signal.removeEventListener('abort', onAbort);
        this.#waiting.push({
          wish,
          budget,
          resolve: (found) => {
            settled();
            resolve(found);
          },
          reject: (error) => {
            settled();
            reject(error);
          },
        });
        this.leave(wish.conversationId);
      });
    }

    #look(): void {
      if (!this.#closed || this.#members.size > 0) return;
      flush(this.#waiting);
      this.#waiting = [];
      this.#complete();
    }
  }

  /** Of recordings that a batch can give. */
  const ask = async (
    conversationId: string,
    wanted: readonly RecordingAnswer[],
    budget: Budget,
  ): Promise<readonly Found[]> => {
    const wish = { conversationId, wanted, isWhole: wanted.length > 1 };
    const group = groups.get(canonicalId(conversationId));
    if (group !== undefined) return group.ask(wish, budget);
    // its group is done: a link has expired meanwhile
    const [found = []] = await make([wish], budget);
    return found;
  };

  const fetch: FileFetcher = async (conversationId, wanted, budget) => {
    const kept = await Promise.all(
      wanted.map((one) => options.findKept?.(conversationId, one, budget) ?? Promise.resolve(undefined)),
    );
    const batchable = wanted.flatMap((recording, at) => {
      const timed = kept[at] === undefined ? options.asBatchable(conversationId, recording) : undefined;
      return timed === undefined ? [] : [{ at, timed }];
    });
    if (batchable.length === 0) groups.get(canonicalId(conversationId))?.leave(conversationId);
    const wishes = batchable.map(({ timed }) => timed);
    const answers = wishes.length === 0 ? [] : await ask(conversationId, wishes, budget);
    const given = new Map(batchable.map(({ at }, place) => [at, answers[place]]));
    const result: Found[] = [];
    for (const [at, recording] of wanted.entries()) {
      const known = kept[at] ?? given.get(at);
      const isGiven = known !== undefined && known.state !== 'left-out' && known.state !== 'no-file';
      if (isGiven && !isForeign(known)) result.push(known);
      else if (known !== undefined && !options.fetchLeftOut) result.push(known);
      else {
        if (known !== undefined) counts.leftOut += 1;
        result.push(await single(conversationId, recording, budget));
      }
    }
    return result;
  };

  return { fetch, open: () => new Group(), counts };
}

/** What a batch said of another recording is no word about this recording: it can still be asked for by itself. */
function isForeign(found: Found): boolean {
  return found.state === 'failed' && found.error.code === 'GENESYS_BAD_RESPONSE';
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
