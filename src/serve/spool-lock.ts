import { link, lstat, readdir, rm, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { describeSelf, parseHolder, type ProcessHolder as Holder, stateOf } from '../process-holder.ts';
import { systemCode } from '../store/directory/fs-errors.ts';
import { writeText } from '../store/directory/partial-file.ts';
import { readOwnFile } from './own-files.ts';

/**
 * One process per spool directory. Node.js has no flock(2), so the lock is a file that says who holds it. A process that finds one
 * asks the kernel whether that process still lives, where both can see the same processes; elsewhere (another machine or
 * container that shares the directory) the age of its heartbeat decides.
 */
const LOCK_FILE = 'lock';

/** Names of files that become the lock when their turn comes. */
const DRAFT = /^lock\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** ms between heartbeats: the modification time of the lock file. */
const HEARTBEAT_MS = 10_000;

/** A holder that cannot be asked is taken for dead after this time, ms. */
const DEAD_AFTER_MS = 60_000;

/** Taking over from a dead holder is a matter of milliseconds; so often, and so long (ms), others wait for it. */
const MAX_TRIES = 40;
const TAKEOVER_PAUSE_MS = 25;

/** What the directory is to people, and what to do when another process has it. */
export interface LockWords {
  readonly what: string;
  readonly hint: string;
}

const OF_SPOOL: LockWords = {
  what: 'the spool',
  hint: 'one process serves one spool: stop the other one, or choose another directory with --spool',
};

export interface SpoolLock {
  release(): Promise<void>;
}

/**
 * @param onLost called once when another process has taken the lock, which happens only after this process stood still for longer
 *   than a minute.
 * @throws `USAGE` (not retryable) when another process holds the directory.
 */
export async function lockSpool(
  dir: string,
  clock: Clock,
  onLost: (error: ArchiveError) => void,
  words: LockWords = OF_SPOOL,
): Promise<SpoolLock> {
  const file = path.join(dir, LOCK_FILE);
  const own = await describeSelf();
  await acquire(file, { own, words }, clock);
  await removeDrafts(dir, clock.now());
  const beat = async () => {
    if ((await readHolder(file))?.token !== own.token) {
      clearInterval(timer);
      onLost(inUse(dir, undefined, words));
      return;
    }
    const seconds = clock.now() / 1000;
    await utimes(file, seconds, seconds);
  };
  // a heartbeat that fails (a full or vanished disk) is missed; the next one may succeed
  const timer = setInterval(() => void beat().catch(() => undefined), HEARTBEAT_MS);
  timer.unref();
  return {
    async release() {
      clearInterval(timer);
      if ((await readHolder(file).catch(() => undefined))?.token === own.token)
        await rm(file, { force: true });
    },
  };
}

async function acquire(
  file: string,
  { own, words }: { readonly own: Holder; readonly words: LockWords },
  clock: Clock,
): Promise<void> {
  const draft = `${file}.${own.token}`;
  try {
    await writeText(draft, `${JSON.stringify(own)}\n`);
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      if (await linkIfAbsent(draft, file)) return;
      const holder = await readHolder(file);
      if (holder !== undefined && (await isAlive(file, holder, own, clock.now()))) {
        throw inUse(path.dirname(file), holder, words);
      }
      if (!(await removeDead(file, draft, own, clock))) await clock.sleep(TAKEOVER_PAUSE_MS);
    }
    throw inUse(path.dirname(file), undefined, words);
  } finally {
    await rm(draft, { force: true });
  }
}

/** What processes have left that were killed while they asked for the lock. A younger one may belong to one that asks just now. */
async function removeDrafts(dir: string, now: number): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!DRAFT.test(name)) continue;
    const draft = path.join(dir, name);
    const found = await lstat(draft).catch(() => undefined);
    if (found !== undefined && now - found.mtimeMs > DEAD_AFTER_MS) await rm(draft, { force: true });
  }
}

/**
 * Several processes may find the same dead holder, and the slowest of them must not take away the lock that the fastest has made
 * in the meantime: one at a time looks again and removes.
 *
 * @returns false when another one is just doing that.
 */
async function removeDead(file: string, draft: string, own: Holder, clock: Clock): Promise<boolean> {
  const takeover = `${file}.takeover`;
  if (!(await linkIfAbsent(draft, takeover))) {
    const begun = await lstat(takeover).catch(() => undefined);
    // its maker was killed within these few lines
    if (begun !== undefined && clock.now() - begun.ctimeMs > DEAD_AFTER_MS)
      await rm(takeover, { force: true });
    return false;
  }
  try {
    const holder = await readHolder(file);
    if (holder === undefined || !(await isAlive(file, holder, own, clock.now()))) {
      await rm(file, { force: true });
    }
    return true;
  } finally {
    await rm(takeover, { force: true });
  }
}

/** link(2) fails when the name is taken, and the name appears together with the whole content. */
async function linkIfAbsent(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Reads the lock; `undefined` without a readable one.
 * @throws `USAGE` when what stands there is no file.
 */
async function readHolder(file: string): Promise<Holder | undefined> {
  const found = await readOwnFile(file);
  if (found === undefined) return undefined;
  if (found === 'not-a-file') {
    throw new ArchiveError('USAGE', `the lock ${file} of the spool is not a file`, {
      hint: 'this program makes only files there: find out who made it, then remove it',
    });
  }
  return parseHolder(found.bytes.toString('utf8'));
}

async function isAlive(file: string, holder: Holder, own: Holder, now: number): Promise<boolean> {
  const state = await stateOf(holder, own);
  if (state !== 'unknown') return state === 'running';
  // an earlier process had the number that this one has now
  if (own.scope === '' && holder.scope === '' && holder.host === own.host && holder.pid === own.pid)
    return false;
  const beaten = await lstat(file).catch(() => undefined);
  return beaten !== undefined && now - beaten.mtimeMs < DEAD_AFTER_MS;
}

function inUse(dir: string, holder: Holder | undefined, { what, hint }: LockWords): ArchiveError {
  const by =
    holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host.slice(0, 80)}`;
  return new ArchiveError('USAGE', `${what} ${dir} is in use by ${by}`, { hint });
}
