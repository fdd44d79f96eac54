import type { SeekableRecording } from '../audit/read-range.ts';
import type { Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ConsoleArchive } from './console-archive.ts';
import type { GrantsSealer, SealedGrant } from './grants-sealer.ts';
import type { Session } from './session.ts';

export const LISTEN_IDLE_MS = 15 * 60_000;
export const LISTEN_MS = 8 * 3_600_000;
/** Where several processes share the listens, none knows when one was last used: they end by themselves earlier. */
export const SHARED_LISTEN_MS = 2 * 3_600_000;
export const MAX_LISTENS = 4;
export const MAX_OPEN_RANGES = 16;
/** Refusals that a listen remembers. */
const MAX_REFUSED = 100;

/** A piece that was asked for and not sent. Bytes, both ends included. */
export interface RefusedPiece {
  readonly first: number;
  readonly last: number;
  readonly code: string;
}

/** A recording that is being listened to. It holds the data key; what ends it lets go of it. */
export interface Listen {
  /** As the access log has it. */
  readonly id: string;
  /** The grant, sealed: what the page asks with. */
  readonly sealed: string;
  readonly session: Session;
  readonly archive: ConsoleArchive;
  readonly recordingId: string;
  readonly key: string;
  readonly contentType: string;
  readonly seekable: SeekableRecording;
  readonly startedAt: number;
  usedAt: number;
  openRanges: number;
  sentBytes: number;
  readonly refused: RefusedPiece[];
}

export type NewListen = Pick<
  Listen,
  'session' | 'archive' | 'recordingId' | 'key' | 'contentType' | 'seekable'
>;

export interface ListenRegistryOptions {
  readonly clock: Clock;
  readonly grants: GrantsSealer;
  /** Other processes know the same sessions. A listen that is not used is then let go of, and does not end. */
  readonly shared?: boolean;
  /** Told of a listen that ended by itself: idle, over, or in the way of another one. */
  readonly onEnded: (listen: Listen) => void;
}

/** Opens again, in this process, what was granted in another one. */
export type ReopenListen = (grant: SealedGrant<'listen'>) => Promise<Pick<Listen, 'archive' | 'seekable'>>;

/**
 * The listens of all sessions that this process has open. What a listen is stands sealed in its address, so another process, or this one
 * after a restart, goes on with it.
 */
export class ListenRegistry {
  /** Other processes know the same sessions. */
  readonly isShared: boolean;
  readonly #clock: Clock;
  readonly #grants: GrantsSealer;
  readonly #onEnded: (listen: Listen) => void;
  readonly #listens = new Map<string, Listen>();
  /** Until when the grant of a listen that has ended would be good. */
  readonly #ended = new Map<string, number>();

  constructor({ clock, grants, shared = false, onEnded }: ListenRegistryOptions) {
    this.#clock = clock;
    this.#grants = grants;
    this.isShared = shared;
    this.#onEnded = onEnded;
  }

  /**
   * Makes room for one more listen of a session: the one that was used longest ago ends, unless all are being read.
   *
   * @throws `TOO_MUCH_AT_ONCE`.
   */
  makeRoom(session: Session): void {
    this.#sweep();
    const own = this.#of(session);
    if (own.length < MAX_LISTENS) return;
    const [oldest] = own.filter(({ openRanges }) => openRanges === 0).toSorted((a, b) => a.usedAt - b.usedAt);
    if (oldest === undefined) {
      throw new ArchiveError(
        'TOO_MUCH_AT_ONCE',
        `${MAX_LISTENS} recordings are being played in this session`,
      );
    }
    this.#letGo(oldest);
  }

  /**
   * Begins a listen whose entry is in the store. Only this makes what the page can ask with.
   *
   * @throws `TOO_MUCH_AT_ONCE`.
   */
  begin(listen: NewListen, id: string): Listen {
    this.makeRoom(listen.session);
    const from = this.#clock.now();
    const { session, archive, recordingId, key, contentType } = listen;
    const until = from + (this.isShared ? SHARED_LISTEN_MS : LISTEN_MS);
    const names = { archive: archive.name ?? null, recording: recordingId, key, contentType };
    const sealed = this.#grants.seal('listen', { id, session: session.id, ...names, from, until });
    return this.#keep(listen, { id, sealed, startedAt: from });
  }

