import { DeleteObjectCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ObjectStore, Removal } from '../../ports.ts';
import { present } from '../../present.ts';
import { assertObjectKey } from '../object-rules.ts';
import { callS3, type S3Access } from './call.ts';
import { assertPageHead, notAListing } from './listing-pages.ts';
import type { S3StoreOptions } from './s3-store.ts';
import { requireDocument } from './whole-document.ts';

const WHAT = 'LIST object versions';

/** What {@link createS3Removal} reaches; as for the store itself. */
type RemovalOptions = Pick<
  S3StoreOptions,
  'client' | 'bucket' | 'prefix' | 'clock' | 'logger' | 'expectedBucketOwner'
>;

/** How the caller removes. */
export interface Removing {
  readonly removeCurrent: NonNullable<ObjectStore['removeCurrent']>;
  readonly removeVersions: NonNullable<ObjectStore['removeVersions']>;
}

/** Removes objects of a bucket. Apart from the store, because what archives has no use for it. */
export function createS3Removal(options: RemovalOptions): Removing {
  const { client, clock, logger, expectedBucketOwner } = options;
  const access: RemovalAccess = {
    client,
    clock,
    logger,
    prefix: options.prefix === undefined || options.prefix === '' ? '' : `${options.prefix}/`,
    bucket: { Bucket: options.bucket, ...present({ ExpectedBucketOwner: expectedBucketOwner }) },
  };
  return {
    removeCurrent: async (key, budget) => {
      assertObjectKey(key);
      await deleteOne(access, key, undefined, budget);
    },
    removeVersions: (key, budget) => removeVersions(access, key, budget),
  };
}

type RemovalAccess = Omit<S3Access, 'calls'>;

/**
 * Removes each version that S3 lists, and lists again until it names none that could be removed. A bucket without versions lists its
 * objects as version `null`.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html needs `s3:ListBucketVersions`, removing them
 * `s3:DeleteObjectVersion`.
 */
async function removeVersions(access: RemovalAccess, key: string, budget: Budget): Promise<Removal> {
  assertObjectKey(key);
  const kept = new Set<string>();
  let removed = 0;
  for (;;) {
    const standing = await listVersions(access, key, budget);
    const next = standing.filter((version) => !kept.has(version));
    if (next.length === 0) return { removed, kept: standing };
    for (const version of next) {
      if (await deleteOne(access, key, version, budget)) removed += 1;
      else kept.add(version);
    }
  }
}

/** @returns false when the store refuses, which is the answer to a lock as well as to a missing permission. */
async function deleteOne(
  access: RemovalAccess,
  key: string,
  version: string | undefined,
  budget: Budget,
): Promise<boolean> {
  try {
    const command = new DeleteObjectCommand({
      ...access.bucket,
      Key: access.prefix + key,
      ...present({ VersionId: version }),
    });
    await callS3(access, 'DELETE object', budget, (send) => access.client.send(command, send));
    return true;
  } catch (error) {
    if (version === undefined || !(error instanceof ArchiveError) || error.code !== 'STORE_DENIED')
      throw error;
    return false;
  }
}

/** Of this very key: the prefix also lists longer ones, which come after it. */
async function listVersions(access: RemovalAccess, key: string, budget: Budget): Promise<string[]> {
  const { bucket, client, prefix } = access;
  const asked = { bucket: bucket.Bucket, prefix: prefix + key };
  const found: string[] = [];
  let after: { readonly KeyMarker?: string | undefined; readonly VersionIdMarker?: string | undefined } = {};
  for (;;) {
    const page = after;
    const reply = await callS3(access, WHAT, budget, async (send) => {
      const command = new ListObjectVersionsCommand({ ...bucket, Prefix: asked.prefix, ...present(page) });
      const answer = await client.send(requireDocument(command, 'ListVersionsResult', WHAT), send);
      const { Name, Prefix, IsTruncated } = answer;
      assertPageHead(WHAT, { bucket: Name, prefix: Prefix, truncated: IsTruncated }, asked);
      return answer;
    });
    if (!reply.ok) throw new ArchiveError('STORE_UNAVAILABLE', `${WHAT}: ${reply.refusal}`);
    const {
      Versions = [],
      DeleteMarkers = [],
      IsTruncated,
      NextKeyMarker,
      NextVersionIdMarker,
    } = reply.value;
    for (const { Key, VersionId } of [...Versions, ...DeleteMarkers]) {
      if (Key === undefined || VersionId === undefined)
        throw notAListing(WHAT, 'has a version without a name');
      if (Key === asked.prefix) found.push(VersionId);
    }
    if (IsTruncated !== true || NextKeyMarker !== asked.prefix) return found;
    if (NextVersionIdMarker === undefined || NextVersionIdMarker === page.VersionIdMarker) {
      throw notAListing(WHAT, 'ends early, without a next page');
    }
    after = { KeyMarker: NextKeyMarker, VersionIdMarker: NextVersionIdMarker };
  }
}
