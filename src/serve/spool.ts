/**
 * Events that have been acknowledged and are not archived yet, in files:
 *
 * ```
 * incoming/<random>.partial     being written; its sender has had no answer
 * queue/<time>-<hash>.json      acknowledged
 * failed/<time>-<hash>.json     given up, with the reason
 * lock                          the process that serves this spool
 * ```
 *
 * A file appears in `queue/` and in `failed/` whole and synced, or not at all; it leaves `queue/` only when it is archived or
 * stands in `failed/`. So the process may be killed between any two steps: at worst, work is done twice, which changes nothing.
 */
import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import type { ArchiveError } from '../errors.ts';
import { syncDirectory } from '../sync-directory.ts';
import { directoryError } from '../store/directory/fs-errors.ts';
import { writeText } from '../store/directory/partial-file.ts';
import { decodeText } from '../text-file.ts';
import { DueQueue } from './due-queue.ts';
import { KnownBodies } from './known-bodies.ts';
import { claimDirectory, claimFolder, listOwnFiles, readOwnFile } from './own-files.ts';
import { lockSpool, type SpoolLock } from './spool-lock.ts';
import {
  foreignEvent,
  formatSpooledEvent,
  givenUp,
  parseSpooledEvent,
  parseSpoolName,
  type Reschedule,
  rescheduled,
  type SpooledEvent,
  spoolName,
} from './spooled-event.ts';

/** One file of `queue/`. */
export interface SpoolEntry {
  readonly name: string;
  /** Epoch ms. */
  readonly receivedAt: number;
  readonly bodyHash: string;
}

export interface SpoolFigures {
  /** Events in `queue/`, those being worked on included. */
  readonly queued: number;
  readonly failed: number;
  /** Epoch ms; `undefined` when nothing is queued. */
  readonly oldestReceivedAt: number | undefined;
}

interface Publishing {
  readonly folder: 'queue' | 'failed';
  readonly name: string;
  /** For an error. */
  readonly doing: string;
}

export class Spool {
  readonly directory: string;
  /** Paths of what is in the spool and is no file, and so was left alone: links, FIFOs, directories. */
  readonly strangers: string[] = [];
  readonly #clock: Clock;
  readonly #due = new DueQueue<SpoolEntry>();
  /** By name. */
  readonly #entries = new Map<string, SpoolEntry>();
  /** What could not be written to its file because the disk was full; by name. */
  readonly #unwritten = new Map<string, Pick<SpooledEvent, 'attempts' | 'notBefore'>>();
  readonly #bodies: KnownBodies;
  readonly #adding = new Map<string, Promise<void>>();
  #lock: SpoolLock | undefined;

  private constructor(directory: string, clock: Clock) {
    this.directory = directory;
    this.#clock = clock;
    this.#bodies = new KnownBodies(clock);
  }

  /**
   * Takes the directory (made when absent, readable by its owner only, because events may name people) and takes up what
   * an earlier process has left.
   *
   * @throws `USAGE` when another process holds it, it belongs to another user, or others can write to it; `STORE_DENIED`, `STORE_FULL`, `STORE_UNAVAILABLE`.
   */
  static async open(
    directory: string,
    clock: Clock,
    onLost: (error: ArchiveError) => void = () => {},
  ): Promise<Spool> {
    let spool: Spool;
    try {
      spool = new Spool(await claimDirectory(path.resolve(directory)), clock);
    } catch (error) {
      throw directoryError(error, 'opening the spool');
    }
    try {
      spool.#lock = await lockSpool(spool.directory, clock, onLost);
      await spool.#recover();
    } catch (error) {
      await spool.#lock?.release();
      throw directoryError(error, 'opening the spool');
    }
    return spool;
  }

  /** Gives the directory to the next process. All work must have ended. */
  async close(): Promise<void> {
    await this.#lock?.release();
  }

