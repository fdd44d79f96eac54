import { randomBytes } from 'node:crypto';
import type { SeekableRecording } from '../audit/read-range.ts';
import type { Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ConsoleArchive } from './console-archive.ts';
import type { Session } from './session.ts';

export const LISTEN_IDLE_MS = 15 * 60_000;
export const LISTEN_MS = 8 * 3_600_000;
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
  readonly id: string;
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
  /** Told of a listen that ended by itself: idle, over, or in the way of another one. */
  readonly onEnded: (listen: Listen) => void;
}

/** The listens of all sessions of this process. */
export class ListenRegistry {
  readonly #clock: Clock;
  readonly #onEnded: (listen: Listen) => void;
  readonly #listens = new Map<string, Listen>();

  constructor({ clock, onEnded }: ListenRegistryOptions) {
    this.#clock = clock;
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
    this.#end(oldest);
  }

  /** @throws `TOO_MUCH_AT_ONCE`. */
  begin(listen: NewListen, id: string): Listen {
    this.makeRoom(listen.session);
    const now = this.#clock.now();
    const begun: Listen = {
      ...listen,
      id,
      startedAt: now,
      usedAt: now,
      openRanges: 0,
      sentBytes: 0,
      refused: [],
    };
    this.#listens.set(id, begun);
    return begun;
  }

  /** @throws `LISTEN_OVER` also for a listen of another session: it is not told that there is one. */
  get(id: string, session: Session): Listen {
    this.#sweep();
    const listen = this.#listens.get(id);
    if (listen !== undefined && listen.session.id === session.id) return listen;
    throw new ArchiveError('LISTEN_OVER', 'there is no such listen in this session');
  }

  /** Seconds until the listen ends by itself. */
  expiresInS({ startedAt, usedAt }: Listen): number {
    const end = Math.min(startedAt + LISTEN_MS, usedAt + LISTEN_IDLE_MS);
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

  /** Ends a listen without telling of it. */
  end(listen: Listen): void {
    this.#listens.delete(listen.id);
  }

  /** Ends all of a session, and tells of each. */
  endSession(session: Session): void {
    for (const listen of this.#of(session)) this.#end(listen);
  }

  #of(session: Session): Listen[] {
    return [...this.#listens.values()].filter((listen) => listen.session.id === session.id);
  }

  #sweep(): void {
    const now = this.#clock.now();
    for (const listen of this.#listens.values()) {
      const isIdle = listen.openRanges === 0 && now >= listen.usedAt + LISTEN_IDLE_MS;
      if (isIdle || now >= listen.startedAt + LISTEN_MS) this.#end(listen);
    }
  }

  #end(listen: Listen): void {
    this.#listens.delete(listen.id);
    this.#onEnded(listen);
  }
}

/** 128 bits: it stands in addresses, and is good for its session alone. */
export const newListenId = (): string => randomBytes(16).toString('hex');
