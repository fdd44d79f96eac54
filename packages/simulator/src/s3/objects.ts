import type { ObjectRecord } from './records.ts';
import { assertKey, quote, readDescription, readWriteCondition, type S3Answer, type S3Call } from './call.ts';
import { checksumHeaders } from './checksum.ts';
import { isLocked, lockHeaders, readLockHeaders } from './object-lock.ts';
import { isMarker } from './old-versions.ts';
import { notImplemented, S3Refusal } from './refusal.ts';
import { renderDocument } from './xml.ts';
import { decodeUri } from '../aws/sigv4.ts';
import { present } from '../present.ts';

/** PutObject, CopyObject, GetObject, HeadObject, DeleteObject. https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations.html */

export async function putObject(call: S3Call): Promise<S3Answer> {
  assertKey(call.key);
  const { ifAbsent, ifMatch } = readWriteCondition(call.headers);
  const description = readDescription(call.headers);
  readLockHeaders(call);
  const body = call.body();
  // Refused before the body is sent where that is possible; the commit below is what decides between racing writers.
  if (ifAbsent && call.bucket.object(call.key) !== undefined) throw preconditionFailed();
  if (ifMatch !== undefined && call.bucket.object(call.key) === undefined) {
    throw new S3Refusal('NoSuchKey', undefined, { Key: call.key });
  }
  const segment = await call.bucket.store(body.chunks);
  const { size, md5, checksum } = body.facts();
  const record: ObjectRecord = {
    key: call.key,
    size,
    etag: md5.toString('hex'),
    lastModified: call.now,
    ...description,
    ...call.bucket.newVersion(),
    ...readLockHeaders(call),
    ...readTags(call),
    ...present({
      checksum: checksum === undefined ? undefined : { ...checksum, type: 'FULL_OBJECT' as const },
    }),
    segments: [{ ...segment, ...present({ checksum: checksum?.value }) }],
  };
  if (!(await call.bucket.commit(record, ifAbsent, ifMatch))) {
    await call.bucket.discard([segment]);
    throw preconditionFailed(ifAbsent ? 'If-None-Match' : 'If-Match');
  }
  return {
    status: 200,
    headers: { etag: quote(record.etag), ...versionHeader(record), ...checksumOf(record) },
  };
}

const versionHeader = ({ versionId }: { readonly versionId?: string }): Record<string, string> =>
  present({ 'x-amz-version-id': versionId });

/** Tags that a write brings: a query string. */
export function readTags({ headers }: S3Call): { readonly tags?: Readonly<Record<string, string>> } {
  const tagging = headers.get('x-amz-tagging');
  return tagging === undefined ? {} : { tags: Object.fromEntries(new URLSearchParams(tagging)) };
}

export function getTagging(call: S3Call): S3Answer {
  const record = call.bucket.object(call.key);
  if (record === undefined) throw new S3Refusal('NoSuchKey', undefined, { Key: call.key });
  const tags = Object.entries(record.tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
  return { status: 200, body: renderDocument('Tagging', { TagSet: { Tag: tags } }) };
}

/** Only what the archiver needs: an object onto itself, with other metadata. Its bytes, tag and checksum stay. */
export async function copyObject(call: S3Call): Promise<S3Answer> {
  const source = decodeUri(call.headers.get('x-amz-copy-source') ?? '').replace(/^\//, '');
  if (source !== `${call.bucketName}/${call.key}`) {
    throw notImplemented('CopyObject to another key than that of the source');
  }
  if (call.headers.get('x-amz-metadata-directive') !== 'REPLACE') {
    throw new S3Refusal(
      'InvalidRequest',
      'This copy request is illegal because it is trying to copy an object to itself without changing its metadata.',
    );
  }
  const record = call.bucket.object(call.key);
  if (record === undefined) throw new S3Refusal('NoSuchKey', undefined, { Key: call.key });
  const ifMatch = call.headers.get('x-amz-copy-source-if-match')?.replaceAll('"', '');
  // neither a hold nor a time of the lock goes with a copy
  const { legalHold: _hold, retention: _until, versionId: _version, ...copied } = record;
  const copy: ObjectRecord = {
    ...copied,
    ...call.bucket.newVersion(),
    ...readLockHeaders(call),
    ...readDescription(call.headers),
    lastModified: call.now,
  };
  if (!(await call.bucket.commit(copy, false, ifMatch ?? record.etag))) {
    throw preconditionFailed('x-amz-copy-source-If-Match');
  }
  return {
    status: 200,
    headers: versionHeader(copy),
    body: renderDocument('CopyObjectResult', {
      LastModified: new Date(copy.lastModified).toISOString(),
      ETag: quote(copy.etag),
    }),
  };
}

export const preconditionFailed = (condition = 'If-None-Match') =>
  new S3Refusal('PreconditionFailed', undefined, { Condition: condition });

function checksumOf({ checksum }: ObjectRecord): Record<string, string> {
  if (checksum === undefined) return {};
  return { ...checksumHeaders(checksum), 'x-amz-checksum-type': checksum.type };
}

interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The one range S3 serves; a list of ranges and anything malformed are ignored, as RFC 9110 14.2 allows and S3 does.
 *
 * @throws `InvalidRange` when no byte of the object is in it.
 */
function readRange(header: string | undefined, size: number): ByteRange | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  const [, from = '', to = ''] = match ?? [];
  if (match === null || (from === '' && to === '')) return undefined;
  const first = from === '' ? Math.max(size - Number(to), 0) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined;
  if (first >= size) {
    throw new S3Refusal('InvalidRange', undefined, { RangeRequested: header ?? '', ActualObjectSize: size });
  }
  return { first, last };
}

const matches = (header: string, etag: string) =>
  header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replaceAll('"', '') === etag);

