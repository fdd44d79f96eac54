/** Versions of objects in S3. In a file that what archives never loads: its bundle has no call that removes an object. */
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
} from '@aws-sdk/client-s3';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { BucketLock, ObjectVersion, VersionedStore, VersionLock } from '../../ports.ts';
import { present } from '../../present.ts';
import { assertListPrefix, assertObjectKey, isObjectKey } from '../object-rules.ts';
import { callS3, type S3Access } from './call.ts';
import { assertPageHead, ListingPages, notAListing } from './listing-pages.ts';
import { readBucketLock } from './bucket-lock.ts';
import { readKeptState, retainObject, setTag } from './keeping.ts';
import { abortS3Upload, listS3Uploads } from './uploads.ts';
import { requireDocument } from './whole-document.ts';

const LIST = 'LIST object versions';

/** @param location as of the store on the same bucket. */
export function createS3Versions(access: S3Access, location: string): VersionedStore {
  let bucketLock: Promise<BucketLock> | undefined;
  return {
    location,
    versions: (prefix, budget) => listVersions(access, prefix, budget),
    lockOf: (version, budget) => lockOf(access, version, budget),
    remove: (version, budget) => removeVersion(access, version, budget),
    retain: (key, until, mode, budget) => retainObject(access, key, { until, mode }, budget),
    keptState: (key, budget) => readKeptState(access, key, budget),
    setTag: (key, name, value, budget) => setTag(access, key, { name, value }, budget),
    bucketLock: (budget) => {
      bucketLock ??= readBucketLock(access, budget).catch((error: unknown) => {
        bucketLock = undefined;
        throw error;
      });
      return bucketLock;
    },
    abortUploads: async (prefix, budget) => {
      let aborted = 0;
      for await (const upload of listS3Uploads(access, budget)) {
        if (!upload.key.startsWith(prefix)) continue;
        await abortS3Upload(access, upload, budget);
        aborted += 1;
      }
      return aborted;
    },
  };
}

/** Where a page begins. */
interface Markers {
  readonly KeyMarker?: string;
  readonly VersionIdMarker?: string;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html */
async function* listVersions(
  access: S3Access,
  keyPrefix: string,
  budget: Budget,
): AsyncGenerator<ObjectVersion, void, undefined> {
  assertListPrefix(keyPrefix);
  const { client, bucket, prefix } = access;
  const asked = { bucket: bucket.Bucket, prefix: prefix + keyPrefix };
  const pages = new ListingPages(LIST, asked.prefix, { repeats: true });
  let after: Markers | undefined = {};
  while (after !== undefined) {
    const page: Markers = after;
    const reply = await callS3(access, LIST, budget, async (send) => {
      const command = new ListObjectVersionsCommand({ ...bucket, Prefix: asked.prefix, ...page });
      const answer = await client.send(requireDocument(command, 'ListVersionsResult', LIST), send);
      const versions = readPage(answer, asked);
      const { IsTruncated, NextKeyMarker, NextVersionIdMarker } = answer;
      const mark = NextKeyMarker && `${NextKeyMarker}\n${NextVersionIdMarker ?? ''}`;
      pages.accept(
        versions.map(({ key }) => key),
        IsTruncated === true ? { mark } : undefined,
      );
      const next: Markers = present({ KeyMarker: NextKeyMarker, VersionIdMarker: NextVersionIdMarker });
      return { versions, next: IsTruncated === true ? next : undefined };
    });
    if (!reply.ok) throw new ArchiveError('STORE_UNAVAILABLE', `${LIST}: ${reply.refusal}`);
    for (const version of reply.value.versions) {
      const own = version.key.slice(prefix.length);
      if (isObjectKey(own)) yield { ...version, key: own };
    }
    after = reply.value.next;
  }
}

function readPage(
  page: ListObjectVersionsCommandOutput,
  asked: { readonly bucket: string; readonly prefix: string },
): readonly ObjectVersion[] {
  const { Name, Prefix, IsTruncated, Versions = [], DeleteMarkers = [], CommonPrefixes = [] } = page;
  assertPageHead(LIST, { bucket: Name, prefix: Prefix, truncated: IsTruncated }, asked);
  if (CommonPrefixes.length > 0) throw notAListing(LIST, 'rolls keys up, which was not asked for');
  const read = (
    { Key, VersionId, IsLatest, LastModified, Size }: NonNullable<typeof Versions>[number],
    isMarker: boolean,
  ): ObjectVersion => {
    if (Key === undefined || Key === '' || VersionId === undefined || VersionId === '') {
      throw notAListing(LIST, 'has a version without a key or an id');
    }
    const lastModified = LastModified?.getTime() ?? 0;
    return {
      key: Key,
      versionId: VersionId,
      isLatest: IsLatest === true,
      isMarker,
      size: Size ?? 0,
      lastModified,
    };
  };
  // the document has them in one order, the SDK in two lists
  return [
    ...Versions.map((version) => read(version, false)),
    ...DeleteMarkers.map((marker) => read(marker, true)),
  ].toSorted(
    (one, other) =>
      Buffer.compare(Buffer.from(one.key), Buffer.from(other.key)) ||
      Number(other.isLatest) - Number(one.isLatest) ||
      other.lastModified - one.lastModified,
  );
}

async function lockOf(
  access: S3Access,
  { key, versionId }: Pick<ObjectVersion, 'key' | 'versionId'>,
  budget: Budget,
): Promise<VersionLock | undefined> {
  assertObjectKey(key);
  const reply = await callS3(access, 'HEAD object', budget, (send) =>
    access.client.send(
      new HeadObjectCommand({
        ...access.bucket,
        Key: access.prefix + key,
        ...present({ VersionId: versionId }),
      }),
      send,
    ),
  );
  if (!reply.ok) return undefined;
  const { ObjectLockLegalHoldStatus: hold, ObjectLockRetainUntilDate: until, Metadata = {} } = reply.value;
  return { legalHold: hold === 'ON', retainUntil: until?.getTime(), metadata: Metadata };
}

async function removeVersion(
  access: S3Access,
  version: ObjectVersion,
  budget: Budget,
): Promise<'removed' | 'locked'> {
  const { key, versionId } = version;
  assertObjectKey(key);
  try {
    await callS3(access, 'DELETE object version', budget, (send) =>
      access.client.send(
        new DeleteObjectCommand({
          ...access.bucket,
          Key: access.prefix + key,
          ...present({ VersionId: versionId }),
        }),
        send,
      ),
    );
    return 'removed';
  } catch (error) {
    // S3 calls what a lock forbids denied, as it does what a policy forbids
    if (!(error instanceof ArchiveError) || error.code !== 'STORE_DENIED') throw error;
    const lock = version.isMarker ? undefined : await lockOf(access, version, budget);
    if (lock?.legalHold === true || (lock?.retainUntil ?? 0) > access.clock.now()) return 'locked';
    throw new ArchiveError('STORE_DENIED', `DELETE object version: ${error.message}`, {
      hint: 'what erases needs s3:DeleteObjectVersion, s3:ListBucketVersions, s3:GetObjectRetention and s3:GetObjectLegalHold, which no role that archives has',
      details: { key },
    });
  }
}
