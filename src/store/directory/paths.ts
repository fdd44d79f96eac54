import { lstat, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { makeDirectories } from '../../make-directories.ts';
import { syncDirectory } from '../../sync-directory.ts';
import { isMissing, printablePath, systemCode } from './fs-errors.ts';
import { assertObjectKey, invalidKey } from '../object-rules.ts';
import { notRegular, rootExists } from './regular-file.ts';

const METADATA_SUFFIX = '.metadata.json';
const PARTIAL_SUFFIX = '.partial';
const METADATA_PARTIAL_SUFFIX = '.metadata.partial';
/** Hexadecimal digits that tell one attempt's temporary files from another's. */
export const ATTEMPT_DIGITS = 12;
const TEMPORARY_NAME = new RegExp(`.\\.[0-9a-f]{${ATTEMPT_DIGITS}}(?:\\.metadata)?\\.partial$`);
/** Bytes: NAME_MAX of Linux, macOS and NTFS, less the longest suffix this store appends. */
const MAX_SEGMENT_BYTES = 255 - 1 - ATTEMPT_DIGITS - METADATA_PARTIAL_SUFFIX.length;

const MAX_SEEN_DIRECTORIES = 1_000;

/** Where the files of one object are. */
export interface ObjectPlace {
  readonly key: string;
  readonly directory: string;
  /** Name of the data file within `directory`. */
  readonly name: string;
  readonly data: string;
  readonly record: string;
}

/** The temporary files of one attempt to write an object. */
export interface AttemptFiles {
  readonly data: string;
  readonly record: string;
}

/** @throws `KEY_INVALID` for keys that break the port's rule, would look like one of this store's own files, or do not fit. */
export function placeOf(root: string, key: string): ObjectPlace {
  assertObjectKey(key);
  const segments = key.split('/');
  const problem = segments.map(whyUnfit).find((why) => why !== undefined);
  if (problem !== undefined) throw invalidKey(key, problem);
  const data = path.join(root, ...segments);
  return {
    key,
    directory: path.dirname(data),
    name: path.basename(data),
    data,
    record: data + METADATA_SUFFIX,
  };
}

/** Could an object of this store, or a directory above one, have this name? */
export function isFitName(name: string): boolean {
  return whyUnfit(name) === undefined;
}

function whyUnfit(name: string): string | undefined {
  if (name.endsWith(METADATA_SUFFIX) || name.endsWith(PARTIAL_SUFFIX)) {
    return `ends in ${METADATA_SUFFIX} or ${PARTIAL_SUFFIX}, as files of the store itself do`;
  }
  return name.length > MAX_SEGMENT_BYTES ? `has a name of more than ${MAX_SEGMENT_BYTES} bytes` : undefined;
}

export function attemptFiles(place: ObjectPlace, attempt: string): AttemptFiles {
  const base = `${place.data}.${attempt}`;
  return { data: base + PARTIAL_SUFFIX, record: base + METADATA_PARTIAL_SUFFIX };
}

/** The attempts at `place` whose data are still there, by the names found in its directory. */
export function attemptsAmong(place: ObjectPlace, names: readonly string[]): string[] {
  return names.flatMap((name) => {
    const attempt = name.slice(place.name.length + 1, -PARTIAL_SUFFIX.length);
    const isAttempt = attempt.length === ATTEMPT_DIGITS && /^[0-9a-f]+$/.test(attempt);
    return isAttempt && name === `${place.name}.${attempt}${PARTIAL_SUFFIX}` ? [attempt] : [];
  });
}

export function recordName(name: string): string {
  return name + METADATA_SUFFIX;
}

/** The name of the object whose metadata a file would hold; `undefined` for names of other files. */
export function ownerOfRecord(name: string): string | undefined {
  return name.endsWith(METADATA_SUFFIX) ? name.slice(0, -METADATA_SUFFIX.length) : undefined;
}

/** Reports whether it names a file that this store writes before an object is complete. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY_NAME.test(name);
}

/**
 * Is `place.directory` there, reached through real directories only? The root itself may be a link: that is its owner's
 * choice; a link further down could lead out of the archive.
 *
 * @throws `STORE_DENIED` when a symbolic link stands in the way, `STORE_MISSING` when the root is no directory; the file system's own
 *   errors.
 */
export async function directoryExists(
  root: string,
  place: ObjectPlace,
  seen?: SeenDirectories,
): Promise<boolean> {
  const isSeen = (directory: string) => seen?.has(directory) === true;
  if (!isSeen(root) && !(await rootExists(root))) return false;
  seen?.add(root);
  for (const directory of chain(root, place)) {
    if (isSeen(directory)) continue;
    if (!(await isRealDirectory(directory))) return false;
    if (directory !== place.directory) seen?.add(directory);
  }
  return true;
}

/** Directories above those of objects that were there, and real, a moment ago. */
export interface SeenDirectories {
  has(directory: string): boolean;
  add(directory: string): void;
}

/** ms; a link that takes the place of a directory in this time could as well do so between the look at it and the opening below it. */
const MAX_SEEN_MS = 500;

/** A search opens hundreds of files below the same directories; each is looked at once. */
export function rememberDirectories(clock: Clock): SeenDirectories {
  const until = new Map<string, number>();
  return {
    has: (directory) => (until.get(directory) ?? 0) > clock.now(),
    add: (directory) => {
      if (until.size >= MAX_SEEN_DIRECTORIES) until.clear();
      if ((until.get(directory) ?? 0) <= clock.now()) until.set(directory, clock.now() + MAX_SEEN_MS);
    },
  };
}

/** Makes what is missing of `place.directory`, durably. @throws as {@link directoryExists}, and `KEY_COLLISION`. */
export async function makeDirectory(root: string, place: ObjectPlace): Promise<void> {
  if (!(await rootExists(root))) await makeDirectories(root);
  for (const directory of chain(root, place)) {
    if (await isRealDirectory(directory)) continue;
    try {
      await mkdir(directory);
      await syncDirectory(path.dirname(directory));
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
      if (!(await isRealDirectory(directory))) {
        if (!(await lstat(directory)).isFile()) throw notRegular(directory);
        throw new ArchiveError('KEY_COLLISION', 'an object stands where this key needs a directory', {
          hint: 'a directory store cannot hold both "a" and "a/b"',
          details: { key: place.key },
        });
      }
    }
  }
}

function chain(root: string, place: ObjectPlace): string[] {
  const between = path
    .relative(root, place.directory)
    .split(path.sep)
    .filter((segment) => segment !== '');
  return between.map((_, index) => path.join(root, ...between.slice(0, index + 1)));
}

async function isRealDirectory(directory: string): Promise<boolean> {
  try {
    const stat = await lstat(directory);
    if (stat.isSymbolicLink()) throw linkInTheWay(directory);
    return stat.isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

export function linkInTheWay(link: string): ArchiveError {
  const message = `a symbolic link stands inside the archive directory: ${printablePath(link)}`;
  return new ArchiveError('STORE_DENIED', message, {
    hint: 'links are not followed, because they can lead out of the archive; replace it by what it points to',
  });
}
