/** New objects of format V3 for recordings that are archived already, with what is known of their ids. */
import type { Budget } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import type { EnvelopeReader, RecordingIds, Sealer } from '../ports.ts';
import type { KeyWrapper } from './key-wrap.ts';
import { partialContext } from './s3ec/envelope.ts';
import { S3EC_V3, sealS3ecV3 } from './s3ec/v3.ts';

export interface Resealer {
  readonly format: string;
  /** @throws what the key service throws. */
  seal(ids: Partial<RecordingIds>, budget: Budget): Promise<Sealer>;
}

/** @throws `CONFIG_INVALID` (not retryable) when the wrap binds a context, and the organization it names is not known. */
export function createResealer(wrapper: KeyWrapper, organizationId: string | undefined): Resealer {
  if (wrapper.bindsContext && organizationId === undefined) {
    throw new ArchiveError('CONFIG_INVALID', 'this key wrap binds the organization id, which is not set', {
      hint: 'set GENESYS_ORGANIZATION_ID',
    });
  }
  return {
    format: S3EC_V3,
    seal: (ids, budget) => sealS3ecV3(wrapper, partialContext(organizationId, ids), 'metadata', budget),
  };
}

/**
 * Opens an envelope that holds nothing, the way a new object will be read back: a missing key is noticed before anything is
 * written. Of KMS it asks one data key, and to decrypt it.
 *
 * @throws `CONFIG_INVALID` (not retryable) when `reader` does not hold the key; what the key service throws.
 */
export async function requireReadable(
  resealer: Resealer,
  reader: EnvelopeReader,
  budget: Budget,
): Promise<void> {
  const { metadata, overhead } = await resealer.seal({}, budget);
  try {
    await reader.unseal({ key: 'a new object', metadata, size: overhead }, { budget });
  } catch (error) {
    if (toArchiveError(error).code !== 'DECRYPT_FAILED') throw error;
    throw new ArchiveError(
      'CONFIG_INVALID',
      'the new objects could not be read back: the key they would be wrapped for is not among those that read',
      { hint: 'for RSA, set ARCHIVE_PRIVATE_KEY_FILE to the other half of ARCHIVE_PUBLIC_KEY_FILE' },
    );
  }
}
