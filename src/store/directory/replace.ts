/**
 * How something else comes to stand under a key of a directory store. The new bytes are written and synced under a temporary name;
 * then they take the place of the old by rename(2), so that a reader sees the one or the other. A crash between that and the
 * renaming of their metadata is finished by {@link settle}, as after a first write: until then the object has no metadata, which
 * an instruction file does not need.
 *
 * Whether the object still is the expected one is looked at under a lock, so that of two that replace the same object at once, one
 * finds it changed.
 */
import { randomBytes } from 'node:crypto';
import { link, rename } from 'node:fs/promises';
import type { ObjectStat, PutOptions, ReplaceResult } from '../../ports.ts';
import { removeFile, settle } from './commit.ts';
import { ATTEMPT_DIGITS, attemptFiles, type ObjectPlace } from './paths.ts';
import { inOnePiece } from '../measured-body.ts';
import { formatRecord, readRecord } from './metadata-file.ts';
import { publishMode, verifyFile, writeFile, writeText } from './partial-file.ts';
import { withReplaceLock } from './replace-lock.ts';
import { syncDirectory } from '../../sync-directory.ts';

/** What is replaced. */
interface Replacement {
  readonly place: ObjectPlace;
  readonly expected: ObjectStat;
  /** Looks again. */
  readonly statOf: (place: ObjectPlace) => Promise<ObjectStat | undefined>;
}

export async function replaceFiles(
  { place, expected, statOf }: Replacement,
  body: Uint8Array,
  options: PutOptions,
): Promise<ReplaceResult> {
  const files = newAttempt(place);
  const second = newAttempt(place);
  let done = false;
  try {
    if (!isSame(expected, await statOf(place))) return { outcome: 'changed' };
    const written = await writeFile(files.data, inOnePiece(body));
    const { metadata, contentType } = options;
    await writeText(files.record, formatRecord({ key: place.key, ...written, contentType, metadata }));
    await verifyFile(files.data, written, place.key);
    return await withReplaceLock(place, async (lock) => {
      if (!isSame(expected, await statOf(place))) return { outcome: 'changed' };
      // a second name of the new file: the first one stays, to tell `settle` which metadata are its own
      await link(files.data, second.data);
      await syncDirectory(place.directory);
      await lock.assertHeld();
      await removeFile(place.record);
      await rename(second.data, place.data);
      done = true;
      await settle(place);
      const stat = await statOf(place);
      return stat === undefined ? { outcome: 'changed' } : { outcome: 'replaced', stat };
    });
  } finally {
    await removeFile(second.data);
    if (!done) await Promise.all([removeFile(files.data), removeFile(files.record)]);
  }
}

export async function replaceRecord(
  { place, expected, statOf }: Replacement,
  metadata: Readonly<Record<string, string>>,
): Promise<ReplaceResult> {
  const { record: file } = newAttempt(place);
  if (!isSame(expected, await statOf(place))) return { outcome: 'changed' };
  try {
    return await withReplaceLock(place, async (lock) => {
      if (!isSame(expected, await statOf(place))) return { outcome: 'changed' };
      const record = await readRecord(place.record);
      if (record === undefined) return { outcome: 'unsupported', reason: 'the object has no metadata file' };
      await writeText(file, formatRecord({ ...record, metadata }));
      await lock.assertHeld();
      await rename(file, place.record);
      await syncDirectory(place.directory);
      await publishMode(place.record, place.directory);
      const stat = await statOf(place);
      return stat === undefined ? { outcome: 'changed' } : { outcome: 'replaced', stat };
    });
  } finally {
    await removeFile(file);
  }
}

const newAttempt = (place: ObjectPlace) =>
  attemptFiles(place, randomBytes(ATTEMPT_DIGITS / 2).toString('hex'));

function isSame(expected: ObjectStat, found: ObjectStat | undefined): boolean {
  if (found === undefined) return false;
  const names = Object.keys(expected.metadata);
  return (
    expected.size === found.size &&
    expected.checksum?.sha256 === found.checksum?.sha256 &&
    expected.lastModified === found.lastModified &&
    names.length === Object.keys(found.metadata).length &&
    names.every((name) => expected.metadata[name] === found.metadata[name])
  );
}
