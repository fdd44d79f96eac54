import { DeleteObjectCommand, HeadBucketCommand } from '@aws-sdk/client-s3';
import { type Budget, startBudget } from '../../clock.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import type { RetryPolicy } from '../../http/retry-timing.ts';
import type { ObjectStat, PutResult, StoredChecksum } from '../../ports.ts';
import { present } from '../../present.ts';
import { callS3, type S3Access } from './call.ts';
import { storedChecksum } from './checksum.ts';
import type { Written } from './object-calls.ts';

/** An object as it was sent. */
export interface SentObject {
  /** As callers know it, without the store's prefix. */
  readonly key: string;
  readonly size: number;
  readonly checksum: StoredChecksum;
  readonly metadata: Readonly<Record<string, string>>;
  readonly contentType: string;
}

/** Cleaning up must end even when the work's own time is over, and before the platform ends the process. */
const CLEANUP_MS = 5_000;
const CLEANUP_RETRIES: RetryPolicy = { retries: 2, baseMs: 200, capMs: 1_000, maxRetryAfterMs: 1_000 };

/** Runs `work` on a short budget and few retries of its own; a failure is logged, never thrown. */
export async function cleanUp(
  access: S3Access,
  what: string,
  key: string,
  work: (access: S3Access, budget: Budget) => Promise<unknown>,
): Promise<void> {
  const { budget, end } = startBudget(access.clock, access.clock.now() + CLEANUP_MS);
  try {
    await work({ ...access, retries: CLEANUP_RETRIES }, budget);
  } catch (error) {
    access.logger.log('warn', `${what} failed`, { key, code: toArchiveError(error).code });
  } finally {
    end();
  }
}

/**
 * @returns `undefined` when there is no such object.
 * @throws `STORE_MISSING` when there is no such bucket, which a HEAD of an object does not tell apart.
 */
export async function headObject(
  access: S3Access,
  key: string,
  budget: Budget,
): Promise<ObjectStat | undefined> {
  const reply = await callS3(access, 'HEAD object', budget, (options) =>
    access.calls.head(access.prefix + key, options),
  );
  if (!reply.ok) {
    await assertBucket(access, budget);
    return undefined;
  }
  const { sha256, versionId, lastModified = 0, ...stated } = reply.value;
  return {
    key,
    ...stated,
    ...present({ versionId }),
    checksum: storedChecksum(sha256),
    lastModified,
  };
}

/** Buckets this process has seen to exist; a bucket is asked for once, after the first missing object. */
const seenBuckets = new WeakMap<object, Set<string>>();

async function assertBucket(access: S3Access, budget: Budget): Promise<void> {
  const { client, bucket } = access;
  const seen = seenBuckets.get(client) ?? new Set<string>();
  seenBuckets.set(client, seen);
  if (seen.has(bucket.Bucket)) return;
  const reply = await callS3(access, 'HEAD bucket', budget, (options) =>
    client.send(new HeadBucketCommand(bucket), options),
  ).catch((error: unknown) => {
    // Without s3:ListBucket the bucket cannot be asked for. That it refuses to answer does not make it missing.
    if (error instanceof ArchiveError && error.code === 'STORE_DENIED') return undefined;
    throw error;
  });
  if (reply !== undefined && !reply.ok) {
    throw new ArchiveError('STORE_MISSING', 'the bucket does not exist', {
      details: { bucket: bucket.Bucket },
    });
  }
  seen.add(bucket.Bucket);
}

/**
 * Asks S3 what it holds and compares it with what was sent: length, checksum, metadata, content type.
 *
 * @param answer S3's answer to the write: the checksum, where it states one, and the entity tag of the object just written. On a
 *   mismatch exactly that object is removed again, where that is permitted.
 * @throws `STORE_MISMATCH` (retryable).
 */
export async function verifyStored(
  access: S3Access,
  sent: SentObject,
  { sha256: claimed, etag }: Pick<Written, 'sha256' | 'etag'>,
  budget: Budget,
): Promise<PutResult> {
  const stat = await headObject(access, sent.key, budget);
  const problem =
    claimed !== undefined && claimed !== sent.checksum.sha256
      ? 'checksum of the write'
      : differenceOf(sent, stat);
  if (stat !== undefined && problem === undefined) return { outcome: 'stored', stat };
  const error = new ArchiveError('STORE_MISMATCH', `what S3 holds is not what was sent (${problem})`, {
    details: { key: sent.key, sent: sent.size, stored: stat?.size },
  });
  if (stat !== undefined && etag !== undefined) {
    const { client, bucket, prefix } = access;
    const wrong = { ...bucket, Key: prefix + sent.key, IfMatch: etag };
    await cleanUp(access, 'removing an object that differs from what was sent', sent.key, (brief, own) =>
      callS3(brief, 'DELETE object', own, (options) => client.send(new DeleteObjectCommand(wrong), options)),
    );
  }
  throw error;
}

/**
 * The object as S3's answer to the write describes it; `undefined` when the answer does not state the checksum that was sent.
 *
 * @param now epoch ms, for a server that does not tell the time.
 */
export function statOfAnswer(sent: SentObject, answer: Written, now: number): ObjectStat | undefined {
  const { etag, sha256, versionId, at: lastModified = now } = answer;
  if (etag === undefined || sha256 !== sent.checksum.sha256) return undefined;
  const { key, size, metadata, contentType, checksum } = sent;
  const version = present({ versionId });
  return { key, size, metadata, contentType, etag, ...version, checksum, lastModified };
}

/**
 * After a write whose fate is unknown, and a later answer that the key is taken: was it our own write that took it? Fresh key
 * material makes every attempt's bytes and metadata unique.
 *
 * @returns `undefined` when nothing stands there.
 */
export async function resolveUnsure(
  access: S3Access,
  sent: SentObject,
  budget: Budget,
): Promise<PutResult | undefined> {
  const stat = await headObject(access, sent.key, budget);
  if (stat === undefined) return undefined;
  return differenceOf(sent, stat) === undefined ? { outcome: 'stored', stat } : { outcome: 'exists' };
}

/** What differs, in words; `undefined` when nothing does. */
export function differenceOf(sent: SentObject, stat: ObjectStat | undefined): string | undefined {
  if (stat === undefined) return 'there is no object';
  if (stat.size !== sent.size) return 'length';
  if (stat.checksum === undefined) return 'it keeps no SHA-256 checksum';
  if (stat.checksum.sha256 !== sent.checksum.sha256) return 'checksum';
  const names = Object.keys(sent.metadata);
  if (names.length !== Object.keys(stat.metadata).length) return 'metadata';
  if (names.some((name) => stat.metadata[name] !== sent.metadata[name])) return 'metadata';
  return stat.contentType === sent.contentType ? undefined : 'content type';
}