/** The object, or the version of it that is asked for. @throws `NoSuchKey`, `NoSuchVersion`. */
function findVersion({ bucket, key, query }: S3Call): ObjectRecord {
  const versionId = query.get('versionId');
  if (versionId === undefined) {
    const record = bucket.object(key);
    if (record === undefined) throw new S3Refusal('NoSuchKey', undefined, { Key: key });
    return record;
  }
  const found = bucket.versions(key).find((version) => (version.versionId ?? 'null') === versionId);
  if (found === undefined || isMarker(found)) throw new S3Refusal('NoSuchVersion', undefined, { Key: key });
  return found;
}

/** GetObject and HeadObject differ in the body alone. */
export function getObject(call: S3Call): S3Answer {
  for (const name of ['if-modified-since', 'if-unmodified-since', 'if-range']) {
    if (call.headers.has(name)) throw notImplemented(`the header ${name}`);
  }
  const record = findVersion(call);
  const ifMatch = call.headers.get('if-match');
  if (ifMatch !== undefined && !matches(ifMatch, record.etag)) throw preconditionFailed('If-Match');
  const common = { etag: quote(record.etag), 'last-modified': new Date(record.lastModified).toUTCString() };
  const ifNoneMatch = call.headers.get('if-none-match');
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, record.etag)) {
    return { status: 304, headers: common };
  }

  const range = readRange(call.headers.get('range'), record.size);
  const { first, last } = range ?? { first: 0, last: record.size - 1 };
  const metadata = Object.entries(record.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]);
  // The stored checksum is of the whole object: a part of it could not be checked against that.
  const checksums =
    range === undefined && call.headers.get('x-amz-checksum-mode')?.toUpperCase() === 'ENABLED'
      ? checksumOf(record)
      : {};
  const headers = {
    ...common,
    'accept-ranges': 'bytes',
    'content-length': last - first + 1,
    ...record.headers,
    ...Object.fromEntries(metadata),
    ...checksums,
    ...versionHeader(record),
    ...lockHeaders(record),
    ...present({
      'content-range': range === undefined ? undefined : `bytes ${first}-${last}/${record.size}`,
    }),
  };
  return {
    status: range === undefined ? 200 : 206,
    headers,
    ...(call.operation === 'HeadObject' ? {} : { body: call.bucket.read(record, first, last) }),
  };
}

export async function deleteObject(call: S3Call): Promise<S3Answer> {
  const ifMatch = call.headers.get('if-match');
  if (ifMatch !== undefined) {
    const record = call.bucket.object(call.key);
    if (record === undefined || !matches(ifMatch, record.etag)) throw preconditionFailed('If-Match');
  }
  const versionId = call.query.get('versionId');
  if (versionId !== undefined) {
    const version = call.bucket.versions(call.key).find((each) => (each.versionId ?? 'null') === versionId);
    if (version !== undefined && isLocked(version, call.now)) throw new S3Refusal('AccessDenied');
    await call.bucket.removeVersion(call.key, versionId);
    return { status: 204, headers: { 'x-amz-version-id': versionId } };
  }
  if (call.bucket.isVersioned) {
    const marker = await call.bucket.hide(call.key, call.now);
    return { status: 204, headers: { 'x-amz-version-id': marker, 'x-amz-delete-marker': 'true' } };
  }
  await call.bucket.remove(call.key);
  return { status: 204 };
}
