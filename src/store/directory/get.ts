import type { FileHandle } from 'node:fs/promises';
import type { Clock } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { ensureTimeLeft } from '../../http/with-retry.ts';
import type { ObjectStore } from '../../ports.ts';
import { inOnePiece } from '../measured-body.ts';
import { assertRange, rangeNotSatisfiable } from '../object-rules.ts';
import { directoryError, isMissing } from './fs-errors.ts';
import { type ObjectPlace, placeOf } from './paths.ts';
import { openRegular } from './regular-file.ts';
import { changing, type FileVersion, findObject, isSameVersion } from './stat.ts';

/** Bytes handed on at a time. */
const READ_BYTES = 256 * 1024;
/** How often reading begins again with an object that was replaced in between. */
const MAX_READS = 8;

/** Opens objects below `root`; what is small enough to be replaced is read at once. */
export function getFrom(root: string, clock: Clock): ObjectStore['get'] {
  return async (key, budget, range) => {
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
        if (end - first > READ_BYTES)
          return { stat, body: read({ place, version, first, end }, () => ensureTimeLeft(clock, budget)) };
        const bytes = await readPiece(place, version, first, end);
        if (bytes !== undefined) return { stat, body: inOnePiece(bytes) };
        if (tries === MAX_READS) throw changing(place);
      }
    } catch (error) {
      throw directoryError(error, 'reading', key);
    }
  };
}

async function* read(
  { place, version, first, end }: Piece,
  ensureTime: () => void,
): AsyncGenerator<Uint8Array> {
  let file: FileHandle | undefined;
  try {
    // Opened on demand: a body that is never iterated must not keep a file open.
    const opened = await openRegular(place.data);
    file = opened.handle;
    if (!isSameVersion(opened.facts, version)) throw changing(place);
    for (let at = first; at < end; ) {
      ensureTime();
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