  /**
   * Resolves once the event survives anything but the loss of the disk.
   *
   * @param bodyHash hexadecimal SHA-256 of the body as it was received.
   * @returns `duplicate` when the same body is queued, or was archived in the last 15 minutes.
   * @throws `STORE_FULL`, `STORE_UNAVAILABLE` (retryable), `STORE_DENIED`: the event must not be acknowledged.
   */
  async add(event: unknown, bodyHash: string): Promise<'queued' | 'duplicate'> {
    if (this.#bodies.has(bodyHash)) return 'duplicate';
    const sameUnderWay = this.#adding.get(bodyHash);
    if (sameUnderWay !== undefined) {
      await sameUnderWay;
      return 'duplicate';
    }
    const receivedAt = this.#clock.now();
    const name = spoolName(receivedAt, bodyHash);
    const spooled: SpooledEvent = { schemaVersion: 1, receivedAt, attempts: 0, notBefore: 0, event };
    const adding = this.#publish({ folder: 'queue', name, doing: 'spooling the event' }, spooled, () =>
      this.#enqueue({ name, receivedAt, bodyHash }, 0),
    );
    this.#adding.set(bodyHash, adding);
    try {
      await adding;
    } catch (error) {
      // its name may stand and not be synced: a repeated event must not be answered as safe already
      this.#bodies.forget(bodyHash, name);
      throw error;
    } finally {
      this.#adding.delete(bodyHash);
    }
    return 'queued';
  }

  /** The next event that is due; it stays in its file until {@link done}, {@link fail} or {@link putBack}. */
  take(): SpoolEntry | undefined {
    return this.#due.takeDue(this.#clock.now());
  }

  /** Epoch ms at which the next event is due; `undefined` when none waits. */
  get nextDueAt(): number | undefined {
    return this.#due.earliest;
  }

