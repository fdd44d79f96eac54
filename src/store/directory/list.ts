import type { Clock } from '../../clock.ts';
import { ensureTimeLeft } from '../../http/with-retry.ts';
import type { ObjectStore } from '../../ports.ts';
import { assertListPrefix } from '../object-rules.ts';
import { settle } from './commit.ts';
import { directoryError } from './fs-errors.ts';
import { type ObjectPlace, placeOf } from './paths.ts';
import { rootExists } from './regular-file.ts';
import { lstatObject, modifiedAt } from './stat.ts';
import { type FoundObject, walkObjects } from './walk.ts';

/** Objects that are looked at while those before them are handed out: a listing of many directories waits for each look otherwise. */
const LOOK_AHEAD = 4;

export function listIn(root: string, clock: Clock): ObjectStore['list'] {
  return async function* list(prefix, budget, options = {}) {
    assertListPrefix(prefix);
    try {
      ensureTimeLeft(clock, budget);
      await rootExists(root);
      const objects = walkObjects(root, prefix, options);
      for await (const { key, hasRecord, place, file } of lookedAt(root, objects)) {
        ensureTimeLeft(clock, budget);
        if (file === undefined) continue;
        if (!hasRecord) await settle(place);
        const etag = `"${file.ino.toString(36)}-${file.mtimeNs.toString(36)}-${file.size.toString(36)}"`;
        yield { key, size: Number(file.size), lastModified: modifiedAt(file), etag };
      }
    } catch (error) {
      throw directoryError(error, 'listing');
    }
  };
}

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
