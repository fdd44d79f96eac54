import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { EnvelopeReader, ObjectStore } from '../../ports.ts';
import { canonicalId } from '../../recording/id.ts';
import { present } from '../../present.ts';
import type { FactsLine, FactsParticipant } from '../../record/facts-file.ts';
import type { ConversationItem } from '../items.ts';
import { contextOfFacts } from './context-of-facts.ts';
import { readFactsDay } from './read-facts-day.ts';
import { dayOf } from '../../recording/time.ts';

/** What makes facts unusable for now without anything being wrong with the work itself. */
const NOT_TO_BE_HAD = new Set(['OBJECT_MALFORMED', 'DECRYPT_FAILED', 'CONTEXT_MISMATCH', 'KMS_DENIED']);

export interface KnownFacts {
  readonly context: object;
  /** Of sessions that may be transcribed, the customer's first. */
  readonly communicationIds: readonly string[];
}

/** What a context keeps of a recording. */
export interface ListedRecording {
  readonly id: string;
  readonly media: string | undefined;
  readonly subtype: string | undefined;
  readonly pauses: readonly object[];
}

const SPOKEN = new Set(['voice', 'callback', 'message', 'chat', 'video']);

/** Sessions of a conversation that may be transcribed, the customer's first. Pure. */
export function communicationsOf({ participants }: Pick<FactsLine, 'participants'>): readonly string[] {
  const isCustomers = ({ purpose }: FactsParticipant) => purpose === 'customer' || purpose === 'external';
  const ordered = [...participants.filter(isCustomers), ...participants.filter((one) => !isCustomers(one))];
  const sessions = ordered.flatMap((one) => one.sessions);
  return sessions.filter(({ media = 'voice' }) => SPOKEN.has(media)).map(({ id }) => id);
}

/** Contexts of conversations that are worked on, from the facts of their days. */
export class KnownContexts {
  readonly #source: { readonly store: ObjectStore; readonly reader: EnvelopeReader };
  readonly #known = new Map<string, KnownFacts>();
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

  /** Its recordings, as the platform lists them: facts do not say where a recording was paused. */
  note(conversationId: string, recordings: readonly ListedRecording[]): void {
    const id = canonicalId(conversationId);
    const known = this.#known.get(id);
    if (known === undefined) return;
    const described = recordings.map(({ id: recordingId, media, subtype, pauses }) => ({
      id: recordingId,
      ...present({ media, mediaSubtype: subtype }),
      pauses,
    }));
    this.#known.set(id, { ...known, context: { ...known.context, recordings: described } });
  }

  /** Once: a conversation is worked on once. `undefined` where the facts do not tell, or told before it had ended. */
  take(conversationId: string): KnownFacts | undefined {
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
      if (!ids.has(id) || !isFresh) continue;
      const context = contextOfFacts(line, fetchedAt, names);
      this.#known.set(id, { context, communicationIds: communicationsOf(line) });
    }
  }
}
