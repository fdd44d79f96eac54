import path from 'node:path';
import { type Budget, type Clock, systemClock } from '../../clock.ts';
import { ensureTimeLeft } from '../../http/with-retry.ts';
import type { ObjectStore } from '../../ports.ts';
import { assertPutOptions } from '../object-rules.ts';
import { directoryError } from './fs-errors.ts';
import { getFrom } from './get.ts';
import { listIn } from './list.ts';
import { type ObjectPlace, placeOf } from './paths.ts';
import { pinFrom } from './pin.ts';
import { putInto } from './put.ts';
import { replaceFiles, replaceRecord } from './replace.ts';
import { findObject } from './stat.ts';
import { abortIn, uploadsIn } from './uploads.ts';

/**
 * Keeps each object as a file of its key's name below `directory`, its metadata beside it in `<key>.metadata.json`. The
 * directory is created by the first `put`. Writers of any number of processes may share it, on a file system with hard links.
 *
 * Besides the keys the port refuses, `KEY_INVALID` answers names that end in `.partial` or `.metadata.json`, and names longer
 * than a file may have; `KEY_COLLISION` a key below an existing object, or the reverse.
 */
export function createDirectoryStore(directory: string, clock: Clock = systemClock): ObjectStore {
  const root = path.resolve(directory);

  const statOf = async (place: ObjectPlace) => (await findObject(root, place))?.stat;

  /** Does `work` at the place of a key. */
  const at = async <T>(
    key: string,
    budget: Budget,
    { doing, work }: { readonly doing: string; readonly work: (place: ObjectPlace) => Promise<T> },
  ): Promise<T> => {
    const place = placeOf(root, key);
    ensureTimeLeft(clock, budget);
    try {
      return await work(place);
    } catch (error) {
      throw directoryError(error, doing, key);
    }
  };

  return {
    location: `file:${root}`,
    put: putInto(root, clock),
    head: (key, budget) => at(key, budget, { doing: 'reading', work: statOf }),
    get: getFrom(root, clock),
    pin: pinFrom(root, clock),
    list: listIn(root, clock),
    replace: (expected, body, options, budget) => {
      assertPutOptions(options);
      const work = (place: ObjectPlace) => replaceFiles({ place, expected, statOf }, body, options);
      return at(expected.key, budget, { doing: 'replacing', work });
    },
    replaceMetadata: (expected, metadata, budget) => {
      assertPutOptions({ metadata, contentType: 'application/octet-stream' });
      const work = (place: ObjectPlace) => replaceRecord({ place, expected, statOf }, metadata);
      return at(expected.key, budget, { doing: 'replacing', work });
    },
    listUploads: uploadsIn(root, clock),
    abortUpload: abortIn(root, clock),
  };
}
