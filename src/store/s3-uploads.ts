import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { UnfinishedUpload } from '../ports.ts';
import { isObjectKey } from './object-rules.ts';
import { callS3, type S3Access } from './s3-call.ts';

/** Open multipart uploads of objects below `prefix` (empty, or with `/` at its end). */
export async function* listS3Uploads(
  access: S3Access,
  prefix: string,
  budget: Budget,
): AsyncGenerator<UnfinishedUpload, void, undefined> {
  const { client, bucket } = access;
  let after: { readonly KeyMarker?: string; readonly UploadIdMarker?: string } = {};
  for (;;) {
    const page = after;
    const reply = await callS3(access, 'LIST multipart uploads', budget, (send) =>
      client.send(new ListMultipartUploadsCommand({ ...bucket, Prefix: prefix, ...page }), send),
    );
    if (!reply.ok) throw new ArchiveError('STORE_UNAVAILABLE', `LIST multipart uploads: ${reply.refusal}`);
    const { Uploads = [], IsTruncated, NextKeyMarker, NextUploadIdMarker } = reply.value;
    for (const { Key, UploadId, Initiated } of Uploads) {
      const key = Key?.slice(prefix.length);
      // other people's uploads, of keys that no object of ours has
      if (key === undefined || UploadId === undefined || !isObjectKey(key)) continue;
      yield { key, id: UploadId, startedAt: Initiated?.getTime() ?? 0 };
    }
    if (IsTruncated !== true || NextKeyMarker === undefined) return;
    after = {
      KeyMarker: NextKeyMarker,
      ...(NextUploadIdMarker === undefined ? {} : { UploadIdMarker: NextUploadIdMarker }),
    };
  }
}

/** Completed or aborted meanwhile is no error. */
export async function abortS3Upload(
  access: S3Access,
  prefix: string,
  { key, id }: UnfinishedUpload,
  budget: Budget,
): Promise<void> {
  const { client, bucket } = access;
  await callS3(access, 'abort multipart upload', budget, (send) =>
    client.send(new AbortMultipartUploadCommand({ ...bucket, Key: prefix + key, UploadId: id }), send),
  );
}
