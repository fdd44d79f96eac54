import { abortReason, type Budget } from '../../clock.ts';
import { canonicalId } from '../../recording/id.ts';
import type { RecordingAnswer } from '../recordings/answers.ts';
import { fetchRecording, type FetchOptions, type Found } from '../recordings/fetch.ts';
import { type FileFetcher, standAlone } from '../recordings/look.ts';
import { type BatchCounts, BatchRequests, type Waiting } from './batch-requests.ts';
import type { ConversationWish } from './conversation-batch.ts';

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
  readonly counts: Readonly<BatchCounts>;
}

/** The group that each conversation has joined and not left. */
type Groups = Map<string, Group>;

class Group implements FileGroup {
  readonly isComplete: Promise<void>;
  readonly #groups: Groups;
  readonly #requests: BatchRequests;
  readonly #members = new Set<string>();
  #waiting: Waiting[] = [];
  #closed = false;
  #complete: () => void = () => undefined;

  constructor(groups: Groups, requests: BatchRequests) {
    this.#groups = groups;
    this.#requests = requests;
    this.isComplete = new Promise((resolve) => {
      this.#complete = resolve;
    });
  }

  join(conversationId: string): void {
    const id = canonicalId(conversationId);
    this.#members.add(id);
    this.#groups.set(id, this);
  }

  leave(conversationId: string): void {
    const id = canonicalId(conversationId);
    if (!this.#members.delete(id)) return;
    if (this.#groups.get(id) === this) this.#groups.delete(id);
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
    this.#requests.flush(this.#waiting);
    this.#waiting = [];
    this.#complete();
  }
}

/**
 * Has the files of many conversations fetched by few calls: each conversation is looked at by itself, and those of a group wait for each
 * other, to be asked for in one batch. A reader of one conversation does not notice: recordings that a batch does not give are
 * fetched one by one, and all come back in their order.
 */
export function createGroupedFiles(options: GroupedFilesOptions): GroupedFiles {
  const groups: Groups = new Map();
  const counts: BatchCounts = { batches: 0, leftOut: 0, single: 0, making: 0 };
  const requests = new BatchRequests(options, counts);

  /** Of recordings that a batch can give. */
  const ask = async (wish: ConversationWish, budget: Budget): Promise<readonly Found[]> => {
    const group = groups.get(canonicalId(wish.conversationId));
    if (group !== undefined) return group.ask(wish, budget);
    // its group is done: a link has expired meanwhile
    const [found = []] = await requests.make([wish], budget);
    return found;
  };

  const fetch: FileFetcher = async (conversationId, recordings, budget) => {
    const kept = await Promise.all(
      recordings.map((one) => options.findKept?.(conversationId, one, budget) ?? Promise.resolve(undefined)),
    );
    const batchable = recordings.flatMap((recording, at) => {
      const timed = kept[at] === undefined ? options.asBatchable(conversationId, recording) : undefined;
      return timed === undefined ? [] : [{ at, timed }];
    });
    if (batchable.length === 0) groups.get(canonicalId(conversationId))?.leave(conversationId);
    const wanted = batchable.map(({ timed }) => timed);
    const isWhole = wanted.length > 1;
    const answers = wanted.length === 0 ? [] : await ask({ conversationId, wanted, isWhole }, budget);
    const given = new Map(batchable.map(({ at }, place) => [at, answers[place]]));
    const result: Found[] = [];
    for (const [at, recording] of recordings.entries()) {
      const known = kept[at] ?? given.get(at);
      if (known !== undefined && (isGiven(known) || !options.fetchLeftOut)) {
        result.push(known);
        continue;
      }
      if (known !== undefined) counts.leftOut += 1;
      counts.single += 1;
      result.push(await standAlone(() => fetchRecording(options, conversationId, recording, budget)));
    }
    return result;
  };

  return { fetch, open: () => new Group(groups, requests), counts };
}

/** What a batch said of another recording is no word about this recording: it can still be asked for by itself. */
function isGiven(found: Found): boolean {
  const isForeign = found.state === 'failed' && found.error.code === 'GENESYS_BAD_RESPONSE';
  return found.state !== 'left-out' && found.state !== 'no-file' && !isForeign;
}
