import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
} from '@aws-sdk/client-s3';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { UnfinishedUpload } from '../../ports.ts';
import { assertPageHead, ListingPages, notAListing } from './listing-pages.ts';
import { isObjectKey } from '../object-rules.ts';
import { callS3, type S3Access } from './call.ts';
import { requireDocument } from './whole-document.ts';

const WHAT = 'LIST multipart uploads';

/** Where a page begins. */
interface Markers {
  readonly KeyMarker?: string | undefined;
  readonly UploadIdMarker?: string | undefined;
}

/**
 * Open multipart uploads of objects of the store.
 *
 * @throws `STORE_UNAVAILABLE` for an answer that is not a listing of just that, see {@link ListingPages}.
 */
export async function* listS3Uploads(
  access: S3Access,
  budget: Budget,
): AsyncGenerator<UnfinishedUpload, void, undefined> {
  const { client, bucket, prefix } = access;
  const asked = { bucket: bucket.Bucket, prefix };
  const pages = new ListingPages(WHAT, prefix, { repeats: true });
  let after: Markers | undefined = {};
  while (after !== undefined) {
    const page: Markers = after;
    const reply = await callS3(access, WHAT, budget, async (send) => {
      const command = new ListMultipartUploadsCommand({ ...bucket, Prefix: prefix, ...page });
      const answer = await client.send(requireDocument(command, 'ListMultipartUploadsResult', WHAT), send);
      const uploads = readPage(answer, asked);
      const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = answer;
      const mark = NextKeyMarker && `${NextKeyMarker}\n${NextUploadIdMarker ?? ''}`;
      pages.accept(
        uploads.map(({ key }) => key),
        IsTruncated === true ? { mark } : undefined,
      );
      const next: Markers = { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker };
      return { uploads, next: IsTruncated === true ? next : undefined };
    });
    if (!reply.ok) throw new ArchiveError('STORE_UNAVAILABLE', `${WHAT}: ${reply.refusal}`);
    const { uploads, next } = reply.value;
    for (const { key, ...upload } of uploads) {
      const own = key.slice(prefix.length);
      // other people's uploads, of keys that no object of ours has
      if (isObjectKey(own)) yield { key: own, ...upload };
    }
    after = next;
  }
}

function readPage(
  page: ListMultipartUploadsCommandOutput,
  asked: { readonly bucket: string; readonly prefix: string },
): readonly UnfinishedUpload[] {
  const { Bucket, Prefix, IsTruncated, Uploads = [], CommonPrefixes = [] } = page;
  assertPageHead(WHAT, { bucket: Bucket, prefix: Prefix, truncated: IsTruncated }, asked);
  if (CommonPrefixes.length > 0) throw notAListing(WHAT, 'rolls keys up, which was not asked for');
  return Uploads.map(({ Key, UploadId, Initiated }) => {
    if (Key === undefined || Key === '' || UploadId === undefined || UploadId === '') {
      throw notAListing(WHAT, 'has an upload without a key or an id');
    }
    return { key: Key, id: UploadId, startedAt: Initiated?.getTime() ?? 0 };
  });
}

/** Completed or aborted meanwhile is no error. */
export async function abortS3Upload(
  access: S3Access,
  { key, id }: UnfinishedUpload,
  budget: Budget,
): Promise<void> {
  const { client, bucket, prefix } = access;
  await callS3(access, 'abort multipart upload', budget, (send) =>
    client.send(new AbortMultipartUploadCommand({ ...bucket, Key: prefix + key, UploadId: id }), send),
  );
}
