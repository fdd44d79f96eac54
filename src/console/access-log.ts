import { randomBytes } from 'node:crypto';
import { type Clock, startBudget, waitFor } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';
import {
  type AccessEntry,
  accessKey,
  formatAccessEntry,
  hashAccessEntry,
  keepAccessEntry,
} from '../record/access-entry.ts';
import type { ConsoleArchive } from './console-archive.ts';
import type { Session } from './session.ts';
import { present } from '../present.ts';

/** ms that an entry may take; then what it is about is not done. */
export const ENTRY_MS = 5_000;
/** Chains that are remembered; a session whose chain was forgotten begins another. */
const MAX_CHAINS = 10_000;

/** What an entry says besides who, when and its place in the chain. */
export type Accessed = Omit<AccessEntry, 'v' | 'at' | 'who' | 'session' | 'n' | 'previous' | 'outcome'> &
  Partial<Pick<AccessEntry, 'outcome'>>;

/** What an entry is called. */
interface EntryName {
  /** ISO 8601. @default when it is written */
  readonly at?: string;
  /** 6 bytes or more, in hex. */
  readonly random: string;
}

interface Appending {
  readonly archive: ConsoleArchive;
  readonly session: Session;
  readonly chain: Chain;
  readonly name: EntryName;
}

interface Chain {
  /** Names it in entries: the session, this process, and how often it had to begin anew. */
  readonly name: string;
  n: number;
  previous: string | undefined;
  /** The write before: entries of a chain are written one after the other. */
  tail: Promise<void>;
}

/**
 * Writes entries of the access log. Each session has a chain of its own in each archive, so that neither sessions nor processes wait for
 * each other; an entry names the hash of the one before it.
 */
export class AccessLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #entryMs: number;
  /** Tells processes apart that know the same session. */
  readonly #process = randomBytes(3).toString('hex');
  readonly #chains = new Map<string, Chain>();
  #begun = 0;

  constructor({
    clock,
    logger,
    entryMs = ENTRY_MS,
  }: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly entryMs?: number | undefined;
  }) {
    this.#clock = clock;
    this.#logger = logger;
    this.#entryMs = entryMs;
  }

  /**
   * Writes an entry; when it returns, the entry is in the store.
   *
   * @throws `ACCESS_LOG_UNAVAILABLE` when it is not known to be there. Its chain is not continued then, and another one begins.
   */
  async write(archive: ConsoleArchive, session: Session, accessed: Accessed): Promise<void> {
    const name = { random: randomBytes(6).toString('hex') };
    if (await this.#inTurn(archive, session, accessed, name)) return;
    throw new ArchiveError('ACCESS_LOG_UNAVAILABLE', 'an entry of the same name is there already');
  }

  /**
   * The same under a name that is given: of several that write it, in whichever process, one is the first.
   *
   * @returns whether it is; without being so, nothing was written.
   */
  claim(archive: ConsoleArchive, session: Session, accessed: Accessed, name: EntryName): Promise<boolean> {
    return this.#inTurn(archive, session, accessed, name);
  }

  #inTurn(archive: ConsoleArchive, session: Session, accessed: Accessed, name: EntryName): Promise<boolean> {
    const chain = this.#chainOf(archive, session);
    const turn = chain.tail.then(() => this.#append({ archive, session, chain, name }, accessed));
    chain.tail = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  /** The same for what has happened in any case: a failure is logged. */
  async note(archive: ConsoleArchive, session: Session, accessed: Accessed): Promise<void> {
    await this.write(archive, session, accessed).catch((thrown: unknown) => {
      const { code, message } = toArchiveError(thrown);
      this.#logger.log('error', message, { code });
    });
  }

  async #append(
    { archive, session, chain: asked, name }: Appending,
    { outcome = 'granted', ...accessed }: Accessed,
  ): Promise<boolean> {
    // the entry before may have failed since: then this chain is not continued
    const chain = this.#isCurrent(archive, session, asked) ? asked : this.#chainOf(archive, session);
    const entry: AccessEntry = {
      v: 1,
      at: new Date(this.#clock.now()).toISOString(),
      who: whoIs(session),
      session: chain.name,
      n: chain.n + 1,
      ...accessed,
      outcome,
      ...present({ previous: chain.previous }),
    };
    const { budget, end } = startBudget(this.#clock, this.#clock.now() + this.#entryMs);
    const key = accessKey(name.at ?? entry.at, name.random);
    try {
      // also a store that does not answer, and listens to no signal, is waited for no longer than the budget
      if (!(await waitFor(keepAccessEntry(archive.store, entry, key, budget), budget.signal))) return false;
      chain.n = entry.n;
      chain.previous = hashAccessEntry(formatAccessEntry(entry));
      return true;
    } catch (thrown) {
      this.#chains.delete(chainId(archive, session));
      const { code } = toArchiveError(thrown);
      this.#logger.log('error', 'an entry of the access log could not be written', { code });
      throw new ArchiveError('ACCESS_LOG_UNAVAILABLE', `the access log cannot be written (${code})`);
    } finally {
      end();
    }
  }

  #isCurrent(archive: ConsoleArchive, session: Session, chain: Chain): boolean {
    return this.#chains.get(chainId(archive, session)) === chain;
  }

  #chainOf(archive: ConsoleArchive, session: Session): Chain {
    const id = chainId(archive, session);
    const known = this.#chains.get(id);
    if (known !== undefined) return known;
    this.#begun += 1;
    const name = `${session.id}.${this.#process}.${this.#begun}`;
    const chain: Chain = { name, n: 0, previous: undefined, tail: Promise.resolve() };
    const [oldest] = this.#chains.keys();
    if (this.#chains.size >= MAX_CHAINS && oldest !== undefined) this.#chains.delete(oldest);
    this.#chains.set(id, chain);
    return chain;
  }
}

/** As people know them, and as the provider does, where the two differ. */
export const whoIs = ({ name, sub }: Session) => (name === sub ? name : `${name} (${sub})`);

const chainId = ({ name = '' }: ConsoleArchive, { id }: Session) => `${id} ${name}`;
