import { randomBytes } from 'node:crypto';
import { ArchiveError } from '../errors.ts';
import type { ConsoleArchive } from './console-archive.ts';
import type { Located } from './locate.ts';
import type { Session } from './session.ts';

/** ms in which a package is fetched. */
export const GRANTED_MS = 15 * 60_000;
/** Packages of a session that wait to be fetched. */
const MAX_WAITING = 4;

export interface GrantedPackage {
  readonly session: Session;
  readonly archive: ConsoleArchive;
  readonly located: readonly Located[];
  readonly decrypted: boolean;
  readonly until: number;
}

/** Packages that were granted and not fetched yet; each is fetched once. */
export class EvidenceGrants {
  readonly #granted = new Map<string, GrantedPackage>();

  /** @throws `TOO_MUCH_AT_ONCE`. */
  requireRoom({ id }: Session, now: number): void {
    for (const [known, { until }] of this.#granted) if (until <= now) this.#granted.delete(known);
    const own = [...this.#granted.values()].filter(({ session }) => session.id === id);
    if (own.length >= MAX_WAITING) {
      throw new ArchiveError('TOO_MUCH_AT_ONCE', `${MAX_WAITING} packages wait to be fetched`);
    }
  }

  add(granted: GrantedPackage): string {
    const id = randomBytes(16).toString('hex');
    this.#granted.set(id, granted);
    return id;
  }

  /** @throws `OBJECT_NOT_FOUND` also for a package of another session, and for one that was fetched. */
  take(id: string, session: Session, now: number): GrantedPackage {
    const granted = this.#granted.get(id);
    if (granted === undefined || granted.session.id !== session.id || granted.until <= now) {
      throw new ArchiveError('OBJECT_NOT_FOUND', 'there is no such package in this session', {
        hint: 'a package is fetched once, within 15 minutes; ask for it again',
      });
    }
    this.#granted.delete(id);
    return granted;
  }
}
