import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../clock.ts';
import { ensureTimeLeft } from '../../http/with-retry.ts';
import type { ObjectStore, UnfinishedUpload } from '../../ports.ts';
import { exists, removeFile, settle } from './commit.ts';
import { ATTEMPT_DIGITS, attemptFiles, placeOf } from './paths.ts';
import { directoryError, isMissing } from './fs-errors.ts';
import { rootExists } from './regular-file.ts';
import { isObjectKey } from '../object-rules.ts';

/** Of the two temporary files of an attempt, either may be all that is left. */
const TEMPORARY = new RegExp(`^(.+)\\.([0-9a-f]{${ATTEMPT_DIGITS}})\\.(?:metadata\\.)?partial$`);

export function uploadsIn(root: string, clock: Clock): NonNullable<ObjectStore['listUploads']> {
  return async function* listUploads(budget) {
    try {
      await rootExists(root);
      for await (const upload of listDirectoryUploads(root)) {
        ensureTimeLeft(clock, budget);
        yield upload;
      }
    } catch (error) {
      throw directoryError(error, 'listing');
    }
  };
}

export function abortIn(root: string, clock: Clock): NonNullable<ObjectStore['abortUpload']> {
  return async (upload, budget) => {
    ensureTimeLeft(clock, budget);
    try {
      await removeAttempt(root, upload);
    } catch (error) {
      throw directoryError(error, 'cleaning up', upload.key);
    }
  };
}

/** The attempts below `root` whose temporary files are still there, each once. Symbolic links are not followed. */
export async function* listDirectoryUploads(
  root: string,
  above = '',
): AsyncGenerator<UnfinishedUpload, void, undefined> {
  const directory = path.join(root, above);
  const seen = new Set<string>();
  for (const entry of await entriesOf(directory)) {
    if (entry.isDirectory()) yield* listDirectoryUploads(root, `${above}${entry.name}/`);
    const [, name, id] = TEMPORARY.exec(entry.name) ?? [];
    if (!entry.isFile() || name === undefined || id === undefined) continue;
    const key = above + name;
    if (!isObjectKey(key) || seen.has(`${name}.${id}`)) continue;
    seen.add(`${name}.${id}`);
    const startedAt = await modifiedAt(path.join(directory, entry.name));
    if (startedAt !== undefined) yield { key, id, startedAt };
  }
}

/** Removes the temporary files of one attempt, but never the only metadata of an object: those are given their name first. */
export async function removeAttempt(root: string, { key, id }: UnfinishedUpload): Promise<void> {
  const place = placeOf(root, key);
  const files = attemptFiles(place, id);
  if (await exists(place.data)) {
    await settle(place);
    if (!(await exists(place.record))) return;
  }
  await removeFile(files.data);
  await removeFile(files.record);
}

async function entriesOf(directory: string): Promise<Dirent[]> {
  try {
    return (await readdir(directory, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function modifiedAt(file: string): Promise<number | undefined> {
  try {
    return Math.round((await lstat(file)).mtimeMs);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
