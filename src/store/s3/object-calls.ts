import { HeadObjectCommand, PutObjectCommand, type S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { followAbort } from '../../clock.ts';
import type { KeepOnWrite } from '../../ports.ts';
import { type BodyDigest, withPayloadHash } from './checksum.ts';

export interface CallOptions {
  readonly abortSignal: AbortSignal;
}

/** Where requests go. */
export interface BucketAddress {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string;
}

export interface NewObject {
  /** As S3 knows it. */
  readonly Key: string;
  readonly body: Uint8Array;
  readonly digest: BodyDigest;
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly keep?: KeepOnWrite | undefined;
}

export interface NewPart extends Pick<NewObject, 'Key' | 'body' | 'digest'> {
  readonly UploadId: string;
  /** From 1. */
  readonly PartNumber: number;
}

/** What S3 says of what it has just written. */
export interface Written {
  readonly etag: string | undefined;
  /** Base64; not every server states it. */
  readonly sha256: string | undefined;
  readonly versionId: string | undefined;
  /** Epoch ms, of the server's own clock. */
  readonly at: number | undefined;
}

export interface ObjectHead {
  readonly size: number;
  /** Names in lower case, without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string | undefined;
  readonly etag: string | undefined;
  readonly versionId: string | undefined;
  /** Base64; of an object in parts followed by `-` and their number. */
  readonly sha256: string | undefined;
  /** Epoch ms. */
  readonly lastModified: number | undefined;
}

/**
 * The three operations that every recording needs, once or for every part. One request each, never repeated; what is thrown is
 * sorted by `sortS3Error`. Once a call has settled, nothing reads its body any more.
 */
export interface ObjectCalls {
  /** Only where nothing stands (`If-None-Match: *`); S3 checks the body against its digest. */
  put(object: NewObject, options: CallOptions): Promise<Written>;
  uploadPart(part: NewPart, options: CallOptions): Promise<Written>;
  head(Key: string, options: CallOptions): Promise<ObjectHead>;
  /** Opens a connection ahead of the first request, where it can be told to which host. Never rejects. */
  openAhead?(): Promise<void>;
}

/** Through the SDK and all its middleware. */
export function createSdkCalls(client: S3Client, bucket: BucketAddress): ObjectCalls {
  return {
    async put({ Key, body, digest, metadata, contentType, keep }, options) {
      const command = new PutObjectCommand({
        ...bucket,
        Key,
        Body: body,
        ContentLength: body.byteLength,
        ContentType: contentType,
        Metadata: { ...metadata },
        ...keepInput(keep),
        IfNoneMatch: '*',
        ChecksumAlgorithm: 'SHA256',
        ChecksumSHA256: digest.base64,
      });
      const answer = await untilAnswered(options, (until) =>
        client.send(withPayloadHash(command, digest), until),
      );
      return {
        etag: answer.ETag,
        sha256: answer.ChecksumSHA256,
        versionId: answer.VersionId,
        at: undefined,
      };
    },
    async uploadPart({ Key, body, digest, UploadId, PartNumber }, options) {
      const command = new UploadPartCommand({
        ...bucket,
        Key,
        UploadId,
        PartNumber,
        Body: body,
        ContentLength: body.byteLength,
        ChecksumAlgorithm: 'SHA256',
        ChecksumSHA256: digest.base64,
      });
      const answer = await untilAnswered(options, (until) =>
        client.send(withPayloadHash(command, digest), until),
      );
      return { etag: answer.ETag, sha256: answer.ChecksumSHA256, versionId: undefined, at: undefined };
    },
    async head(Key, options) {
      const answer = await client.send(
        new HeadObjectCommand({ ...bucket, Key, ChecksumMode: 'ENABLED' }),
        options,
      );
      return {
        size: answer.ContentLength ?? 0,
        metadata: answer.Metadata ?? {},
        contentType: answer.ContentType,
        etag: answer.ETag,
        versionId: answer.VersionId,
        sha256: answer.ChecksumSHA256,
        lastModified: answer.LastModified?.getTime(),
      };
    },
  };
}

/** As the SDK takes it. */
export function keepInput(keep: KeepOnWrite | undefined) {
  if (keep === undefined) return {};
  return 'tag' in keep
    ? { Tagging: keep.tag }
    : {
        ObjectLockMode: keep.lock === 'compliance' ? ('COMPLIANCE' as const) : ('GOVERNANCE' as const),
        ObjectLockRetainUntilDate: new Date(keep.until),
      };
}

/** Ends the request with its answer: one that is answered before it is sent would go on sending, from a buffer that is used again. */
async function untilAnswered<Answer>(
  { abortSignal }: CallOptions,
  send: (options: CallOptions) => Promise<Answer>,
): Promise<Answer> {
  const own = new AbortController();
  const unfollow = followAbort(abortSignal, own);
  try {
    return await send({ abortSignal: own.signal });
  } finally {
    unfollow();
    own.abort();
  }
}
