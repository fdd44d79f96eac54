import { createHash } from 'node:crypto';
import { CopyObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ObjectStat, PutOptions, ReplaceResult } from '../../ports.ts';
import { present } from '../../present.ts';
import { assertObjectKey, assertPutOptions } from '../object-rules.ts';
import { callS3, type S3Access, type S3Reply } from './call.ts';
import { digestOf, withPayloadHash } from './checksum.ts';
import { differenceOf, headObject, type SentObject } from './verify.ts';

/** Bytes; https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html: larger objects are copied in parts. */
const MAX_COPY_BYTES = 5 * 1024 ** 3;

/** One conditional PutObject: `If-Match` with the entity tag of `expected`. */
export async function replaceObject(
  access: S3Access,
  expected: ObjectStat,
  { body, options }: { readonly body: Uint8Array; readonly options: PutOptions },
  budget: Budget,
): Promise<ReplaceResult> {
  assertObjectKey(expected.key);
  assertPutOptions(options);
  if (expected.etag === undefined) return noEntityTag();
  const { metadata, contentType } = options;
  const digest = digestOf(body);
  const sent: SentObject = {
    key: expected.key,
    size: body.byteLength,
    checksum: { type: 'full', sha256: digest.base64 },
    metadata,
    contentType,
  };
  const reply = await callS3(access, 'PUT object', budget, (send) => {
    const command = new PutObjectCommand({
      ...access.bucket,
      Key: access.prefix + expected.key,
      Body: body,
      ContentLength: body.byteLength,
      ContentType: contentType,
      Metadata: { ...metadata },
      IfMatch: expected.etag,
      ChecksumAlgorithm: 'SHA256',
      ChecksumSHA256: digest.base64,
    });
    return access.client.send(withPayloadHash(command, digest), send);
  });
  return conclude(access, reply, { key: expected.key, whyOther: (stat) => differenceOf(sent, stat) }, budget);
}

/** One conditional CopyObject of the object onto itself: S3 moves no byte of it through here. */
export async function replaceMetadata(
  access: S3Access,
  expected: ObjectStat,
  metadata: Readonly<Record<string, string>>,
  budget: Budget,
): Promise<ReplaceResult> {
  const { key, etag, size, contentType = 'application/octet-stream' } = expected;
  assertObjectKey(key);
  assertPutOptions({ metadata, contentType });
  if (etag === undefined) return noEntityTag();
  if (size > MAX_COPY_BYTES) return { outcome: 'unsupported', reason: 'S3 copies at most 5 GiB at a time' };
  const { ExpectedBucketOwner: owner } = access.bucket;
  const Key = access.prefix + key;
  const source = [access.bucket.Bucket, ...Key.split('/')].map(encodeURIComponent).join('/');
  const reply = await callS3(access, 'COPY object', budget, (send) =>
    access.client.send(
      new CopyObjectCommand({
        ...access.bucket,
        Key,
        CopySource: source,
        ...present({ ExpectedSourceBucketOwner: owner }),
        CopySourceIfMatch: etag,
        MetadataDirective: 'REPLACE',
        Metadata: { ...metadata },
        ContentType: contentType,
        ChecksumAlgorithm: 'SHA256',
      }),
      send,
    ),
  );
  const whyOther = (stat: ObjectStat) => {
    if (stat.size !== size) return 'length';
    return hash(stat.metadata) === hash(metadata) ? undefined : 'metadata';
  };
  return conclude(access, reply, { key, whyOther }, budget);
}

/** Looks at what stands there now, which also settles what became of a request whose answer was lost. */
async function conclude(
  access: S3Access,
  reply: S3Reply<unknown>,
  { key, whyOther }: { readonly key: string; readonly whyOther: (stat: ObjectStat) => string | undefined },
  budget: Budget,
): Promise<ReplaceResult> {
  if (!reply.ok && reply.refusal !== 'precondition' && reply.refusal !== 'not-found') {
    throw new ArchiveError('STORE_UNAVAILABLE', `replacing an object: ${reply.refusal}`, {
      details: { key },
    });
  }
  if (!reply.ok && !reply.unsure) return { outcome: 'changed' };
  const stat = await headObject(access, key, budget);
  if (stat === undefined) return { outcome: 'changed' };
  const problem = whyOther(stat);
  if (problem === undefined) return { outcome: 'replaced', stat };
  if (!reply.ok) return { outcome: 'changed' };
  throw new ArchiveError('STORE_MISMATCH', `what S3 holds is not what was sent (${problem})`, {
    details: { key },
  });
}

const noEntityTag = (): ReplaceResult => ({
  outcome: 'unsupported',
  reason: 'the store states no entity tag to replace by',
});

function hash(metadata: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(metadata).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}
