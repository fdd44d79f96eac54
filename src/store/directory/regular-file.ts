import { constants, type BigIntStats } from 'node:fs';
import { type FileHandle, lstat, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ArchiveError } from '../../errors.ts';
import { isMissing, printablePath, systemCode } from './fs-errors.ts';

/** Reads only, follows no link, and does not wait for the writer of a pipe. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens a file for reading. A pipe, a device, a directory or a link in its place is refused at once, for opening or reading it could
 * block the process for ever.
 *
 * @throws `STORE_DENIED` for what is not a regular file; the file system's own errors.
 */
export async function openRegular(file: string): Promise<{ handle: FileHandle; facts: BigIntStats }> {
  let handle: FileHandle;
  try {
    handle = await open(file, READ_FLAGS);
  } catch (error) {
    // ENXIO: a socket, or a pipe without a writer
    if (['ELOOP', 'EMLINK', 'ENXIO', 'EISDIR'].includes(systemCode(error) ?? '')) throw notRegular(file);
    throw error;
  }
  try {
    const facts = await handle.stat({ bigint: true });
    if (!facts.isFile()) throw notRegular(file);
    return { handle, facts };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

export function notRegular(file: string): ArchiveError {
  return new ArchiveError(
    'STORE_DENIED',
    `something that is not a file stands in its place: ${printablePath(file)}`,
    {
      hint: 'links, pipes and devices inside of the archive directory are neither followed nor opened; look at it with ls -l, and move it away or replace it by the file',
    },
  );
}

/**
 * Reports whether the directory of a store is there.
 *
 * @throws `STORE_MISSING` when something else stands there, or a link to nothing; the file system's own errors.
 */
export async function rootExists(root: string): Promise<boolean> {
  try {
    const facts = await stat(root);
    if (facts.isDirectory()) return true;
    throw wrongRoot(root, 'is not a directory');
  } catch (error) {
    if (systemCode(error) === 'ENOTDIR')
      throw wrongRoot(root, 'lies below something that is not a directory');
    if (systemCode(error) === 'ELOOP') throw wrongRoot(root, 'is a symbolic link that leads to itself');
    if (!isMissing(error)) throw error;
  }
  const link = await lstat(root).catch(() => undefined);
  if (link?.isSymbolicLink() === true) throw wrongRoot(root, 'is a symbolic link to nothing');
  if (await liesBelowDanglingLink(root)) throw wrongRoot(root, 'lies below a symbolic link to nothing');
  return false;
}

/** Directories are made up to the first that is there, and mkdir says of such a link only that it exists. */
async function liesBelowDanglingLink(path: string): Promise<boolean> {
  const parent = dirname(path);
  if (parent === path) return false;
  const facts = await lstat(parent).catch(() => undefined);
  return facts === undefined ? liesBelowDanglingLink(parent) : facts.isSymbolicLink();
}

function wrongRoot(root: string, why: string): ArchiveError {
  return new ArchiveError('STORE_MISSING', `${printablePath(root)} ${why}`, {
    hint: 'name the directory of the archive in ARCHIVE_STORE (file:PATH); one that is not there yet is made by the first recording',
  });
}
