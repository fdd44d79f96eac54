import { unlinkSync } from 'node:fs';
import { constants, type FileHandle, link, lstat, open, realpath, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { RestoreTarget } from '../audit/read-recording.ts';
import { ArchiveError, describeForeign } from '../errors.ts';
import { present } from '../present.ts';
import { syncDirectory } from '../sync-directory.ts';
import { createHiddenBody, MAX_IN_MEMORY_BYTES } from './restore/hidden-body.ts';
import { partialName, sweepPartials } from './restore/partial-names.ts';

/** Files that are not whole yet; gone at the latest when the process ends. */
const unfinished = new Set<string>();
let sweeping = false;

export interface FileTarget extends RestoreTarget {
  /** Where the file will be, absolute. */
  readonly path: string;
}

export interface OutputOptions {
  /** Replaces an existing regular file. */
  readonly force: boolean;
  /** Follows a symbolic link of the user's own, or of root. Where it is not said, every link is refused. */
  readonly followOwnLinks?: boolean;
}

/**
 * A file that appears under its name only when it is whole. Until `commit`, what is written is kept in memory or, from 16 MiB on,
 * encrypted under a key that is nowhere else in `<FILE>.<12 hex digits>.partial` beside it (mode 0600); `commit` puts the plaintext
 * there, syncs and renames it. `abandon` removes it, and so does the process when it ends in any way it can notice. What a kill or a
 * power cut leaves is empty or noise, unless it comes during `commit`, and is removed by the next target of that name.
 *
 * @param options.force replaces an existing regular file; without it none is ever replaced, not even one that appears meanwhile.
 * @param options.mostInMemory bytes.
 * @param options.isSwept the caller has looked for what killed processes have left.
 * @throws `OUTPUT_EXISTS`, `OUTPUT_FAILED` (not retryable), here and from its methods.
 */
export async function createFileTarget(
  file: string,
  options: OutputOptions & { readonly mostInMemory?: number; readonly isSwept?: boolean },
): Promise<FileTarget> {
  const { force, mostInMemory = MAX_IN_MEMORY_BYTES, isSwept = false } = options;
  const target = await checkOutput(file, options);
  if (!isSwept) await sweepPartials(target, unfinished);
  const partial = partialName(target);
  let handle: FileHandle;
  try {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    handle = await open(partial, flags, 0o600);
  } catch (error) {
    throw outputError(error, 'creating', target);
  }
  sweepAtExit(partial);
  let isOpen = true;
  const body = createHiddenBody(handle, mostInMemory);

  const close = async () => {
    if (!isOpen) return;
    isOpen = false;
    body.forget();
    await handle.close();
  };

  return {
    path: target,
    async write(chunk) {
      try {
        await body.write(chunk);
      } catch (error) {
        throw outputError(error, 'writing', target);
      }
    },
    async commit() {
      try {
        await body.reveal();
        await handle.sync();
        await close();
        await publish(partial, target, force);
        unfinished.delete(partial);
      } catch (error) {
        throw outputError(error, 'writing', target);
      }
      await trySyncDirectory(path.dirname(target));
    },
    async abandon() {
      await close().catch(() => {}); // the descriptor is gone either way, and the file is removed next
      await unlink(partial).catch(() => {}); // already renamed, or removed by the sweep below
      unfinished.delete(partial);
    },
  };
}

/**
 * Checks that this file may be written, and returns the absolute path to write to: through an own symbolic link to the file it names, so that the
 * link stays a link. A link of another user, in a shared folder, would lead to a file of their choice.
 *
 * @throws `OUTPUT_EXISTS`, `OUTPUT_FAILED` (not retryable).
 */
export async function checkOutput(
  file: string,
  { force, followOwnLinks = false }: OutputOptions,
): Promise<string> {
  const target = path.resolve(file);
  try {
    const found = await lstat(target).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (found === undefined) return target;
    if (found.isSymbolicLink() && !(followOwnLinks && isTrusted(found.uid))) {
      throw new ArchiveError('OUTPUT_FAILED', `${target} is a symbolic link, and is not followed`, {
        hint: 'name the file itself, or remove the link',
      });
    }
    const real = await realpath(target);
    const facts = await lstat(real);
    // renaming over a device or socket would put a file in the place of it
    if (!facts.isFile()) {
      const what = facts.isDirectory() ? 'a directory' : 'not a regular file';
      throw new ArchiveError('OUTPUT_FAILED', `${target} is ${what}`, {
        hint: 'name a file; `restore -d DIR` names files by itself',
      });
    }
    if (!force) throw new ArchiveError('OUTPUT_EXISTS', `${target} exists already`);
    return real;
  } catch (error) {
    throw outputError(error, 'creating', target);
  }
}

/** Reports whether a link of this user may be followed. Root can write anywhere without a link. */
export function isTrusted(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

async function publish(partial: string, target: string, force: boolean): Promise<void> {
  if (force) {
    await rename(partial, target);
    return;
  }
  try {
    // link(2) fails when the name is taken; rename(2) would replace what appeared there meanwhile
    await link(partial, target);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new ArchiveError('OUTPUT_EXISTS', `${target} exists already`);
    await rename(partial, target); // a file system without hard links (FAT, some network mounts)
    return;
  }
  await unlink(partial);
}

/** Makes the new name survive a power cut. Where directories cannot be synced, the file itself is whole all the same. */
async function trySyncDirectory(directory: string): Promise<void> {
  try {
    await syncDirectory(directory);
  } catch {
    // e.g. EINVAL on some network file systems
  }
}

function sweepAtExit(partial: string): void {
  unfinished.add(partial);
  if (sweeping) return;
  sweeping = true;
  process.once('exit', () => {
    for (const file of unfinished) {
      try {
        unlinkSync(file);
      } catch {
        // nothing more can be done at this point
      }
    }
  });
}

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'the directory does not exist: create it first',
  ENOTDIR: 'a part of the path is a file, not a directory',
  EACCES: 'you have no permission to write there: choose another directory',
  EPERM: 'you have no permission to write there: choose another directory',
  EROFS: 'that file system is mounted read-only: choose another one',
  ENOSPC: 'the disk is full: free some space, or choose another one',
  EDQUOT: 'your quota is used up: free some space, or choose another file system',
  EFBIG: 'the file system or a limit (ulimit -f) allows no file of this size',
  ENAMETOOLONG: 'choose a shorter file name',
};

/** What to do about a file that cannot be written. */
export function outputHint(error: unknown): string | undefined {
  return HINTS[codeOf(error) ?? ''];
}

/** A failure of the file system, told with the file's name and what to do about it. */
export function outputError(error: unknown, doing: string, file: string): ArchiveError {
  if (error instanceof ArchiveError) return error;
  const hint = outputHint(error);
  return new ArchiveError(
    'OUTPUT_FAILED',
    `${doing} ${file} failed: ${describeForeign(error)}; nothing was left behind`,
    present({ hint }),
  );
}

function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' ? code : undefined;
}
