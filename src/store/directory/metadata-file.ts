import { ArchiveError } from '../../errors.ts';
import { isMissing, printablePath } from './fs-errors.ts';
import { openRegular } from './regular-file.ts';

/** What stands in `<key>.metadata.json` beside an object. */
export interface ObjectRecord {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Hexadecimal, as `sha256sum` prints it. */
  readonly sha256: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

const SCHEMA_VERSION = 1;
/** Bytes; metadata are at most 2 KB, keys 512 bytes. */
const MAX_FILE_BYTES = 16 * 1024;

export function formatRecord(record: ObjectRecord): string {
  return `${JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...record }, null, 2)}\n`;
}

/**
 * @returns `undefined` when there is no such file.
 * @throws `OBJECT_MALFORMED` when it is not what {@link formatRecord} writes; `STORE_DENIED` when it is no file; the file system's own
 *   errors.
 */
export async function readRecord(path: string): Promise<ObjectRecord | undefined> {
  let text: string;
  try {
    const { handle } = await openRegular(path);
    try {
      const buffer = Buffer.allocUnsafe(MAX_FILE_BYTES);
      const { bytesRead } = await handle.read(buffer, 0, MAX_FILE_BYTES, 0);
      text = buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  return parseRecord(text, path);
}

/**
 * @param path for the message.
 * @throws `OBJECT_MALFORMED` when `text` is not what {@link formatRecord} writes.
 */
export function parseRecord(text: string, path?: string): ObjectRecord {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw malformed(path);
  }
  if (typeof parsed !== 'object' || parsed === null) throw malformed(path);
  const { schemaVersion, key, size, sha256, contentType, metadata } = parsed as Record<string, unknown>;
  if (
    schemaVersion !== SCHEMA_VERSION ||
    typeof key !== 'string' ||
    typeof size !== 'number' ||
    !Number.isSafeInteger(size) ||
    size < 0 ||
    typeof sha256 !== 'string' ||
    !/^[0-9a-f]{64}$/.test(sha256) ||
    typeof contentType !== 'string' ||
    typeof metadata !== 'object' ||
    metadata === null ||
    !Object.values(metadata).every((value) => typeof value === 'string')
  ) {
    throw malformed(path);
  }
  return { key, size, sha256, contentType, metadata: metadata as Record<string, string> };
}

function malformed(path: string | undefined): ArchiveError {
  const named = path === undefined ? '' : `: ${printablePath(path)}`;
  return new ArchiveError('OBJECT_MALFORMED', `the metadata file beside the object is damaged${named}`);
}
