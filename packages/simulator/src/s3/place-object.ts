import { createHash } from 'node:crypto';
import type { Bucket } from './bucket.ts';

/** An object that no request has brought. */
export interface PlacedObject {
  readonly key: string;
  readonly contentType: string;
  readonly bytes: Buffer;
}

/** @param now epoch ms. @throws RangeError without a bucket. */
export async function placeObject(
  bucket: Bucket | undefined,
  { key, contentType, bytes }: PlacedObject,
  now: number,
): Promise<void> {
  if (bucket === undefined) throw new RangeError('there is no such bucket');
  if (bucket.object(key) !== undefined) return;
  const segment = await bucket.store(chunksOf(bytes));
  const record = {
    key,
    size: bytes.length,
    etag: createHash('md5').update(bytes).digest('hex'),
    lastModified: now,
    metadata: {},
    headers: { 'content-type': contentType },
    ...bucket.newVersion(),
    ...bucket.defaultLock(now),
    segments: [segment],
  };
  if (!(await bucket.commit(record, true))) await bucket.discard([segment]);
}

// oxlint-disable-next-line typescript/require-await -- a bucket reads what arrives over time
async function* chunksOf(bytes: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
