import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
} from '@aws-sdk/client-s3';
import type { Budget } from '../../clock.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import type { PutOptions, PutResult } from '../../ports.ts';
import type { Part } from './cut-parts.ts';
import { MAX_PARTS, tooManyParts } from './part-size.ts';
import { callS3, type S3Access } from './call.ts';
import { keepInput } from './object-calls.ts';
import { type BodyDigest, compositeOf, type PartDigests } from './checksum.ts';
import { cleanUp, resolveUnsure, type SentObject, verifyStored } from './verify.ts';

export interface MultipartTarget {
  readonly key: string;
  readonly options: Pick<PutOptions, 'metadata' | 'contentType' | 'keep'>;
  readonly digestOf: PartDigests;
  /** Parts in flight at most; one more is being filled meanwhile. */
  readonly queueSize: number;
}

/** A running upload: its budget ends, and its body with it, as soon as one part has failed permanently. */
export interface RunningUpload {
  readonly budget: Budget;
  fail(error: ArchiveError): void;
}

interface OpenUpload extends MultipartTarget {
  /** Of the target, as S3 names it. */
  readonly of: { readonly Key: string; readonly UploadId: string };
}

/** The parts of one object: `first`, already taken from `rest`, then the others. */
export interface PartsToSend {
  readonly first: Part;
  readonly rest: AsyncIterable<Part>;
}

/** Sends an object in parts. Aborts the upload on every failure. */
export async function uploadInParts(
  access: S3Access,
  target: MultipartTarget,
  parts: PartsToSend,
  work: RunningUpload,
): Promise<PutResult> {
  const { client, bucket } = access;
  const { options } = target;
  const Key = access.prefix + target.key;
  const created = await callS3(access, 'create multipart upload', work.budget, (send) =>
    client.send(
      new CreateMultipartUploadCommand({
        ...bucket,
        Key,
        Metadata: { ...options.metadata },
        ContentType: options.contentType,
        ...keepInput(options.keep),
        ChecksumAlgorithm: 'SHA256',
        ChecksumType: 'COMPOSITE',
      }),
      send,
    ),
  );
  const UploadId = created.ok ? created.value.UploadId : undefined;
  if (UploadId === undefined) {
    throw new ArchiveError('STORE_UNAVAILABLE', 'create multipart upload: S3 named no upload', {
      details: { key: target.key },
    });
  }
  let open = true;
  try {
    const upload: OpenUpload = { ...target, of: { Key, UploadId } };
    const sent = await sendParts(access, upload, parts, work);
    const result = await complete(access, upload, sent, work.budget);
    // A conditional completion that found the key taken leaves the upload open.
    open = result.outcome === 'exists';
    return result;
  } finally {
    if (open) {
      const abort = new AbortMultipartUploadCommand({ ...bucket, Key, UploadId });
      await cleanUp(access, 'aborting a multipart upload', target.key, (brief, budget) =>
        callS3(brief, 'abort multipart upload', budget, (send) => client.send(abort, send)),
      );
    }
  }
}

interface SentParts {
  readonly size: number;
  readonly digests: readonly BodyDigest[];
  readonly completed: readonly CompletedPart[];
}

async function sendParts(
  access: S3Access,
  upload: OpenUpload,
  { first, rest }: PartsToSend,
  work: RunningUpload,
): Promise<SentParts> {
  const digests: BodyDigest[] = [];
  const completed: CompletedPart[] = [];
  const inFlight = new Set<Promise<void>>();
  let size = 0;
  const failures: ArchiveError[] = [];

  const send = async (part: Part): Promise<void> => {
    try {
      const digest = upload.digestOf(part);
      digests[part.number - 1] = digest;
      completed.push(await sendPart(access, upload, { ...part, digest }, work.budget));
      part.release();
    } catch (error) {
      failures.push(toArchiveError(error));
      work.fail(toArchiveError(error));
    }
  };
  const start = (part: Part): void => {
    size += part.bytes.byteLength;
    const task = send(part).finally(() => inFlight.delete(task));
    inFlight.add(task);
  };

  try {
    start(first);
    for await (const part of rest) {
      if (part.number > MAX_PARTS) throw tooManyParts();
      while (inFlight.size >= upload.queueSize) await Promise.race(inFlight);
      if (failures.length > 0) break;
      start(part);
    }
    await Promise.all(inFlight);
  } catch (error) {
    // The body or the budget ended this, or a failed part ended the body. What is in flight has to be over before the upload
    // is aborted: a part that arrives after the abort would be kept, and charged for.
    const cause = failures[0] ?? error;
    work.fail(toArchiveError(cause));
    await Promise.all(inFlight);
    throw cause;
  }
  if (failures[0] !== undefined) throw failures[0];
  completed.sort((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
  return { size, digests, completed };
}

async function sendPart(
  access: S3Access,
  { key, of }: OpenUpload,
  { number: PartNumber, bytes: body, digest }: Part & { readonly digest: BodyDigest },
  budget: Budget,
): Promise<CompletedPart> {
  const reply = await callS3(access, `upload part ${PartNumber}`, budget, (send) =>
    access.calls.uploadPart({ ...of, PartNumber, body, digest }, send),
  );
  if (!reply.ok) {
    throw new ArchiveError('STORE_UNAVAILABLE', `upload part ${PartNumber}: the upload is gone`, {
      details: { key },
    });
  }
  const { etag, sha256 } = reply.value;
  if (etag === undefined || (sha256 !== undefined && sha256 !== digest.base64)) {
    throw new ArchiveError('STORE_MISMATCH', `upload part ${PartNumber}: S3 holds something else`, {
      details: { key },
    });
  }
  return { PartNumber, ETag: etag, ChecksumSHA256: digest.base64 };
}

async function complete(
  access: S3Access,
  { key, of, options }: OpenUpload,
  parts: SentParts,
  budget: Budget,
): Promise<PutResult> {
  const { client, bucket } = access;
  const { metadata, contentType } = options;
  const checksum = compositeOf(parts.digests);
  const sent: SentObject = { key, size: parts.size, checksum, metadata, contentType };
  const reply = await callS3(access, 'complete multipart upload', budget, (send) =>
    client.send(
      new CompleteMultipartUploadCommand({
        ...bucket,
        ...of,
        IfNoneMatch: '*',
        // S3 checks the sum of the parts against it
        MpuObjectSize: parts.size,
        ChecksumType: 'COMPOSITE',
        MultipartUpload: { Parts: [...parts.completed] },
      }),
      send,
    ),
  );
  if (reply.ok) {
    const { ChecksumSHA256: sha256, ETag: etag } = reply.value;
    return verifyStored(access, sent, { sha256, etag }, budget);
  }
  if (reply.refusal === 'precondition' && !reply.unsure) return { outcome: 'exists' };
  // Either our own completion went through although its answer was lost, or another client ended the upload.
  const resolved = await resolveUnsure(access, sent, budget);
  if (resolved !== undefined) return resolved;
  throw new ArchiveError('STORE_UNAVAILABLE', 'complete multipart upload: the upload is gone', {
    details: { key },
  });
}
