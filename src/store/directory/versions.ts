/** The objects of a directory, as the one version that each has. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Budget, Clock } from '../../clock.ts';
import { ensureTimeLeft } from '../../http/with-retry.ts';
import type { ObjectStat, ObjectVersion, VersionedStore } from '../../ports.ts';
import { assertListPrefix } from '../object-rules.ts';
import { removeFile } from './commit.ts';
import { directoryError } from './fs-errors.ts';
import { attemptFiles, attemptsAmong, directoryExists, placeOf } from './paths.ts';
import { withReplaceLock } from './replace-lock.ts';
import { rootExists } from './regular-file.ts';
import { findObject, lstatObject, modifiedAt } from './stat.ts';
import { listDirectoryUploads, removeAttempt } from './uploads.ts';
import { walkObjects } from './walk.ts';
import { syncDirectory } from '../../sync-directory.ts';

export function createDirectoryVersions(directory: string, clock: Clock): VersionedStore {
  const root = path.resolve(directory);
  return {
    location: `file:${root}`,
    versions: (prefix, budget) => listVersions(root, clock, prefix, budget),
    lockOf: async ({ key }) => {
      const found = await findStat(root, key);
      return found && { legalHold: false, retainUntil: undefined, metadata: found.metadata };
    },
    remove: async ({ key }, budget) => {
      ensureTimeLeft(clock, budget);
      await removeObject(root, key);
      return 'removed';
    },
    retain: () => Promise.resolve('unsupported'),
    keptState: async (key) => {
      const found = await findStat(root, key);
      return (
        found && {
          retention: 'not-offered',
          legalHold: 'not-offered',
          tags: 'not-offered',
          lastModified: found.lastModified,
        }
      );
    },
    setTag: () => Promise.resolve('unsupported'),
    bucketLock: () => Promise.resolve({ lock: 'none', defaultDays: undefined }),
    abortUploads: (prefix, budget) => abortUploads(root, clock, prefix, budget),
  };
}

async function* listVersions(
  root: string,
  clock: Clock,
  prefix: string,
  budget: Budget,
): AsyncGenerator<ObjectVersion> {
  assertListPrefix(prefix);
  try {
    await rootExists(root);
    for await (const { key } of walkObjects(root, prefix)) {
      ensureTimeLeft(clock, budget);
      const file = await lstatObject(placeOf(root, key));
      if (file === undefined) continue;
      yield {
        key,
        versionId: undefined,
        isLatest: true,
        isMarker: false,
        size: Number(file.size),
        lastModified: modifiedAt(file),
      };
    }
  } catch (error) {
    throw directoryError(error, 'listing');
  }
}

async function findStat(root: string, key: string): Promise<ObjectStat | undefined> {
  try {
    return (await findObject(root, placeOf(root, key)))?.stat;
  } catch (error) {
    throw directoryError(error, 'reading', key);
  }
}

/** Removes an object with all that attempts at it have left. */
async function removeObject(root: string, key: string): Promise<void> {
  const place = placeOf(root, key);
  try {
    if (!(await directoryExists(root, place))) return;
    await withReplaceLock(place, async (lock) => {
      await lock.assertHeld();
      // what an attempt left would give its metadata to the object again
      for (const attempt of attemptsAmong(place, await readdir(place.directory))) {
        const files = attemptFiles(place, attempt);
        await removeFile(files.data);
        await removeFile(files.record);
      }
      // the metadata first: they hold the wrapped key, and a removal that was broken off is found by the data
      await removeFile(place.record);
      await removeFile(place.data);
      await syncDirectory(place.directory);
    });
  } catch (error) {
    throw directoryError(error, 'removing', key);
  }
}

async function abortUploads(root: string, clock: Clock, prefix: string, budget: Budget): Promise<number> {
  let aborted = 0;
  const below = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  try {
    for await (const upload of listDirectoryUploads(root, below)) {
      ensureTimeLeft(clock, budget);
      if (!upload.key.startsWith(prefix)) continue;
      await removeAttempt(root, upload);
      aborted += 1;
    }
  } catch (error) {
    throw directoryError(error, 'cleaning up');
  }
  return aborted;
}
