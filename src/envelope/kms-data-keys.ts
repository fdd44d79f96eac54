/**
 * Data keys from AWS KMS. Every object gets one of its own: there is no cache, for a cached key would be shared by objects
 * that are to be erased, audited and limited one by one (and see CVE-2026-6550).
 */
import {
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  KMSClient,
  type KMSClientConfig,
  ReEncryptCommand,
} from '@aws-sdk/client-kms';
import { abortReason, type Budget, type Clock, unlimited } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { awsConnection } from '../aws/requests.ts';
import { withCorrectedClock } from '../aws/clock-skew.ts';
import { KMS_RETRIES } from '../http/retry-timing.ts';
import { withRetry } from '../http/with-retry.ts';
import type { Logger } from '../log.ts';
import type { Proxies } from '../proxies.ts';
import type { DataKeyService, EncryptionContext } from './key-wrap.ts';
import { type KmsCallName, sortKmsError } from './kms-errors.ts';
import { isAboutKey } from './kms-key-name.ts';

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

export interface KmsDataKeysOptions extends KmsClientOptions {
  /** Key id, key ARN, alias name or alias ARN of a symmetric key. An ARN also names the region. */
  readonly keyId: string;
  /** The key that data keys are moved from by `reencrypt`; without it there is no such call. */
  readonly sourceKeyId?: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface KmsDataKeys extends DataKeyService {
  /** Closes idle connections. */
  close(): void;
}

/**
 * A {@link DataKeyService} of AWS KMS. Writing needs `kms:GenerateDataKey` on the key and no more; reading needs `kms:Decrypt`;
 * wrapping a given key `kms:Encrypt`; moving to another key `kms:ReEncryptFrom` on the one and `kms:ReEncryptTo` on the other.
 *
 * Its calls throw `KMS_THROTTLED`, `KMS_UNAVAILABLE`, `OUT_OF_TIME` (retryable); `KMS_DENIED`, `KMS_KEY_UNUSABLE`,
 * `DECRYPT_FAILED`, `CONFIG_INVALID` (not). The plaintext keys they give are the caller's to erase.
 */
export function createKmsDataKeys(options: KmsDataKeysOptions): KmsDataKeys {
  const { keyId, clock, logger } = options;
  const client = createClient(options);
  const call = <T>(
    operation: KmsCallName,
    budget: Budget,
    send: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
  ): Promise<T> =>
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
    );
  const reencrypt = async (
    source: string,
    wrapped: Uint8Array,
    context: EncryptionContext,
    budget: Budget,
  ) => {
    const answer = await call('ReEncrypt', budget, (options) =>
      client.send(
        new ReEncryptCommand({
          CiphertextBlob: wrapped,
          // as with Decrypt: a key of somebody else's choice must not be laundered into one under ours
          SourceKeyId: source,
          SourceEncryptionContext: context,
          DestinationKeyId: keyId,
          DestinationEncryptionContext: context,
        }),
        options,
      ),
    );
    const { CiphertextBlob, SourceKeyId, KeyId } = answer;
    if (CiphertextBlob === undefined || KeyId === undefined) throw incomplete('ReEncrypt');
    assertAbout('ReEncrypt', source, SourceKeyId);
    assertAbout('ReEncrypt', keyId, KeyId);
    return { wrapped: CiphertextBlob, sameKey: SourceKeyId === KeyId };
  };
  const { sourceKeyId } = options;
  const moving: Pick<DataKeyService, 'reencrypt'> =
    sourceKeyId === undefined
      ? {}
      : {
          async reencrypt(wrapped, context, budget = unlimited) {
            try {
              return await reencrypt(sourceKeyId, wrapped, context, budget);
            } catch (error) {
              // not under the old key: then it may have been moved already
              if (toArchiveError(error).code !== 'DECRYPT_FAILED') throw error;
              return reencrypt(keyId, wrapped, context, budget);
            }
          },
        };
  return {
    ...moving,
    async encrypt(plaintext, context, budget = unlimited) {
      const { CiphertextBlob, KeyId } = await call('Encrypt', budget, (options) =>
        client.send(
          new EncryptCommand({ KeyId: keyId, Plaintext: plaintext, EncryptionContext: context }),
          options,
        ),
      );
      if (CiphertextBlob === undefined || KeyId === undefined) throw incomplete('Encrypt');
      assertAbout('Encrypt', keyId, KeyId);
      return CiphertextBlob;
    },
    async generate(context, budget = unlimited) {
      const { Plaintext, CiphertextBlob, KeyId } = await call('GenerateDataKey', budget, (options) =>
        client.send(
          new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: 'AES_256', EncryptionContext: context }),
          options,
        ),
      );
      if (Plaintext === undefined || CiphertextBlob === undefined || KeyId === undefined)
        throw incomplete('GenerateDataKey');
      assertAbout('GenerateDataKey', keyId, KeyId, Plaintext);
      return { plaintext: Plaintext, wrapped: CiphertextBlob };
    },
    async decrypt(wrapped, context, budget = unlimited) {
      const { Plaintext, KeyId } = await call('Decrypt', budget, (options) =>
        // naming the key keeps whoever can replace the wrapped key from choosing one of their own
        client.send(
          new DecryptCommand({ KeyId: keyId, CiphertextBlob: wrapped, EncryptionContext: context }),
          options,
        ),
      );
      if (Plaintext === undefined || KeyId === undefined) throw incomplete('Decrypt');
      assertAbout('Decrypt', keyId, KeyId, Plaintext);
      return Plaintext;
    },
    close: () => client.destroy(),
  };
}

/** A client whose retries are left to {@link withRetry}, so that they are not multiplied. */
function createClient(options: KmsDataKeysOptions): KMSClient {
  const timeouts = { ...DEFAULT_KMS_TIMEOUTS, ...options.timeouts };
  const { endpoint, credentials } = options;
  const region = options.region ?? regionOfArn(options.keyId);
  const given: KMSClientConfig = {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
  };
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
 * A data key of another key is used for nothing, whoever gives it.
 *
 * @param secret erased when the answer is refused.
 * @throws `KMS_UNAVAILABLE` (retryable: the recording is to be kept, by whatever KMS answers for the configured key).
 */
function assertAbout(
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
      hint: 'nothing was used of it: check ARCHIVE_KMS_KEY_ID, and AWS_ENDPOINT_URL_KMS for a server that answers in the place of KMS',
      details: { reason: 'OtherKey' },
    },
  );
}

function incomplete(operation: string): ArchiveError {
  return new ArchiveError('KMS_UNAVAILABLE', `KMS ${operation}: the answer holds no key`);
}
