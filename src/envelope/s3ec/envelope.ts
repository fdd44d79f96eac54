/** The S3 Encryption Client formats as the archive writes them: bound to the ids of a recording. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { Envelope, RecordingIds } from '../../ports.ts';
import { present } from '../../present.ts';
import { type EncryptionContext, type KeyWrapper, ORGANIZATION_NAME } from '../key-wrap.ts';
import { S3EC_V2, sealS3ecV2 } from './v2.ts';
import { type Placement, S3EC_V3, type S3ecV3Sealer, sealS3ecV3 } from './v3.ts';

export interface S3ecEnvelopeOptions {
  readonly format: typeof S3EC_V2 | typeof S3EC_V3;
  readonly wrapper: KeyWrapper;
  /** The organization the recordings belong to; needed when the wrap binds a context. */
  readonly organizationId?: string;
  /** Where the wrapped data key goes; instruction files exist in `s3ec-v3` only. Default `metadata`. */
  readonly placement?: Placement;
}

export interface S3ecEnvelope extends Envelope {
  /** The sealer's `instruction`, when there is one, must be stored beside the object, which cannot be read without it. */
  seal(ids: RecordingIds, budget?: Budget): Promise<S3ecV3Sealer>;
}

/** @throws `CONFIG_INVALID` when the options contradict each other. */
export function createS3ecEnvelope(options: S3ecEnvelopeOptions): S3ecEnvelope {
  const { format, wrapper, organizationId, placement = 'metadata' } = options;
  if (wrapper.bindsContext && organizationId === undefined) {
    throw new ArchiveError('CONFIG_INVALID', 'this key wrap binds the organization id, which is not set', {
      hint: 'set GENESYS_ORGANIZATION_ID',
    });
  }
  if (format === S3EC_V2 && placement === 'instruction') {
    throw new ArchiveError(
      'CONFIG_INVALID',
      's3ec-v2 does not commit to its data key, so its key is never put into an instruction file',
    );
  }
  return {
    format,
    seal(ids, budget) {
      const context = organizationId === undefined ? {} : recordingContext(organizationId, ids);
      return format === S3EC_V2
        ? sealS3ecV2(wrapper, context, budget)
        : sealS3ecV3(wrapper, context, placement, budget);
    },
  };
}

/** What the ids of a recording are called in an encryption context. */
export const CONTEXT_NAMES = {
  organizationId: ORGANIZATION_NAME,
  conversationId: 'conversation-id',
  recordingId: 'recording-id',
} as const;

/**
 * The encryption context of a recording. These three names are frozen: readers must pass the very same set for ever. No
 * name, number or address of a person is among them, for KMS logs the context in clear text.
 */
export function recordingContext(
  organizationId: string,
  ids: Pick<RecordingIds, 'conversationId' | 'recordingId'>,
): EncryptionContext {
  return {
    [CONTEXT_NAMES.organizationId]: organizationId,
    [CONTEXT_NAMES.conversationId]: ids.conversationId,
    [CONTEXT_NAMES.recordingId]: ids.recordingId,
  };
}

/** The same, of what is known; an object from before receipts may not say which conversation it belongs to. */
export function partialContext(
  organizationId: string | undefined,
  { conversationId, recordingId }: Partial<RecordingIds>,
): EncryptionContext {
  return present({
    [CONTEXT_NAMES.organizationId]: organizationId,
    [CONTEXT_NAMES.conversationId]: conversationId,
    [CONTEXT_NAMES.recordingId]: recordingId,
  });
}
