import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { EnvelopeReader, ObjectStore } from '../../ports.ts';
import { canonicalId } from '../../recording-id.ts';
import type { ConversationItem } from '../items.ts';
import { contextOfFacts } from './context-of-facts.ts';
import { readFactsDay } from './read-facts-day.ts';
import { dayOf } from '../../recording-time.ts';

/** What makes facts unusable for now without anything being wrong with the work itself. */
const NOT_TO_BE_HAD = new Set(['OBJECT_MALFORMED', 'DECRYPT_FAILED', 'CONTEXT_MISMATCH', 'KMS_DENIED']);

/** Contexts of conversations that are worked on, from the facts of their days. */
export class KnownContexts {
  readonly #source: { readonly store: ObjectStore; readonly reader: EnvelopeReader };
  readonly #known = new Map<string, object>();
  readonly #onUnusable: (day: string, code: string) => void;

  constructor(
    source: { readonly store: ObjectStore; readonly reader: EnvelopeReader },
    onUnusable: (day: string, code: string) => void,
  ) {
    this.#source = source;
    this.#onUnusable = onUnusable;
  }

  /** Reads the facts of the days of these conversations, each day once, and keeps what is about them. */
  async prepare(items: readonly ConversationItem[], budget: Budget): Promise<void> {
    const wanted = new Map<string, Set<string>>();
    for (const { conversationId, startedAt } of items) {
      if (startedAt === undefined) continue;
      const day = dayOf(startedAt);
      const ids = wanted.get(day) ?? new Set<string>();
      wanted.set(day, ids.add(canonicalId(conversationId)));
    }
    for (const [day, ids] of wanted) {
      try {
        await this.#read(day, ids, budget);
      } catch (error) {
        if (!(error instanceof ArchiveError) || !NOT_TO_BE_HAD.has(error.code)) throw error;
        this.#onUnusable(day, error.code);
      }
    }
  }

  /** Once: a conversation is worked on once. `undefined` where the facts do not tell, or told before it had ended. */
  take(conversationId: string): object | undefined {
    const id = canonicalId(conversationId);
    const known = this.#known.get(id);
    this.#known.delete(id);
    return known;
  }

  async #read(day: string, ids: ReadonlySet<string>, budget: Budget): Promise<void> {
    const facts = await readFactsDay(this.#source, day, budget);
    if (facts === undefined) return;
    const { fetchedAt, dataAvailableUntil, named } = facts.header;
    const names = { queues: named.queues.names, wrapUps: named.wrapUps.names };
    for await (const line of facts.lines) {
      const id = canonicalId(line.conversationId);
      // what the platform learned later is not in them
      const isFresh = line.end !== undefined && line.end < (dataAvailableUntil ?? '');
      if (ids.has(id) && isFresh) this.#known.set(id, contextOfFacts(line, fetchedAt, names));
    }
  }
}
