/** Lists of items as they are stored: a JSON value a line, gzip. */
import { gunzip, gzip } from 'node:zlib';
import { parseForeignJson } from '../json.ts';
import { malformed } from './patient-store.ts';

/** Bytes of a list, unpacked: 1,000 items of up to 16 KB. */
const MAX_LIST_BYTES = 16 * 1024 * 1024;

/** Level 1: lists are small, and a plan of a million items is made of a thousand of them. */
export function packLines(lines: readonly string[]): Promise<Buffer> {
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'utf8');
  return new Promise((resolve, reject) => {
    gzip(text, { level: 1 }, (error, packed) => (error === null ? resolve(packed) : reject(error)));
  });
}

/**
 * The values of a list, in order; `undefined` for a line that is no JSON.
 * @throws `OBJECT_MALFORMED` when it is not gzip, or too long.
 */
export async function unpackLines(key: string, bytes: Buffer): Promise<unknown[]> {
  const text = await new Promise<Buffer>((resolve, reject) => {
    gunzip(bytes, { maxOutputLength: MAX_LIST_BYTES }, (error, plain) =>
      error === null ? resolve(plain) : reject(malformed(key)),
    );
  });
  const lines = text.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => parseForeignJson(line));
}
