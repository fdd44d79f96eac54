import { type Bucket, compareKeys } from './bucket.ts';
import { quote, readNumber, type S3Answer, type S3Call } from './call.ts';
import { checksumElements } from './checksum.ts';
import { findUpload } from './multipart.ts';
import { notImplemented, S3Refusal } from './refusal.ts';
import { renderDocument, type XmlFields } from './xml.ts';
import { encodeUri } from '../aws/sigv4.ts';

/** S3's own ceiling for one page of any listing. */
const MAX_PAGE_ITEMS = 1000;

export const isoTime = (time: number) => new Date(time).toISOString();

/** As S3 encodes keys in listings: like a form, but with `/` left as it is. */
const encodeListed = (key: string) => encodeUri(key).replaceAll('%2F', '/').replaceAll('%20', '+');

export function readEncoding(call: S3Call): (key: string) => string {
  const encoding = call.query.get('encoding-type');
  if (encoding !== undefined && encoding !== 'url') {
    throw new S3Refusal('InvalidArgument', 'Invalid Encoding Method specified in Request');
  }
  return encoding === 'url' ? encodeListed : (key) => key;
}

export function pageSize(call: S3Call, name: string): number {
  const asked = readNumber(call.query.get(name), {
    name,
    least: 0,
    most: 2_147_483_647,
    absent: MAX_PAGE_ITEMS,
  });
  return Math.min(asked, MAX_PAGE_ITEMS);
}

/** A continuation token is opaque to clients; this one holds the last key or common prefix that was listed. */
const writeToken = (last: string) => Buffer.from(`1${last}`).toString('base64url');

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  if (!text.startsWith('1') || writeToken(text.slice(1)) !== token) {
    throw new S3Refusal('InvalidArgument', 'The continuation token provided is incorrect');
  }
  return text.slice(1);
}

type Listed = { readonly key: string } | { readonly commonPrefix: string };
const nameOf = (entry: Listed) => ('key' in entry ? entry.key : entry.commonPrefix);

/**
 * Keys below `prefix`, rolled up to the first `delimiter` after it; one more than `limit`.
 * `startAfter` is compared with keys, `after` (of a continuation) with what was listed: a key or a common prefix.
 */
function rollUp(
  keys: readonly string[],
  options: {
    readonly prefix: string;
    readonly delimiter: string;
    readonly startAfter: string;
    readonly after: string;
    readonly limit: number;
  },
): readonly Listed[] {
  const { prefix, delimiter, startAfter, after, limit } = options;
  const entries: Listed[] = [];
  let last: string | undefined;
  for (const key of keys) {
    if (entries.length > limit) break;
    if (!key.startsWith(prefix) || (startAfter !== '' && compareKeys(key, startAfter) <= 0)) continue;
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const commonPrefix = end < 0 ? undefined : key.slice(0, end + delimiter.length);
    if (after !== '' && compareKeys(commonPrefix ?? key, after) <= 0) continue;
    if (commonPrefix === undefined) entries.push({ key });
    else if (commonPrefix !== last) {
      last = commonPrefix;
      entries.push({ commonPrefix });
    }
  }
  return entries;
}

function describeObject(bucket: Bucket, key: string, encode: (key: string) => string): XmlFields {
  const record = bucket.object(key);
  if (record === undefined) throw new S3Refusal('InternalError');
  return {
    Key: encode(key),
    LastModified: isoTime(record.lastModified),
    ETag: quote(record.etag),
    ChecksumAlgorithm: record.checksum?.algorithm,
    ChecksumType: record.checksum?.type,
    Size: record.size,
    StorageClass: 'STANDARD',
  };
}

export function listObjects(call: S3Call): S3Answer {
  const encode = readEncoding(call);
  const [prefix = '', delimiter = '', startAfter] = ['prefix', 'delimiter', 'start-after'].map((name) =>
    call.query.get(name),
  );
  const token = call.query.get('continuation-token');
  const limit = pageSize(call, 'max-keys');
  const after = token === undefined ? '' : readToken(token);
  const found =
    limit === 0
      ? []
      : rollUp(call.bucket.keys(), { prefix, delimiter, startAfter: startAfter ?? '', after, limit });
  const page = found.slice(0, limit);
  const lastEntry = page.at(-1);
  const truncated = found.length > limit && lastEntry !== undefined;
  return {
    status: 200,
    body: renderDocument('ListBucketResult', {
      Name: call.bucketName,
      Prefix: encode(prefix),
      Delimiter: delimiter === '' ? undefined : encode(delimiter),
      StartAfter: startAfter === undefined ? undefined : encode(startAfter),
      EncodingType: call.query.get('encoding-type'),
      ContinuationToken: token,
      NextContinuationToken: truncated ? writeToken(nameOf(lastEntry)) : undefined,
      KeyCount: page.length,
      MaxKeys: limit,
      IsTruncated: truncated,
      Contents: page.flatMap((entry) =>
        'key' in entry ? [describeObject(call.bucket, entry.key, encode)] : [],
      ),
      CommonPrefixes: page.flatMap((entry) =>
        'commonPrefix' in entry ? [{ Prefix: encode(entry.commonPrefix) }] : [],
      ),
    }),
  };
}

