import { compareKeys } from './bucket.ts';
import { quote, type S3Answer, type S3Call } from './call.ts';
import { isoTime, pageSize, readEncoding } from './listing.ts';
import { isMarker, type OldVersion } from './old-versions.ts';
import { notImplemented } from './refusal.ts';
import { renderDocument } from './xml.ts';

interface ListedVersion {
  readonly version: OldVersion;
  readonly isLatest: boolean;
}

const idOf = ({ versionId }: OldVersion) => versionId ?? 'null';

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html: by key, of each the newest first. */
export function listVersions(call: S3Call): S3Answer {
  const encode = readEncoding(call);
  const prefix = call.query.get('prefix') ?? '';
  const keyMarker = call.query.get('key-marker');
  const idMarker = call.query.get('version-id-marker');
  if (idMarker !== undefined && keyMarker === undefined) {
    throw notImplemented('version-id-marker without key-marker');
  }
  const limit = pageSize(call, 'max-keys');
  const found: ListedVersion[] = [];
  for (const key of call.bucket.versionedKeys()) {
    if (found.length > limit) break;
    if (!key.startsWith(prefix)) continue;
    const place = keyMarker === undefined ? 1 : compareKeys(key, keyMarker);
    if (place < 0 || (place === 0 && idMarker === undefined)) continue;
    const all = call.bucket.versions(key).map((version, at) => ({ version, isLatest: at === 0 }));
    const marked = place === 0 ? all.findIndex(({ version }) => idOf(version) === idMarker) + 1 : 0;
    found.push(...all.slice(marked));
  }
  const page = found.slice(0, limit);
  const last = page.at(-1);
  const truncated = found.length > limit && last !== undefined;
  const describe = ({ version, isLatest }: ListedVersion) => ({
    Key: encode(version.key),
    VersionId: idOf(version),
    IsLatest: isLatest,
    LastModified: isoTime(version.lastModified),
    ...(isMarker(version) ? {} : { ETag: quote(version.etag), Size: version.size, StorageClass: 'STANDARD' }),
  });
  return {
    status: 200,
    body: renderDocument('ListVersionsResult', {
      Name: call.bucketName,
      Prefix: encode(prefix),
      KeyMarker: encode(keyMarker ?? ''),
      VersionIdMarker: idMarker ?? '',
      NextKeyMarker: truncated ? encode(last.version.key) : undefined,
      NextVersionIdMarker: truncated ? idOf(last.version) : undefined,
      EncodingType: call.query.get('encoding-type'),
      MaxKeys: limit,
      IsTruncated: truncated,
      Version: page.filter(({ version }) => !isMarker(version)).map(describe),
      DeleteMarker: page.filter(({ version }) => isMarker(version)).map(describe),
    }),
  };
}
