import { ListObjectsV2Command, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { ensureTimeLeft } from '../../http/with-retry.ts';
import type { ListOptions, ObjectSummary } from '../../ports.ts';
import { present } from '../../present.ts';
import { assertPageHead, ListingPages, notAListing } from './listing-pages.ts';
import { assertListPrefix, isObjectKey } from '../object-rules.ts';
import { callS3, type S3Access } from './call.ts';
import { requireDocument } from './whole-document.ts';

const WHAT = 'LIST objects';

/**
 * Objects of the store whose key begins with `keyPrefix`.
 *
 * @throws `STORE_UNAVAILABLE` for an answer that is not a listing of just that, see {@link ListingPages}.
 */
export async function* listS3Objects(
  access: S3Access,
  keyPrefix: string,
  budget: Budget,
  { onOther, pageSize }: ListOptions & { readonly pageSize: number },
): AsyncGenerator<ObjectSummary, void, undefined> {
  assertListPrefix(keyPrefix);
  const { client, bucket, prefix, clock } = access;
  const asked = { bucket: bucket.Bucket, prefix: prefix + keyPrefix };
  const pages = new ListingPages(WHAT, asked.prefix, { repeats: false });
  let token: string | undefined;
  do {
    const reply = await callS3(access, WHAT, budget, async (send) => {
      const command = new ListObjectsV2Command({
        ...bucket,
        Prefix: asked.prefix,
        MaxKeys: pageSize,
        ...present({ ContinuationToken: token }),
      });
      const page = await client.send(requireDocument(command, 'ListBucketResult', WHAT), send);
      const objects = readPage(page, asked, token);
      const next = page.IsTruncated === true ? { mark: page.NextContinuationToken } : undefined;
      pages.accept(
        objects.map(({ key }) => key),
        next,
      );
      return { objects, next };
    });
    if (!reply.ok) throw new ArchiveError('STORE_UNAVAILABLE', `${WHAT}: ${reply.refusal}`);
    for (const found of reply.value.objects) {
      const own = found.key.slice(prefix.length);
      if (!isObjectKey(own)) {
        onOther?.(own);
        continue;
      }
      ensureTimeLeft(clock, budget);
      yield { ...found, key: own };
    }
    token = reply.value.next?.mark;
  } while (token !== undefined);
}

function readPage(
  page: ListObjectsV2CommandOutput,
  asked: { readonly bucket: string; readonly prefix: string },
  token: string | undefined,
): readonly ObjectSummary[] {
  const { Name, Prefix, IsTruncated, KeyCount, Contents = [], CommonPrefixes = [] } = page;
  assertPageHead(WHAT, { bucket: Name, prefix: Prefix, truncated: IsTruncated }, asked);
  if (CommonPrefixes.length > 0) throw notAListing(WHAT, 'rolls keys up, which was not asked for');
  if (KeyCount !== undefined && KeyCount !== Contents.length) {
    throw notAListing(WHAT, `counts ${KeyCount} keys and names ${Contents.length}`);
  }
  if (page.ContinuationToken !== undefined && page.ContinuationToken !== (token ?? '')) {
    throw notAListing(WHAT, 'is another page');
  }
  return Contents.map(({ Key, Size, LastModified, ETag, StorageClass }) => {
    if (Key === undefined || Key === '') throw notAListing(WHAT, 'has an object without a key');
    if (Size === undefined || !Number.isSafeInteger(Size) || Size < 0) {
      throw notAListing(WHAT, 'has an object without a size');
    }
    return {
      key: Key,
      size: Size,
      lastModified: LastModified?.getTime() ?? 0,
      ...present({ etag: ETag, storageClass: StorageClass }),
    };
  });
}