export function listUploads(call: S3Call): S3Answer {
  const encode = readEncoding(call);
  const prefix = call.query.get('prefix') ?? '';
  const keyMarker = call.query.get('key-marker');
  const idMarker = call.query.get('upload-id-marker');
  if (idMarker !== undefined && keyMarker === undefined)
    throw notImplemented('upload-id-marker without key-marker');
  const limit = pageSize(call, 'max-uploads');
  const matching = call.bucket.uploads().filter(({ record }) => record.key.startsWith(prefix));
  const marked = matching.findIndex(({ record }) => record.key === keyMarker && record.uploadId === idMarker);
  const rest =
    marked >= 0
      ? matching.slice(marked + 1)
      : matching.filter(({ record }) => keyMarker === undefined || compareKeys(record.key, keyMarker) > 0);
  const page = rest.slice(0, limit).map(({ record }) => record);
  const last = page.at(-1);
  const truncated = rest.length > limit && last !== undefined;
  return {
    status: 200,
    body: renderDocument('ListMultipartUploadsResult', {
      Bucket: call.bucketName,
      KeyMarker: encode(keyMarker ?? ''),
      UploadIdMarker: idMarker ?? '',
      NextKeyMarker: truncated ? encode(last.key) : undefined,
      NextUploadIdMarker: truncated ? last.uploadId : undefined,
      EncodingType: call.query.get('encoding-type'),
      Prefix: encode(prefix),
      MaxUploads: limit,
      IsTruncated: truncated,
      Upload: page.map((record) => ({
        Key: encode(record.key),
        UploadId: record.uploadId,
        StorageClass: 'STANDARD',
        Initiated: isoTime(record.initiated),
        ChecksumAlgorithm: record.algorithm,
        ChecksumType: record.algorithm === undefined ? undefined : 'COMPOSITE',
      })),
    }),
  };
}

export function listParts(call: S3Call): S3Answer {
  const encode = readEncoding(call);
  const { record, parts } = findUpload(call);
  const marker = readNumber(call.query.get('part-number-marker'), {
    name: 'part-number-marker',
    least: 0,
    most: 2_147_483_647,
    absent: 0,
  });
  const limit = pageSize(call, 'max-parts');
  const rest = [...parts.values()]
    .filter(({ partNumber }) => partNumber > marker)
    .sort((a, b) => a.partNumber - b.partNumber);
  const page = rest.slice(0, limit);
  return {
    status: 200,
    body: renderDocument('ListPartsResult', {
      Bucket: call.bucketName,
      Key: encode(call.key),
      UploadId: record.uploadId,
      StorageClass: 'STANDARD',
      PartNumberMarker: marker,
      NextPartNumberMarker: page.at(-1)?.partNumber,
      MaxParts: limit,
      IsTruncated: rest.length > limit,
      EncodingType: call.query.get('encoding-type'),
      ChecksumAlgorithm: record.algorithm,
      ChecksumType: record.algorithm === undefined ? undefined : 'COMPOSITE',
      Part: page.map(({ partNumber, etag, segment, checksum, lastModified }) => ({
        PartNumber: partNumber,
        LastModified: isoTime(lastModified),
        ETag: quote(etag),
        Size: segment.size,
        ...checksumElements(checksum),
      })),
    }),
  };
}

export function listBuckets(names: readonly string[], created: number): S3Answer {
  return {
    status: 200,
    body: renderDocument('ListAllMyBucketsResult', {
      Owner: { ID: 'simulator', DisplayName: 'simulator' },
      Buckets: { Bucket: names.map((name) => ({ Name: name, CreationDate: isoTime(created) })) },
    }),
  };
}
