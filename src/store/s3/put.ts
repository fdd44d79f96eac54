import { type Budget, followAbort } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { ensureTimeLeft } from '../../http/with-retry.ts';
import type { ObjectStore, PutOptions, PutResult } from '../../ports.ts';
import { type MeasuredBody, measureBody } from '../measured-body.ts';
import { assertObjectKey, assertPutOptions } from '../object-rules.ts';
import { BufferPool } from './buffer-pool.ts';
import { callS3, type S3Access } from './call.ts';
import { type BodyDigest, digestOf, digestsOfParts } from './checksum.ts';
import { cutParts } from './cut-parts.ts';
import { uploadInParts, type RunningUpload } from './multipart.ts';
import { choosePartBytes } from './part-size.ts';
import { resolveUnsure, type SentObject, statOfAnswer, verifyStored } from './verify.ts';

export interface PartOptions {
  /** Bytes of a part, and of the largest object written in one request; default 5 MiB. */
  readonly partSizeBytes?: number | undefined;
  /** Parts in flight at once; default 2. Memory is this many parts and one more. */
  readonly queueSize?: number | undefined;
}

/** Stores objects in one request, or in parts where they are larger than one part. */
export function putInto(access: S3Access, { partSizeBytes, queueSize = 2 }: PartOptions): ObjectStore['put'] {
  const usualPartBytes = choosePartBytes(undefined, partSizeBytes);
  /** Of the usual size of a part; objects so large that they need larger ones have their own. */
  const usual = new BufferPool(usualPartBytes, (queueSize + 2) * usualPartBytes);
  const poolOf = (partBytes: number) => (partBytes === usualPartBytes ? usual : undefined);

  return async (key, body, putOptions, budget) => {
    assertObjectKey(key);
    assertPutOptions(putOptions);
    ensureTimeLeft(access.clock, budget);
    const { contentLength } = putOptions;
    if (body instanceof Uint8Array && body.byteLength === contentLength && contentLength <= usualPartBytes) {
      return putWhole(access, { key, body, digest: digestOf(body) }, putOptions, budget);
    }
    const partBytes = choosePartBytes(contentLength, partSizeBytes);
    const source = measureBody(body, contentLength, budget, access.clock);
    const digestOfPart = digestsOfParts(putOptions, partBytes);
    const parts = cutParts(source.chunks, partBytes, contentLength, poolOf(partBytes));
    try {
      const { value: first } = await parts.next();
      if (first === undefined) throw new ArchiveError('UNEXPECTED', 'a body has at least one part');
      if (first.last) {
        const result = await putWhole(
          access,
          { key, body: first.bytes, digest: digestOfPart(first) },
          putOptions,
          budget,
        );
        first.release();
        return result;
      }
      const target = { key, options: putOptions, queueSize, digestOf: digestOfPart };
      const { work, end } = startWork(budget, source);
      try {
        return await uploadInParts(access, target, { first, rest: parts }, work);
      } finally {
        end();
      }
    } finally {
      // Closes the body when the store gave up on it.
      void parts.return().catch(() => {});
    }
  };
}

interface WholeBody {
  readonly key: string;
  readonly body: Uint8Array;
  readonly digest: BodyDigest;
}

async function putWhole(
  access: S3Access,
  { key, body, digest }: WholeBody,
  putOptions: PutOptions,
  budget: Budget,
): Promise<PutResult> {
  const { metadata, contentType, keep } = putOptions;
  const sent: SentObject = {
    key,
    size: body.byteLength,
    checksum: { type: 'full', sha256: digest.base64 },
    metadata,
    contentType,
  };
  const reply = await callS3(access, 'PUT object', budget, (send) =>
    access.calls.put({ Key: access.prefix + key, body, digest, metadata, contentType, keep }, send),
  );
  if (reply.ok && putOptions.verify !== 'read-back' && putOptions.verify !== undefined) {
    const stat = statOfAnswer(sent, reply.value, access.clock.now());
    if (stat !== undefined) return { outcome: 'stored', stat };
  }
  if (reply.ok) return verifyStored(access, sent, reply.value, budget);
  if (reply.refusal !== 'precondition') {
    throw new ArchiveError('STORE_UNAVAILABLE', `PUT object: ${reply.refusal}`, { details: { key } });
  }
  if (!reply.unsure || putOptions.verify === 'answer-only') return { outcome: 'exists' };
  const resolved = await resolveUnsure(access, sent, budget);
  if (resolved !== undefined) return resolved;
  throw new ArchiveError('STORE_UNAVAILABLE', 'PUT object: the key was taken, and is free again', {
    details: { key },
  });
}

/** A budget that also ends when a part of the work has failed permanently, so that the rest of it, and its body, stop at once. */
function startWork(budget: Budget, source: MeasuredBody): { work: RunningUpload; end: () => void } {
  const controller = new AbortController();
  return {
    work: {
      budget: { deadline: budget.deadline, signal: controller.signal },
      fail: (error) => {
        controller.abort(error);
        source.stop(error);
      },
    },
    end: followAbort(budget.signal, controller),
  };
}
