import type { S3Client } from '@aws-sdk/client-s3';
import { abortReason, type Budget, type Clock } from '../../clock.ts';
import { type SkewableClient, withCorrectedClock } from '../../aws/clock-skew.ts';
import { parseRetryAfter, type RetryPolicy, S3_RETRIES } from '../../http/retry-timing.ts';
import { withRetry } from '../../http/with-retry.ts';
import type { Logger } from '../../log.ts';
import { type S3Refusal, sortS3Error } from './errors.ts';
import type { BucketAddress, ObjectCalls } from './object-calls.ts';

/** What every S3 operation of a store needs. */
export interface S3Access {
  readonly client: S3Client;
  /** Part of every request. */
  readonly bucket: BucketAddress;
  /** In front of every key: empty, or with `/` at its end. */
  readonly prefix: string;
  /** For the operations that every recording needs. */
  readonly calls: ObjectCalls;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Of each operation; {@link S3_RETRIES} where it is absent. */
  readonly retries?: RetryPolicy;
}

export type S3Reply<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly refusal: S3Refusal;
      /** An earlier attempt of this very call failed in a way that leaves open whether it took effect. */
      readonly unsure: boolean;
    };

/**
 * One S3 operation with its retries. Refusals that mean something are values.
 *
 * @param send makes one request; called anew for every attempt.
 * @throws `STORE_*` errors; `OUT_OF_TIME` or the signal's reason.
 */
export async function callS3<T>(
  access: S3Access,
  what: string,
  budget: Budget,
  send: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
): Promise<S3Reply<T>> {
  const { clock, logger, bucket, retries: policy = S3_RETRIES } = access;
  const client: SkewableClient | undefined = 'config' in access.client ? access.client : undefined;
  const { signal } = budget;
  let unsure = false;
  return withCorrectedClock(client, (correct) =>
    withRetry<S3Reply<T>>({ clock, logger, budget, policy, what }, async () => {
      const sent = correct.begin();
      try {
        return { value: { ok: true, value: await send({ abortSignal: signal }) } };
      } catch (error) {
        if (signal.aborted) throw abortReason(signal);
        const failure = sortS3Error(error, what, bucket.ExpectedBucketOwner !== undefined);
        if (failure.kind === 'refusal') return { value: { ok: false, refusal: failure.refusal, unsure } };
        const skewed = failure.transient ? undefined : await sent.refused(error, failure.error);
        if (skewed !== undefined) return skewed;
        if (!failure.transient) throw failure.error;
        unsure ||= failure.unsure;
        return { again: failure.error, retryAfterMs: parseRetryAfter(failure.retryAfter, clock.now()) };
      }
    }),
  );
}
