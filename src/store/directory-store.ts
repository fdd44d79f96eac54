import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import path from 'node:path';
import { type Budget, type Clock, systemClock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { ensureTimeLeft } from '../http/with-retry.ts';
import type { ObjectStat, ObjectStore, PutOptions, PutResult, UnfinishedUpload } from '../ports.ts';
import { commit, exists, removeFile, settle } from './directory-commit.ts';
import {
  ATTEMPT_DIGITS,
  attemptFiles,
  directoryExists,
  linkInTheWay,
  makeDirectory,
  type ObjectPlace,
  placeOf,
} from './directory-paths.ts';
import { listDirectoryUploads, removeAttempt } from './directory-uploads.ts';
import { replaceFiles, replaceRecord } from './directory-replace.ts';
import { walkObjects } from './directory-walk.ts';
import { directoryError, isMissing } from './fs-errors.ts';
import { measureBody } from './measured-body.ts';
import { formatRecord, type ObjectRecord, readRecord } from './metadata-file.ts';
import {
  assertListPrefix,
  assertPutOptions,
  assertRange,
  type ByteRange,
  rangeNotSatisfiable,
} from './object-rules.ts';
import { verifyFile, writeFile, writeText } from './partial-file.ts';

/** Bytes handed on at a time by `get`. */
const READ_BYTES = 256 * 1024;

/**
 * Keeps each object as a file of its key's name below `directory`, its metadata beside it in `<key>.metadata.json`. The
 * directory is created by the first `put`. Writers of any number of processes may share it, on a file system with hard links.
 *
 * Besides the keys the port refuses, `KEY_INVALID` answers names that end in `.partial` or `.metadata.json`, and names longer
 * than a file may have; `KEY_COLLISION` a key below an existing object, or the reverse.
 */
export function createDirectoryStore(directory: string, clock: Clock = systemClock): ObjectStore {
  const root = path.resolve(directory);

  async function put(
    key: string,
    body: AsyncIterable<Uint8Array> | Uint8Array,
    options: PutOptions,
    budget: Budget,
  ): Promise<PutResult> {
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
      const stat = await statOf(place);
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
  }

  async function head(key: string, budget: Budget): Promise<ObjectStat | undefined> {
    const place = placeOf(root, key);
    ensureTimeLeft(clock, budget);
    try {
      return await statOf(place);
    } catch (error) {
      throw directoryError(error, 'reading', key);
    }
  }

  async function get(key: string, budget: Budget, range?: ByteRange) {
    assertRange(range);
    const stat = await head(key, budget);
    if (stat === undefined) {
      throw new ArchiveError('OBJECT_NOT_FOUND', 'there is no such object', { details: { key } });
    }
    if (range !== undefined && range.first >= stat.size)
      throw rangeNotSatisfiable(key, range.first, stat.size);
    const first = range?.first ?? 0;
    const end = Math.min(range === undefined ? stat.size : range.last + 1, stat.size);
    return { stat, body: read(placeOf(root, key), first, end, budget) };
  }

  async function* read(
    place: ObjectPlace,
    first: number,
    end: number,
    budget: Budget,
  ): AsyncGenerator<Uint8Array> {
    let file: FileHandle | undefined;
    try {
      // Opened on demand: a body nobody iterates must not keep a file open.
      file = await open(place.data, constants.O_RDONLY | constants.O_NOFOLLOW);
      for (let at = first; at < end; ) {
        ensureTimeLeft(clock, budget);
        const block = Buffer.allocUnsafe(Math.min(READ_BYTES, end - at));
        const { bytesRead } = await file.read(block, 0, block.byteLength, at);
        if (bytesRead === 0) {
          throw new ArchiveError('STORE_UNAVAILABLE', 'the object ended early while it was read', {
            details: { key: place.key, expected: end, read: at },
          });
        }
        at += bytesRead;
        yield block.subarray(0, bytesRead);
      }
    } catch (error) {
      throw directoryError(error, 'reading', place.key);
    } finally {
      await file?.close();
    }
  }

  async function* list(prefix: string, budget: Budget) {
    assertListPrefix(prefix);
    try {
      ensureTimeLeft(clock, budget);
      for await (const { key, hasRecord } of walkObjects(root, prefix)) {
        ensureTimeLeft(clock, budget);
        const place = placeOf(root, key);
        const file = await lstatObject(place);
        if (file === undefined) continue;
        if (!hasRecord) await settle(place);
        yield { key, size: file.size, lastModified: Math.round(file.mtimeMs) };
      }
    } catch (error) {
      throw directoryError(error, 'listing');
    }
  }

  async function statOf(place: ObjectPlace): Promise<ObjectStat | undefined> {
    if (!(await directoryExists(root, place))) return undefined;
    const file = await lstatObject(place);
    if (file === undefined) return undefined;
    let record = await readRecord(place.record);
    if (record === undefined) {
      await settle(place);
      record = await readRecord(place.record);
    }
    if (record !== undefined) assertSameKey(record, place);
    return {
      key: place.key,
      size: file.size,
      metadata: record?.metadata ?? {},
      contentType: record?.contentType,
      etag: undefined,
      checksum: record && { type: 'full', sha256: toBase64(record.sha256) },
      lastModified: Math.round(file.mtimeMs),
    };
  }

  async function* listUploads(budget: Budget) {
    try {
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
    put,
    head,
    get,
    list,
    replace: (expected, body, options, budget) => {
      assertPutOptions(options);
      return replacing(expected.key, budget, (place) => replaceFiles(place, expected, statOf, body, options));
    },
    replaceMetadata: (expected, metadata, budget) => {
      assertPutOptions({ metadata, contentType: 'application/octet-stream' });
      return replacing(expected.key, budget, (place) => replaceRecord(place, expected, statOf, metadata));
    },
    listUploads,
    abortUpload,
  };
}

function toBase64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

/** Does an object stand there, complete with its metadata? @throws `KEY_COLLISION` when it is a directory. */
async function isTaken(place: ObjectPlace): Promise<boolean> {
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
  if (file.isSymbolicLink()) throw linkInTheWay();
  await settle(place);
  const record = await readRecord(place.record);
  if (record !== undefined) assertSameKey(record, place);
  return true;
}

/** `undefined` when there is nothing, or a directory. */
async function lstatObject(place: ObjectPlace): Promise<Stats | undefined> {
  try {
    const file = await lstat(place.data);
    if (file.isSymbolicLink()) throw linkInTheWay();
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
