/** AWS KMS: one client, and how its calls are repeated and its errors told. */
import { KMSClient, type KMSClientConfig } from '@aws-sdk/client-kms';
import { abortReason, type Budget, type Clock } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { awsConnection } from '../../aws/requests.ts';
import { withCorrectedClock } from '../../aws/clock-skew.ts';
import { KMS_RETRIES } from '../../http/retry-timing.ts';
import { withRetry } from '../../http/with-retry.ts';
import type { Logger } from '../../log.ts';
import { present } from '../../present.ts';
import type { Proxies } from '../../proxies.ts';
import { keySettingOf, type KmsCallName, sortKmsError } from './errors.ts';
import { isAboutKey } from './key-name.ts';

export interface KmsTimeouts {
  /** TCP and TLS set-up, ms. */
  readonly connectMs: number;
  /** From sending the request to the end of the answer, ms. KMS usually takes 10 to 50. */
  readonly requestMs: number;
}

export const DEFAULT_KMS_TIMEOUTS: KmsTimeouts = { connectMs: 5_000, requestMs: 10_000 };

/** Everything left out means what the AWS SDK says: `AWS_*` variables, profiles, the role of the Lambda. */
export interface KmsClientOptions {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  readonly timeouts?: Partial<KmsTimeouts>;
  readonly proxies?: Proxies | undefined;
}

export interface KmsConnection {
  readonly client: KMSClient;
  /**
   * Makes one call, and repeats it while that is worth it.
   *
   * @throws `KMS_THROTTLED`, `KMS_UNAVAILABLE`, `OUT_OF_TIME` (retryable); `KMS_DENIED`, `KMS_KEY_UNUSABLE`, `DECRYPT_FAILED`,
   *   `CONFIG_INVALID` (not).
   */
  readonly call: <T>(
    operation: KmsCallName,
    budget: Budget,
    send: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
  ) => Promise<T>;
}

/** Makes no request. */
export function connectKms(
  options: KmsClientOptions & { readonly keyId: string; readonly clock: Clock; readonly logger: Logger },
): KmsConnection {
  const { clock, logger } = options;
  const client = createClient(options);
  return {
    client,
    call: (operation, budget, send) =>
      withCorrectedClock(client, (correct) =>
        withRetry({ clock, logger, budget, policy: KMS_RETRIES, what: `KMS ${operation}` }, async () => {
          const sent = correct.begin();
          try {
            return { value: await send({ abortSignal: budget.signal }) };
          } catch (error) {
            if (budget.signal.aborted) throw abortReason(budget.signal);
            const failure = sortKmsError(error, operation);
            const skewed = failure.transient ? undefined : await sent.refused(error, failure.error);
            if (skewed !== undefined) return skewed;
            if (!failure.transient) throw failure.error;
            return { again: failure.error };
          }
        }),
      ),
  };
}

/** A client whose retries are left to {@link withRetry}, so that they are not multiplied. */
function createClient(options: KmsClientOptions & { readonly keyId: string }): KMSClient {
  const timeouts = { ...DEFAULT_KMS_TIMEOUTS, ...options.timeouts };
  const { endpoint, credentials } = options;
  const region = options.region ?? regionOfArn(options.keyId);
  const given: KMSClientConfig = present({ endpoint, region, credentials });
  return new KMSClient({
    ...given,
    maxAttempts: 1,
    ...awsConnection(timeouts, options.proxies),
  });
}

/** A key can be asked for only in its own region, which need not be the bucket's. */
function regionOfArn(keyId: string): string | undefined {
  return /^arn:aws[a-z-]*:kms:([a-z0-9-]+):/.exec(keyId)?.[1];
}

/**
 * Refuses an answer about another key.
 *
 * @param secret erased when the answer is refused.
 * @throws `KMS_UNAVAILABLE` (retryable: a later answer may be about the configured key).
 */
export function assertAbout(
  operation: KmsCallName,
  asked: string,
  answered: string | undefined,
  secret?: Uint8Array,
): void {
  if (isAboutKey(asked, answered)) return;
  secret?.fill(0);
  const shown = answered?.replaceAll(/[^A-Za-z0-9:/_-]/g, '?').slice(0, 200) ?? 'no key';
  throw new ArchiveError(
    'KMS_UNAVAILABLE',
    `KMS ${operation}: the answer is about ${shown}, not about ${asked}`,
    {
      hint: `nothing was used of it: check ${keySettingOf(operation)}, and AWS_ENDPOINT_URL_KMS for a server that answers in the place of KMS`,
      details: { reason: 'OtherKey' },
    },
  );
}

/** The answer of a call that succeeded and does not hold what was asked for. */
export function incomplete(operation: KmsCallName, what = 'key'): ArchiveError {
  return new ArchiveError('KMS_UNAVAILABLE', `KMS ${operation}: the answer holds no ${what}`);
}