  /**
   * @returns what the file holds; its text when it is no event, `undefined` when it is gone, or no file any more.
   * @throws `STORE_UNAVAILABLE` and its like.
   */
  async read(entry: SpoolEntry): Promise<SpooledEvent | { readonly malformed: string } | undefined> {
    let text: string;
    try {
      const found = await readOwnFile(this.#pathOf('queue', entry.name));
      if (found === undefined || found === 'not-a-file') return undefined;
      text = readText(found.bytes);
    } catch (error) {
      throw directoryError(error, 'reading the spool');
    }
    const spooled = parseSpooledEvent(text);
    return spooled === undefined ? { malformed: text } : { ...spooled, ...this.#unwritten.get(entry.name) };
  }

  /** The event is archived, or has nothing to archive. */
  async done(entry: SpoolEntry): Promise<void> {
    await rm(this.#pathOf('queue', entry.name), { force: true }).catch(() => undefined);
    this.#forget(entry);
    this.#bodies.finish(entry.bodyHash);
  }

  /** The event is tried again later. On a full disk its file keeps the older state, which only makes a restart try it sooner. */
  async putBack(entry: SpoolEntry, spooled: SpooledEvent, next: Reschedule): Promise<void> {
    const { notBefore, attempts } = next;
    try {
      await this.#publish(
        { folder: 'queue', name: entry.name, doing: 'rewriting the event' },
        rescheduled(spooled, next),
      );
      this.#unwritten.delete(entry.name);
    } catch {
      this.#unwritten.set(entry.name, { attempts, notBefore });
    }
    this.#due.add(notBefore, entry);
  }

  /** The event waits for `notBefore`, without a trace on disk. */
  postpone(entry: SpoolEntry, notBefore: number): void {
    this.#due.add(notBefore, entry);
  }

  /**
   * Moves the event to `failed/`, with the reason.
   * @throws `STORE_FULL` and its like: it is still queued then, and no attempt is under way.
   */
  async fail(
    entry: SpoolEntry,
    spooled: SpooledEvent | { readonly malformed: string },
    error: ArchiveError,
  ): Promise<void> {
    const known = 'event' in spooled ? spooled : foreignEvent(spooled.malformed, entry.receivedAt);
    const state = givenUp(known, error, this.#clock.now());
    await this.#publish({ folder: 'failed', name: entry.name, doing: 'moving the event to failed/' }, state);
    await rm(this.#pathOf('queue', entry.name), { force: true }).catch(() => undefined);
    this.#forget(entry);
  }

  async figures(): Promise<SpoolFigures> {
    const failed = (await readdir(this.#pathOf('failed')).catch(() => [])).filter(isEventFile).length;
    let oldestReceivedAt: number | undefined;
    for (const { receivedAt } of this.#entries.values()) {
      oldestReceivedAt = Math.min(oldestReceivedAt ?? receivedAt, receivedAt);
    }
    return { queued: this.#entries.size, failed, oldestReceivedAt };
  }

  async #recover(): Promise<void> {
    for (const directory of ['incoming', 'queue', 'failed']) {
      await claimFolder(this.#pathOf(directory));
    }
    await syncDirectory(this.directory);
    await syncDirectory(path.dirname(this.directory));
    // only this process writes here, so what is there was never acknowledged
    const incoming = await listOwnFiles(this.#pathOf('incoming'));
    for (const name of incoming.files) {
      if (name.endsWith('.partial')) await rm(this.#pathOf('incoming', name), { force: true });
    }
    // killed between naming a file and syncing its name: from now on its sender is told that it is queued
    await syncDirectory(this.#pathOf('queue'));
    const failed = new Set(await readdir(this.#pathOf('failed')));
    const queued = await listOwnFiles(this.#pathOf('queue'));
    this.strangers.push(
      ...incoming.others.map((name) => this.#pathOf('incoming', name)),
      ...queued.others.map((name) => this.#pathOf('queue', name)),
    );
    for (const name of queued.files.filter(isEventFile).toSorted()) {
      // killed between writing the one and removing the other: it is tried once more
      if (failed.has(name)) await rm(this.#pathOf('failed', name), { force: true });
      const parsed = parseSpoolName(name) ?? { receivedAt: this.#clock.now(), bodyHash: name };
      // each file says itself when it is due; it is read when its turn comes
      this.#enqueue({ name, ...parsed }, 0);
    }
  }

  #enqueue(entry: SpoolEntry, notBefore: number): void {
    this.#entries.set(entry.name, entry);
    this.#bodies.queue(entry.bodyHash, entry.name);
    this.#due.add(notBefore, entry);
  }

  #forget({ name, bodyHash }: SpoolEntry): void {
    this.#entries.delete(name);
    this.#unwritten.delete(name);
    this.#bodies.forget(bodyHash, name);
  }

  /** Writes, syncs, renames, and syncs the name. `onNamed` runs once the file has its name, even if that cannot be synced. */
  async #publish(
    { folder, name, doing }: Publishing,
    spooled: SpooledEvent,
    onNamed: () => void = () => {},
  ): Promise<void> {
    const partial = this.#pathOf('incoming', `${randomUUID()}.partial`);
    try {
      await writeText(partial, formatSpooledEvent(spooled));
      await rename(partial, this.#pathOf(folder, name));
      onNamed();
      await syncDirectory(this.#pathOf(folder));
    } catch (error) {
      await rm(partial, { force: true }).catch(() => undefined);
      throw directoryError(error, doing);
    }
  }

  #pathOf(...names: readonly string[]): string {
    return path.join(this.directory, ...names);
  }
}

function isEventFile(name: string): boolean {
  return name.endsWith('.json') && !name.startsWith('.');
}

/** A file put into the queue by hand may be in any encoding; an unreadable one fails later, by itself. */
function readText(bytes: Buffer): string {
  try {
    return decodeText(bytes, 'the event', 'EVENT_INVALID');
  } catch {
    return bytes.toString('utf8');
  }
}
