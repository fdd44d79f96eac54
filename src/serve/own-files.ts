/**
 * The spool is taken for what this process wrote itself, so its directory must be one that others can write nothing into, and what is
 * read in it must be a file: a FIFO would block one of the four threads that all file operations share, for ever.
 */
import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, readdir, realpath } from 'node:fs/promises';
import { ArchiveError } from '../errors.ts';
import { isMissing, systemCode } from '../store/directory/fs-errors.ts';

/** Only the owner, under any umask. */
const DIRECTORY_MODE = 0o700;

/** The group or all users may write. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Makes `directory`, or checks the one that is there.
 *
 * @returns its path without links.
 * @throws `USAGE` (not retryable) when it is no directory, belongs to another user, or can be written to by others.
 */
export async function claimDirectory(directory: string): Promise<string> {
  const found = await lstat(directory).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (found === undefined) {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE }).catch((error: unknown) => {
      if (!['ENOTDIR', 'EEXIST'].includes(systemCode(error) ?? '')) throw error;
      throw refused(directory, 'has something else than a directory in its path', 'choose another one');
    });
    await chmod(directory, DIRECTORY_MODE);
  }
  const uid = process.geteuid?.();
  // a link of the administrator's is part of the path; one of another user's leads where that user likes
  if (found?.isSymbolicLink() === true && uid !== undefined && found.uid !== uid && found.uid !== 0) {
    throw refused(directory, 'is a link of another user', 'name the directory itself');
  }
  const real = await realpath(directory).catch((error: unknown) => {
    if (isMissing(error))
      throw refused(directory, 'is a link to nothing', 'make the directory, or remove the link');
    throw error;
  });
  const facts = await lstat(real);
  if (!facts.isDirectory()) throw refused(directory, 'is not a directory', 'choose another one');
  if (uid === undefined) return real;
  if (facts.uid !== uid) {
    throw refused(
      directory,
      `belongs to another user (uid ${facts.uid}; this process has ${uid})`,
      'choose another directory, or run as its owner',
    );
  }
  if ((facts.mode & WRITABLE_BY_OTHERS) !== 0) {
    throw refused(
      directory,
      'can be written to by other users',
      `look at what is in it, then: chmod go-w ${directory}`,
    );
  }
  return real;
}

/** As {@link claimDirectory}, for a directory inside a claimed one, where no link has any business. */
export async function claimFolder(folder: string): Promise<void> {
  const facts = await lstat(folder).catch(() => undefined);
  if (facts?.isSymbolicLink() === true) {
    throw refused(folder, 'is a link, not a directory', 'remove the link');
  }
  await claimDirectory(folder);
}

/** @returns `undefined` when there is no such file; `not-a-file` for a link, a FIFO, a device or a directory, unopened. */
export async function readOwnFile(
  file: string,
): Promise<{ readonly bytes: Buffer } | 'not-a-file' | undefined> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isMissing(error)) return undefined;
    // a link; a socket, or a device without a driver
    if (['ELOOP', 'EMLINK', 'ENXIO', 'ENODEV'].includes(systemCode(error) ?? '')) return 'not-a-file';
    throw error;
  }
  try {
    if (!(await handle.stat()).isFile()) return 'not-a-file';
    return { bytes: await handle.readFile() };
  } finally {
    await handle.close();
  }
}

/** Names in `folder`: of files, and of all that is none. */
export async function listOwnFiles(
  folder: string,
): Promise<{ readonly files: readonly string[]; readonly others: readonly string[] }> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = (isFile: boolean) =>
    entries.filter((entry) => entry.isFile() === isFile).map(({ name }) => name);
  return { files: names(true), others: names(false) };
}

function refused(path: string, why: string, hint: string): ArchiveError {
  return new ArchiveError('USAGE', `the spool directory ${path} ${why}`, { hint });
}
