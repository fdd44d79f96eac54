/** What a directory store knows of one object. */
import type { BigIntStats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ArchiveError } from '../../errors.ts';
import type { ObjectStat } from '../../ports.ts';
import { settle } from './commit.ts';
import { directoryExists, linkInTheWay, type ObjectPlace } from './paths.ts';
import { isMissing } from './fs-errors.ts';
import { type ObjectRecord, readRecord } from './metadata-file.ts';
import { notRegular } from './regular-file.ts';

/** How often an object that is being replaced is looked at anew, and for how long that is waited for at first, ms. */
const MAX_LOOKS = 8;
const FIRST_WAIT_MS = 2;

/** What tells one version of a file from another under the same name. */
export type FileVersion = Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs'>;

export interface FoundObject {
  readonly stat: ObjectStat;
  /** Of the data file. */
  readonly version: FileVersion;
}

export function isSameVersion(one: FileVersion, other: FileVersion): boolean {
  return (
    one.ino === other.ino && one.dev === other.dev && one.size === other.size && one.mtimeNs === other.mtimeNs
  );
}

/**
 * The facts of a data file and of the metadata beside it, of one and the same version.
 *
 * @returns `undefined` when there is no object.
 * @throws `STORE_UNAVAILABLE` (retryable) when it was replaced each time it was looked at; the file system's own errors.
 */
export async function findObject(root: string, place: ObjectPlace): Promise<FoundObject | undefined> {
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    if (look > 0) await sleep(FIRST_WAIT_MS * 2 ** (look - 1));
    if (!(await directoryExists(root, place))) return undefined;
    const file = await lstatObject(place);
    if (file === undefined) return undefined;
    let record = await readRecord(place.record);
    let busy = false;
    if (record === undefined) {
      busy = await settle(place);
      record = await readRecord(place.record);
    }
    const again = await lstatObject(place);
    if (again === undefined || !isSameVersion(file, again)) continue;
    // without metadata between the old ones and the new: a process replaces it, or was killed doing so
    if (record === undefined && busy && look < MAX_LOOKS - 1) continue;
    if (record !== undefined) assertSameKey(record, place);
    return { stat: describeFile(place, file, record), version: file };
  }
  throw changing(place);
}

export function changing({ key }: ObjectPlace): ArchiveError {
  return new ArchiveError('STORE_UNAVAILABLE', 'the object was replaced while it was read', {
    details: { key },
  });
}

function describeFile(place: ObjectPlace, file: BigIntStats, record: ObjectRecord | undefined): ObjectStat {
  return {
    key: place.key,
    size: Number(file.size),
    metadata: record?.metadata ?? {},
    contentType: record?.contentType,
    etag: undefined,
    checksum: record && { type: 'full', sha256: toBase64(record.sha256) },
    lastModified: modifiedAt(file),
  };
}

/** Epoch ms, rounded. */
export function modifiedAt({ mtimeNs }: FileVersion): number {
  return Math.round(Number(mtimeNs) / 1e6);
}

export function toBase64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

/**
 * Reports whether an object stands there, complete with its metadata.
 *
 * @throws `KEY_COLLISION` when it is a directory, `STORE_DENIED` when it is a link, a pipe or a device.
 */
export async function isTaken(place: ObjectPlace): Promise<boolean> {
  const file = await lstat(place.data).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (file === undefined) return false;
  if (file.isDirectory()) {
    throw new ArchiveError('KEY_COLLISION', 'a directory of other objects stands under this key', {
      hint: 'a directory store cannot hold both "a" and "a/b"',
      details: { key: place.key },
    });
  }
  if (file.isSymbolicLink()) throw linkInTheWay(place.data);
  if (!file.isFile()) throw notRegular(place.data);
  await settle(place);
  const record = await readRecord(place.record);
  if (record !== undefined) assertSameKey(record, place);
  return true;
}

/** @returns `undefined` when there is nothing, or a directory. @throws `STORE_DENIED` when it is a link, a pipe or a device. */
export async function lstatObject(place: ObjectPlace): Promise<BigIntStats | undefined> {
  try {
    const file = await lstat(place.data, { bigint: true });
    if (file.isSymbolicLink()) throw linkInTheWay(place.data);
    if (!file.isFile() && !file.isDirectory()) throw notRegular(place.data);
    return file.isFile() ? file : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** On file systems that fold case, "A" finds the file of "a". An archive may have been moved, so only case is compared. */
function assertSameKey(record: ObjectRecord, place: ObjectPlace): void {
  if (record.key !== place.key && record.key.toLowerCase() === place.key.toLowerCase()) {
    throw new ArchiveError(
      'KEY_COLLISION',
      'this file system takes keys that differ in case only for the same one',
      {
        details: { key: place.key },
      },
    );
  }
}