  /** @throws `LISTEN_OVER` also for a listen of another session: it is not told that there is one. */
  async find(sealed: string, session: Session, reopen: ReopenListen): Promise<Listen> {
    this.#sweep();
    const grant = this.#grants.open('listen', sealed, { session, now: this.#clock.now() });
    if (grant === undefined || this.#ended.has(grant.id)) throw over();
    const known = this.#listens.get(grant.id);
    if (known !== undefined) return known;
    this.makeRoom(session);
    const reopened = await reopen(grant);
    // meanwhile another request may have opened it, or ended it
    if (this.#ended.has(grant.id)) throw over();
    const { id, recording: recordingId, key, contentType, from: startedAt } = grant;
    const listen = { session, recordingId, key, contentType, ...reopened };
    return this.#listens.get(id) ?? this.#keep(listen, { id, sealed, startedAt });
  }

  /** Seconds until the listen ends by itself. */
  expiresInS({ startedAt, usedAt }: Listen): number {
    const end = this.isShared
      ? startedAt + SHARED_LISTEN_MS
      : Math.min(startedAt + LISTEN_MS, usedAt + LISTEN_IDLE_MS);
    return Math.max(0, Math.floor((end - this.#clock.now()) / 1_000));
  }

  /** @returns what gives the range back. @throws `TOO_MUCH_AT_ONCE`. */
  openRange(listen: Listen): () => void {
    const open = this.#of(listen.session).reduce((sum, { openRanges }) => sum + openRanges, 0);
    if (open >= MAX_OPEN_RANGES) {
      throw new ArchiveError('TOO_MUCH_AT_ONCE', `${MAX_OPEN_RANGES} ranges are open in this session`);
    }
    listen.openRanges += 1;
    listen.usedAt = this.#clock.now();
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      listen.openRanges -= 1;
      listen.usedAt = this.#clock.now();
    };
  }

  refuse(listen: Listen, piece: RefusedPiece): void {
    if (listen.refused.length < MAX_REFUSED) listen.refused.push(piece);
  }

  /** Ends a listen in this process, without telling of it. */
  end({ id, startedAt }: Listen): void {
    this.#listens.delete(id);
    this.#ended.set(id, startedAt + LISTEN_MS);
  }

  /** Ends all of a session, and tells of each. */
  endSession(session: Session): void {
    for (const listen of this.#of(session)) this.#end(listen);
  }

  #keep(listen: NewListen, names: Pick<Listen, 'id' | 'sealed' | 'startedAt'>): Listen {
    const kept: Listen = {
      ...listen,
      ...names,
      usedAt: this.#clock.now(),
      openRanges: 0,
      sentBytes: 0,
      refused: [],
    };
    this.#listens.set(kept.id, kept);
    return kept;
  }

  #of(session: Session): Listen[] {
    return [...this.#listens.values()].filter((listen) => listen.session.id === session.id);
  }

  #sweep(): void {
    const now = this.#clock.now();
    for (const [id, until] of this.#ended) if (until <= now) this.#ended.delete(id);
    for (const listen of this.#listens.values()) {
      if (now >= listen.startedAt + LISTEN_MS) this.#end(listen);
      else if (listen.openRanges === 0 && now >= listen.usedAt + LISTEN_IDLE_MS) this.#letGo(listen);
    }
  }

  /** What another process may be playing does not end here. */
  #letGo(listen: Listen): void {
    if (this.isShared) this.#listens.delete(listen.id);
    else this.#end(listen);
  }

  #end(listen: Listen): void {
    this.end(listen);
    this.#onEnded(listen);
  }
}

function over(): ArchiveError {
  return new ArchiveError('LISTEN_OVER', 'there is no such listen in this session');
}
