/**
 * Data keys from AWS KMS. Every object gets one of its own: there is no cache, for a cached key would be shared by objects
 * that are erased, audited and limited one by one (and see CVE-2026-6550).
 */
import {
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  ReEncryptCommand,
} from '@aws-sdk/client-kms';
import { type Budget, type Clock, unlimited } from '../../clock.ts';
import { toArchiveError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { DataKeyService, EncryptionContext } from '../key-wrap.ts';
import { assertAbout, connectKms, incomplete, type KmsClientOptions } from './client.ts';

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
  const { keyId, sourceKeyId } = options;
  const { client, call } = connectKms(options);
  const service: KmsDataKeys = {
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
        // names the key, so that a writer who replaces the wrapped key cannot choose another
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
  if (sourceKeyId === undefined) return service;
  return { ...service, reencrypt: moveTo(keyId, sourceKeyId, { client, call }) };
}

/** Moves data keys to the key `keyId` from `sourceKeyId`, and from itself where they were moved already. */
function moveTo(
  keyId: string,
  sourceKeyId: string,
  { client, call }: ReturnType<typeof connectKms>,
): NonNullable<DataKeyService['reencrypt']> {
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
          // as with Decrypt: a data key under a foreign key must not become one under ours
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
  return async (wrapped, context, budget = unlimited) => {
    try {
      return await reencrypt(sourceKeyId, wrapped, context, budget);
    } catch (error) {
      // not under the old key: then it may have been moved already
      if (toArchiveError(error).code !== 'DECRYPT_FAILED') throw error;
      return reencrypt(keyId, wrapped, context, budget);
    }
  };
}
