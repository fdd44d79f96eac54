/**
 * Adoption: an object of format `static-gcm` gets an instruction file of format V2 that holds the static key, wrapped. Its bytes
 * are the bytes of a V2 object already (AES-256-GCM, no additional authenticated data, tag at the end), so that AWS's clients read
 * it from then on. V2 does not commit to its key: a writer of the instruction file can replace it (CVE-2025-14763).
 */
import { ArchiveError } from '../errors.ts';
import type { KeyAdopter } from '../ports.ts';
import { detectFormat, needsInstruction } from './detect.ts';
import { KEY_LENGTH, plaintextSize } from './gcm.ts';
import type { KeyWrapper } from './key-wrap.ts';
import { partialContext } from './s3ec/envelope.ts';
import { formatS3ecV2, V2_CONTENT_ALGORITHM } from './s3ec/v2.ts';
import { createInstruction } from './s3ec/v3.ts';
import { parseStaticMetadata, STATIC_GCM } from './static-gcm.ts';

export interface AdopterOptions {
  /** 32 bytes, the key the objects were written with; copied. */
  readonly staticKey: Uint8Array;
  readonly wrapper: KeyWrapper;
  /** The organization the recordings belong to; needed when the wrap binds a context. */
  readonly organizationId?: string | undefined;
}

export interface Adopter extends KeyAdopter {
  /** Erases the copy of the static key. */
  end(): void;
}

/** @throws `CONFIG_INVALID` (not retryable) when the static key has another length, or the organization is missing. */
export function createAdopter({ staticKey, wrapper, organizationId }: AdopterOptions): Adopter {
  if (staticKey.length !== KEY_LENGTH) {
    throw new ArchiveError('CONFIG_INVALID', `the static key has ${staticKey.length} bytes instead of 32`);
  }
  if (wrapper.bindsContext && organizationId === undefined) {
    throw new ArchiveError('CONFIG_INVALID', 'this key wrap binds the organization id, which is not set', {
      hint: 'set GENESYS_ORGANIZATION_ID',
    });
  }
  const key = Buffer.from(staticKey);
  return {
    async adopt(stat, ids, budget) {
      if (needsInstruction(stat.metadata)) return undefined;
      const { format, metadata } = detectFormat(stat.metadata);
      if (format !== STATIC_GCM) return undefined;
      plaintextSize(stat.size);
      const iv = parseStaticMetadata(metadata);
      const context = partialContext(organizationId, ids);
      const edk = await wrapper.wrap(key, V2_CONTENT_ALGORITHM, context, budget);
      return createInstruction(formatS3ecV2(edk, iv));
    },
    end: () => key.fill(0),
  };
}
