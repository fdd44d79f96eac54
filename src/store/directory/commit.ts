/**
 * How an object appears in a directory store: all at once, never over another one, and never without its metadata, which hold
 * the initialisation vector.
 *
 * Both files are written and synced under temporary names. The object exists from the moment link(2) gives the data its final
 * name; link fails when that name is taken, also between processes. The metadata are renamed after it. A crash between the two
 * leaves an object without metadata and, beside it, the temporary name of the same inode: that tells which metadata are its own,
 * and the first process that comes finishes the rename by {@link settle}.
 */
import { link, lstat, readdir, rename, unlink } from 'node:fs/promises';
import { attemptFiles, attemptsAmong, type AttemptFiles, type ObjectPlace } from './paths.ts';
import { isMissing, linkError, systemCode } from './fs-errors.ts';
import { publishMode } from './partial-file.ts';
import { notRegular } from './regular-file.ts';
import { syncDirectory } from '../../sync-directory.ts';

/**
 * Publishes an attempt whose files are complete and synced.
 *
 * @returns false when the key is taken; nothing was changed then.
 * @throws `STORE_DENIED` when something that is not a file stands where the metadata go; the file system's own errors.
 */
export async function commit(place: ObjectPlace, files: AttemptFiles): Promise<boolean> {
  const inTheWay = await lstat(place.record).catch(ignoreMissing);
  if (inTheWay !== undefined && !inTheWay.isFile()) throw notRegular(place.record);
  // The metadata's temporary name must survive every crash that the link survives.
  await syncDirectory(place.directory);
  try {
    await link(files.data, place.data);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw linkError(error, place.key);
  }
  await publishRecord(place, files);
  return true;
}

/**
 * Finishes what a crashed (or merely slower) writer of the object at `place` has begun. Does nothing when its metadata stand.
 *
 * @returns whether temporary files of the object are there whose writer may be at work.
 */
export async function settle(place: ObjectPlace): Promise<boolean> {
  if (await exists(place.record)) return false;
  const object = await lstat(place.data, { bigint: true }).catch(ignoreMissing);
  const attempts = attemptsAmong(place, await readdir(place.directory));
  for (const attempt of attempts) {
    const files = attemptFiles(place, attempt);
    const partial = await lstat(files.data, { bigint: true }).catch(ignoreMissing);
    if (partial !== undefined && partial.ino === object?.ino && partial.dev === object.dev) {
      await publishRecord(place, files);
      return false;
    }
  }
  return attempts.length > 0;
}

async function publishRecord(place: ObjectPlace, files: AttemptFiles): Promise<void> {
  try {
    await rename(files.record, place.record);
  } catch (error) {
    // Another process has settled this attempt in the meantime.
    if (!isMissing(error) || !(await exists(place.record))) throw error;
  }
  await syncDirectory(place.directory);
  // The object is complete; a second name that cannot be removed does no harm.
  await removeFile(files.data).catch(() => {});
  await publishMode(place.data, place.directory);
  await publishMode(place.record, place.directory);
}

export async function removeFile(file: string): Promise<void> {
  await unlink(file).catch(ignoreMissing);
}

export async function exists(file: string): Promise<boolean> {
  return (await lstat(file).catch(ignoreMissing)) !== undefined;
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
  return undefined;
}
