import { quote, type S3Answer, type S3Call } from './call.ts';
import { compareKeys, type ObjectRecord } from './object-record.ts';
import { renderDocument } from './xml.ts';

const isoTime = (time: number) => new Date(time).toISOString();

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html; in one page, however many there are. */
export function listObjectVersions(call: S3Call): S3Answer {
  const { bucket } = call;
  const prefix = call.query.get('prefix') ?? '';
  const keys = [...new Set([...bucket.keys(), ...bucket.past.keys()])]
    .filter((key) => key.startsWith(prefix))
    .sort(compareKeys);
  const versions: { key: string; record: ObjectRecord; isLatest: boolean }[] = [];
  const markers: { key: string; versionId: string; at: number; isLatest: boolean }[] = [];
  for (const key of keys) {
    const current = bucket.object(key);
    if (current !== undefined) versions.push({ key, record: current, isLatest: true });
    for (const [place, past] of bucket.past.of(key).entries()) {
      const isLatest = current === undefined && place === 0;
      if ('record' in past) versions.push({ key, record: past.record, isLatest });
      else markers.push({ key, versionId: past.versionId, at: past.hiddenAt, isLatest });
    }
  }
  return {
    status: 200,
    body: renderDocument('ListVersionsResult', {
      Name: call.bucketName,
      Prefix: prefix,
      KeyMarker: '',
      VersionIdMarker: '',
      MaxKeys: 1000,
      IsTruncated: false,
      Version: versions.map(({ key, record, isLatest }) => ({
        Key: key,
        VersionId: record.versionId ?? 'null',
        IsLatest: isLatest,
        LastModified: isoTime(record.lastModified),
        ETag: quote(record.etag),
        Size: record.size,
        StorageClass: 'STANDARD',
      })),
      DeleteMarker: markers.map(({ key, versionId, at, isLatest }) => ({
        Key: key,
        VersionId: versionId,
        IsLatest: isLatest,
        LastModified: isoTime(at),
      })),
    }),
  };
}
