import { randomBytes } from 'node:crypto';
import { type FileHandle, lstat } from 'node:fs/promises';
import path from 'node:path';
import { type Budget, type Clock, systemClock } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { ensureTimeLeft } from '../../http/with-retry.ts';
import type {
  ListOptions,
  ObjectStat,
  ObjectStore,
  PutOptions,
  PutResult,
  UnfinishedUpload,
} from '../../ports.ts';
import { commit, exists, removeFile, settle } from './commit.ts';
import { ATTEMPT_DIGITS, attemptFiles, makeDirectory, type ObjectPlace, placeOf } from './paths.ts';
import { replaceFiles, replaceRecord } from './replace.ts';
import {
  changing,
  type FileVersion,
  findObject,
  isSameVersion,
  isTaken,
  lstatObject,
  modifiedAt,
  toBase64,
} from './stat.ts';
import { listDirectoryUploads, removeAttempt } from './uploads.ts';
import { walkObjects } from './walk.ts';
import { directoryError, isMissing } from './fs-errors.ts';
import { inOnePiece, measureBody } from '../measured-body.ts';
import { formatRecord } from './metadata-file.ts';
import {
  assertListPrefix,
  assertPutOptions,
  assertRange,
  type ByteRange,
  rangeNotSatisfiable,
} from '../object-rules.ts';
import { verifyFile, writeFile, writeText } from './partial-file.ts';
import { openRegular, rootExists } from './regular-file.ts';

/** Bytes handed on at a time by `get`. */
const READ_BYTES = 256 * 1024;
/** How often `get` begins again with an object that was replaced in between. */
const MAX_READS = 8;

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
    const place = placeOf(root, key);
    ensureTimeLeft(clock, budget);
    try {
      for (let tries = 1; ; tries += 1) {
        const found = await findObject(root, place);
        if (found === undefined) {
          throw new ArchiveError('OBJECT_NOT_FOUND', 'there is no such object', { details: { key } });
        }
        const { stat, version } = found;
        if (range !== undefined && range.first >= stat.size)
          throw rangeNotSatisfiable(key, range.first, stat.size);
        const first = range?.first ?? 0;
        const end = Math.min(range === undefined ? stat.size : range.last + 1, stat.size);
        // What is opened on demand can be replaced until then; what may be replaced is small, and read at once.
        if (end - first > READ_BYTES) return { stat, body: read({ place, version, first, end }, budget) };
        const bytes = await readPiece(place, version, first, end);
        if (bytes !== undefined) return { stat, body: inOnePiece(bytes) };
        if (tries === MAX_READS) throw changing(place);
      }
    } catch (error) {
      throw directoryError(error, 'reading', key);
    }
  }

  async function* read({ place, version, first, end }: Piece, budget: Budget): AsyncGenerator<Uint8Array> {
    let file: FileHandle | undefined;
    try {
      // Opened on demand: a body nobody iterates must not keep a file open.
      const opened = await openRegular(place.data);
      file = opened.handle;
      if (!isSameVersion(opened.facts, version)) throw changing(place);
      for (let at = first; at < end; ) {
        ensureTimeLeft(clock, budget);
        const block = Buffer.allocUnsafe(Math.min(READ_BYTES, end - at));
        const { bytesRead } = await file.read(block, 0, block.byteLength, at);
        if (bytesRead === 0) throw endedEarly(place, end, at);
        at += bytesRead;
        yield block.subarray(0, bytesRead);
      }
    } catch (error) {
      throw directoryError(error, 'reading', place.key);
    } finally {
      await file?.close();
    }
  }

  async function* list(prefix: string, budget: Budget, options: ListOptions = {}) {
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
        yield { key, size: Number(file.size), lastModified: modifiedAt(file) };
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

interface Piece {
  readonly place: ObjectPlace;
  readonly version: FileVersion;
  readonly first: number;
  /** Of the byte behind the last. */
  readonly end: number;
}

/** @returns `undefined` when another version stands there by now. */
async function readPiece(
  place: ObjectPlace,
  version: FileVersion,
  first: number,
  end: number,
): Promise<Uint8Array | undefined> {
  const opened = await openRegular(place.data).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (opened === undefined) return undefined;
  const { handle, facts } = opened;
  try {
    if (!isSameVersion(facts, version)) return undefined;
    const bytes = Buffer.allocUnsafe(end - first);
    for (let filled = 0; filled < bytes.byteLength; ) {
      const { bytesRead } = await handle.read(bytes, filled, bytes.byteLength - filled, first + filled);
      if (bytesRead === 0) throw endedEarly(place, end, first + filled);
      filled += bytesRead;
    }
    return bytes;
  } finally {
    await handle.close();
  }
}

function endedEarly({ key }: ObjectPlace, expected: number, read: number): ArchiveError {
  return new ArchiveError('STORE_UNAVAILABLE', 'the object ended early while it was read', {
    details: { key, expected, read },
  });
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
