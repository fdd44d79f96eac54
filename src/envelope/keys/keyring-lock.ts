/**
 * One writer at a time for a keyring file. The lock is a file beside it, `<file>.lock`, that appears whole by link(2) and names its
 * holder. A holder that ended without removing it is recognised where that is certain: on the same machine, in the same process
 * namespace, by a process number that is free or given to another process. Everywhere else the wait ends with an error.
 */
import { randomUUID } from 'node:crypto';
import { link, open, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { ArchiveError, systemCodeOf } from '../../errors.ts';
import { describeSelf, parseHolder, type ProcessHolder as Holder, stateOf } from '../../process-holder.ts';

/** ms; a writer holds the lock for the time of three syncs. */
const MAX_WAIT_MS = 20_000;
const MAX_PAUSE_MS = 50;

const NO_HARD_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Runs `work` while this process alone may change `file`.
 *
 * @throws `OUTPUT_FAILED` when another process holds the lock for 20 s; the file system's own errors; what `work` throws.
 */
export async function withKeyringLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`;
  const holder = await describeSelf();
  await takeLock(lock, holder);
  try {
    return await work();
  } finally {
    // a lock is broken only when its holder is gone, so this one is still ours
    await rm(lock, { force: true });
  }
}

async function takeLock(lock: string, holder: Holder): Promise<void> {
  const deadline = Date.now() + MAX_WAIT_MS;
  while (!(await createWhole(lock, JSON.stringify(holder)))) {
    if (await breakStale(lock, holder)) continue;
    if (Date.now() > deadline) {
      throw new ArchiveError('OUTPUT_FAILED', `another process is changing the keyring: ${lock} exists`, {
        hint: `wait for it to end; when no keys generate is running anywhere, remove ${lock} and ${lock}.break`,
      });
    }
    await wait(1 + Math.random() * MAX_PAUSE_MS);
  }
}

/** False when a file of that name exists already. It appears with all its content or not at all. */
async function createWhole(file: string, text: string): Promise<boolean> {
  const partial = `${file}.${randomUUID()}.partial`;
  try {
    const handle = await open(partial, 'wx', 0o600);
    try {
      await handle.writeFile(text);
    } finally {
      await handle.close();
    }
    await linkOrCopy(partial, file, text);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(partial, { force: true });
  }
}

/** A file system without hard links (FAT, some network mounts) shows the file a moment before its content. */
async function linkOrCopy(partial: string, file: string, text: string): Promise<void> {
  try {
    await link(partial, file);
  } catch (error) {
    if (!NO_HARD_LINKS.has(systemCodeOf(error) ?? '')) throw error;
    await writeFile(file, text, { flag: 'wx', mode: 0o600 });
  }
}

/**
 * Removes a lock whose holder is gone. Two that find the same stale lock must not remove each other's new one: only the one that
 * makes `<lock>.break` may remove it, after a second look.
 */
async function breakStale(lock: string, self: Holder): Promise<boolean> {
  const found = await readHolder(lock);
  if (found === undefined || (await stateOf(found, self)) !== 'ended') return false;
  const right = `${lock}.break`;
  if (!(await createWhole(right, JSON.stringify(self)))) return false;
  try {
    if ((await readHolder(lock))?.token !== found.token) return false;
    await rm(lock, { force: true });
    return true;
  } finally {
    await rm(right, { force: true });
  }
}

/** `undefined` when the lock is gone meanwhile, or none of ours: it is waited for. */
async function readHolder(lock: string): Promise<Holder | undefined> {
  return parseHolder(await readFile(lock, 'utf8').catch(() => ''));
}
