/**
 * One writer at a time for a keyring file. The lock is a file beside it, `<file>.lock`, that appears whole by link(2) and names its
 * holder. A holder that ended without removing it is recognised where that is certain: on the same machine, in the same process
 * namespace, by a process number that is free or given to another process. Everywhere else the wait ends with an error.
 */
import { randomUUID } from 'node:crypto';
import { link, open, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { ArchiveError, systemCodeOf } from '../errors.ts';

/** ms; a writer holds the lock for the time of three syncs. */
const MAX_WAIT_MS = 20_000;
const MAX_PAUSE_MS = 50;

const NO_HARD_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

interface Holder {
  /** Of this one lock. */
  readonly token: string;
  readonly pid: number;
  /** Where `pid` means something: host and process namespace. */
  readonly place: string;
  /** When the process began, where the system tells; a number that is used again has another one. */
  readonly startedAt: string;
}

/**
 * Runs `work` while this process alone may change `file`.
 *
 * @throws `OUTPUT_FAILED` when another process holds the lock for 20 s; the file system's own errors; what `work` throws.
 */
export async function withKeyringLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`;
  const holder: Holder = { token: randomUUID(), pid: process.pid, ...(await describeProcess(process.pid)) };
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
  if (found === undefined || !(await isGone(found, self))) return false;
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

async function readHolder(lock: string): Promise<Holder | undefined> {
  try {
    const value = JSON.parse(await readFile(lock, 'utf8')) as Partial<Holder> | null;
    const { token, pid, place, startedAt } = value ?? {};
    const isHolder =
      typeof token === 'string' &&
      typeof place === 'string' &&
      typeof startedAt === 'string' &&
      Number.isSafeInteger(pid);
    return isHolder ? { token, pid: Number(pid), place, startedAt } : undefined;
  } catch {
    // gone meanwhile, or not a lock of ours: it is waited for
    return undefined;
  }
}

async function isGone({ pid, place, startedAt }: Holder, self: Holder): Promise<boolean> {
  if (place !== self.place) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return systemCodeOf(error) === 'ESRCH';
  }
  const now = await describeProcess(pid);
  return startedAt !== '' && now.startedAt !== '' && now.startedAt !== startedAt;
}

async function describeProcess(pid: number): Promise<Pick<Holder, 'place' | 'startedAt'>> {
  const [namespace, boot, facts] = await Promise.all([
    readlink('/proc/self/ns/pid').catch(() => ''),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
  ]);
  // the name in parentheses may hold anything; the 20th field behind it is the start time (proc(5))
  const startedAt = facts.slice(facts.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  return { place: [hostname(), namespace, boot.trim()].join(' '), startedAt };
}
