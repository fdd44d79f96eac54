import { randomBytes } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import type { Clock } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { ensureTimeLeft } from '../../http/with-retry.ts';
import type { ObjectStore } from '../../ports.ts';
import { measureBody } from '../measured-body.ts';
import { assertPutOptions } from '../object-rules.ts';
import { commit, exists, removeFile, settle } from './commit.ts';
import { directoryError } from './fs-errors.ts';
import { formatRecord } from './metadata-file.ts';
import { verifyFile, writeFile, writeText } from './partial-file.ts';
import { ATTEMPT_DIGITS, attemptFiles, makeDirectory, type ObjectPlace, placeOf } from './paths.ts';
import { findObject, isTaken, toBase64 } from './stat.ts';

/** Stores objects below `root`: written under a temporary name, synced, read back, and linked to the name of its key. */
export function putInto(root: string, clock: Clock): ObjectStore['put'] {
  return async (key, body, options, budget) => {
    const place = placeOf(root, key);
    assertPutOptions(options);
    ensureTimeLeft(clock, budget);
    const files = attemptFiles(place, randomBytes(ATTEMPT_DIGITS / 2).toString('hex'));
    const source = measureBody(body, options.contentLength, budget, clock);
    let committed = false;
    try {
      await makeDirectory(root, place);
      if (await isTaken(place)) return { outcome: 'exists' };
      const written = await writeFile(files.data, source.chunks);
      const { metadata, contentType } = options;
      await writeText(files.record, formatRecord({ key, ...written, contentType, metadata }));
      await verifyFile(files.data, written, key);
      ensureTimeLeft(clock, budget);
      committed = await commit(place, files);
      if (!committed && (await isTaken(place))) return { outcome: 'exists' };
      const stat = (await findObject(root, place))?.stat;
      if (stat?.size !== written.size || stat.checksum?.sha256 !== toBase64(written.sha256)) {
        throw new ArchiveError('STORE_MISMATCH', 'the object that stands there is not what was written', {
          details: { key },
        });
      }
      return { outcome: 'stored', stat };
    } catch (error) {
      if (source.threw(error)) throw error;
      throw directoryError(error, 'storing', key);
    } finally {
      // Once the object has its name, only `settle` may touch the metadata: they may not have theirs yet.
      if (!committed) await discard(place, files);
    }
  };
}

/** Best effort: what made the attempt fail may keep its files from being removed, and is the error to report. */
async function discard(
  place: ObjectPlace,
  files: { readonly data: string; readonly record: string },
): Promise<void> {
  if (await sameFile(files.data, place.data)) {
    // It failed after the commit point: the object stands, and these may be its only metadata.
    await settle(place).catch(() => {});
    if (await exists(place.record).catch(() => false)) await removeFile(files.data).catch(() => {});
    return;
  }
  await Promise.allSettled([removeFile(files.data), removeFile(files.record)]);
}

async function sameFile(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all(
    [a, b].map((file) => lstat(file, { bigint: true }).catch(() => undefined)),
  );
  return left !== undefined && left.ino === right?.ino && left.dev === right.dev;
}
