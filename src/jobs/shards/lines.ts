/** Lists of items as they are stored: a JSON value a line, gzip. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { parseForeignJson } from '../../json.ts';
import { malformed } from '../patient-store.ts';

/** Bytes of a list, unpacked: 1,000 items of up to 16 KB. */
const MAX_LIST_BYTES = 16 * 1024 * 1024;

/** Level 1: lists are small, and a plan of a million items is made of a thousand of them. Takes about a millisecond. */
export function packLines(lines: readonly string[]): Buffer {
  return gzipSync(lines.map((line) => `${line}\n`).join(''), { level: 1 });
}

/**
 * The values of a list, in order; `undefined` for a line that is no JSON.
 * @throws `OBJECT_MALFORMED` when it is not gzip, or too long.
 */
export function unpackLines(key: string, bytes: Buffer): unknown[] {
  const lines = unpack(key, bytes).toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => parseForeignJson(line));
}

function unpack(key: string, bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_LIST_BYTES });
  } catch {
    throw malformed(key);
  }
}
