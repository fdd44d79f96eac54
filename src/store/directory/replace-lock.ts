/**
 * One replacement of an object at a time, between processes: a file that only one of them can make. What a killed process left is
 * broken after {@link STALE_MS}; a process that was stopped for longer than that finds out before it changes anything.
 */
import { lstat, rename } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ArchiveError } from '../../errors.ts';
import { removeFile } from './commit.ts';
import { ATTEMPT_DIGITS, attemptFiles, type ObjectPlace } from './paths.ts';
import { isMissing, systemCode } from './fs-errors.ts';
import { writeText } from './partial-file.ts';

/** ms. Replacing two small files takes some 10, on a slow disk 1,000. */
const STALE_MS = 10_000;
/** ms; longer than a lock can be stale. */
const WAIT_MS = 30_000;
const LOOK_EVERY_MS = 5;

/** An attempt id that is never used, so that the lock counts among the store's temporary files, and `gc` removes it. */
const LOCK_ATTEMPT = '0'.repeat(ATTEMPT_DIGITS);

export interface ReplaceLock {
  /** @throws `STORE_UNAVAILABLE` (retryable) when it was taken for a dead process's. To be called before anything is changed. */
  assertHeld(): Promise<void>;
}

/** @throws `STORE_UNAVAILABLE` (retryable) when others hold it all the time; the file system's own errors. */
export async function withReplaceLock<T>(
  place: ObjectPlace,
  work: (lock: ReplaceLock) => Promise<T>,
): Promise<T> {
  const file = attemptFiles(place, LOCK_ATTEMPT).record;
  const own = await acquire(place, file);
  const isOwn = async () => (await inodeOf(file)) === own;
  try {
    return await work({
      assertHeld: async () => {
        if (!(await isOwn())) throw contended(place);
      },
    });
  } finally {
    if (await isOwn().catch(() => false)) await removeFile(file).catch(() => {});
  }
}

async function acquire(place: ObjectPlace, file: string): Promise<bigint | undefined> {
  const giveUpAt = Date.now() + WAIT_MS;
  for (;;) {
    try {
      await writeText(file, '');
      return await inodeOf(file);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
    await breakStale(place, file);
    if (Date.now() > giveUpAt) throw contended(place);
    await sleep(LOOK_EVERY_MS * (1 + Math.random()));
  }
}

/** Of several that find it stale, one moves it away. */
async function breakStale(place: ObjectPlace, file: string): Promise<void> {
  const facts = await lstat(file).catch(ignoreMissing);
  if (facts === undefined || Math.abs(Date.now() - facts.mtimeMs) < STALE_MS) return;
  const grave = attemptFiles(place, `${LOCK_ATTEMPT.slice(1)}1`).record;
  await rename(file, grave).catch(ignoreMissing);
  await removeFile(grave);
}

async function inodeOf(file: string): Promise<bigint | undefined> {
  return (await lstat(file, { bigint: true }).catch(ignoreMissing))?.ino;
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
  return undefined;
}

function contended({ key }: ObjectPlace): ArchiveError {
  return new ArchiveError('STORE_UNAVAILABLE', 'the object is being replaced by others', {
    details: { key },
  });
}
