import path from 'node:path';
import { type Budget, type Clock, systemClock } from '../../clock.ts';
import { ensureTimeLeft } from '../../http/with-retry.ts';
import type { ListOptions, ObjectStat, ObjectStore, UnfinishedUpload } from '../../ports.ts';
import { assertListPrefix, assertPutOptions } from '../object-rules.ts';
import { settle } from './commit.ts';
import { directoryError } from './fs-errors.ts';
import { getFrom } from './get.ts';
import { type ObjectPlace, placeOf } from './paths.ts';
import { pinFrom } from './pin.ts';
import { putInto } from './put.ts';
import { rootExists } from './regular-file.ts';
import { replaceFiles, replaceRecord } from './replace.ts';
import { findObject, lstatObject, modifiedAt } from './stat.ts';
import { listDirectoryUploads, removeAttempt } from './uploads.ts';
import { type FoundObject, walkObjects } from './walk.ts';

/** Objects that are looked at while those before them are handed out: a listing of many directories waits for each look otherwise. */
const LOOK_AHEAD = 4;

async function* lookedAt(root: string, objects: AsyncIterable<FoundObject>) {
  const under: (FoundObject & {
    readonly place: ObjectPlace;
    readonly file: ReturnType<typeof lstatObject>;
  })[] = [];
  const next = async () => {
    const one = under.shift();
    return one === undefined ? undefined : { ...one, file: await one.file };
  };
  for await (const found of objects) {
    const place = placeOf(root, found.key);
    const file = lstatObject(place);
    // it is waited for in its turn; until then its failure is not reported
    file.catch(() => {});
    under.push({ ...found, place, file });
    const first = under.length >= LOOK_AHEAD ? await next() : undefined;
    if (first !== undefined) yield first;
  }
  for (let rest = await next(); rest !== undefined; rest = await next()) yield rest;
}

/**
 * Keeps each object as a file of its key's name below `directory`, its metadata beside it in `<key>.metadata.json`. The
 * directory is created by the first `put`. Writers of any number of processes may share it, on a file system with hard links.
 *
 * Besides the keys the port refuses, `KEY_INVALID` answers names that end in `.partial` or `.metadata.json`, and names longer
 * than a file may have; `KEY_COLLISION` a key below an existing object, or the reverse.
 */
export function createDirectoryStore(directory: string, clock: Clock = systemClock): ObjectStore {
  const root = path.resolve(directory);

  async function head(key: string, budget: Budget): Promise<ObjectStat | undefined> {
    const place = placeOf(root, key);
    ensureTimeLeft(clock, budget);
    try {
      return await statOf(place);
    } catch (error) {
      throw directoryError(error, 'reading', key);
    }
  }

  async function* list(prefix: string, budget: Budget, options: ListOptions = {}) {
    assertListPrefix(prefix);
    try {
      ensureTimeLeft(clock, budget);
      await rootExists(root);
      for await (const { key, hasRecord, place, file } of lookedAt(
        root,
        walkObjects(root, prefix, options),
      )) {
        ensureTimeLeft(clock, budget);
        if (file === undefined) continue;
        if (!hasRecord) await settle(place);
        const etag = `"${file.ino.toString(36)}-${file.mtimeNs.toString(36)}-${file.size.toString(36)}"`;
        yield { key, size: Number(file.size), lastModified: modifiedAt(file), etag };
      }
    } catch (error) {
      throw directoryError(error, 'listing');
    }
  }

  const statOf = async (place: ObjectPlace) => (await findObject(root, place))?.stat;

  async function* listUploads(budget: Budget) {
    try {
      await rootExists(root);
      for await (const upload of listDirectoryUploads(root)) {
        ensureTimeLeft(clock, budget);
        yield upload;
      }
    } catch (error) {
      throw directoryError(error, 'listing');
    }
  }

  async function abortUpload(upload: UnfinishedUpload, budget: Budget): Promise<void> {
    ensureTimeLeft(clock, budget);
    try {
      await removeAttempt(root, upload);
    } catch (error) {
      throw directoryError(error, 'cleaning up', upload.key);
    }
  }

  const replacing = async <T>(key: string, budget: Budget, work: (place: ObjectPlace) => Promise<T>) => {
    const place = placeOf(root, key);
    ensureTimeLeft(clock, budget);
    try {
      return await work(place);
    } catch (error) {
      throw directoryError(error, 'replacing', key);
    }
  };
  return {
    location: `file:${root}`,
    put: putInto(root, clock),
    head,
    get: getFrom(root, clock),
    pin: pinFrom(root, clock),
    list,
    replace: (expected, body, options, budget) => {
      assertPutOptions(options);
      return replacing(expected.key, budget, (place) =>
        replaceFiles({ place, expected, statOf }, body, options),
      );
    },
    replaceMetadata: (expected, metadata, budget) => {
      assertPutOptions({ metadata, contentType: 'application/octet-stream' });
      return replacing(expected.key, budget, (place) => replaceRecord({ place, expected, statOf }, metadata));
    },
    listUploads,
    abortUpload,
  };
}
