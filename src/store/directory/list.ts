import type { Clock } from '../../clock.ts';
import { ensureTimeLeft } from '../../http/with-retry.ts';
import type { ObjectStore } from '../../ports.ts';
import { assertListPrefix } from '../object-rules.ts';
import { settle } from './commit.ts';
import { directoryError } from './fs-errors.ts';
import { placeOf } from './paths.ts';
import { rootExists } from './regular-file.ts';
import { lstatObject, modifiedAt } from './stat.ts';
import { walkObjects } from './walk.ts';

export function listIn(root: string, clock: Clock): ObjectStore['list'] {
  return async function* list(prefix, budget, options = {}) {
    assertListPrefix(prefix);
    try {
      ensureTimeLeft(clock, budget);
      await rootExists(root);
      for await (const { key, hasRecord } of walkObjects(root, prefix, options)) {
        ensureTimeLeft(clock, budget);
        const place = placeOf(root, key);
        const file = await lstatObject(place);
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
