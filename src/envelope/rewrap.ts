/** Moves data keys under another wrapping key. The media are never read: only what stands beside them changes. */
import { canonicalMetadata } from '../metadata-names.ts';
import { ArchiveError } from '../errors.ts';
import type { Budget } from '../clock.ts';
import type { KeyRewrapper, RecordingIds } from '../ports.ts';
import { type DetectedFormat, detectFormat, needsInstruction, V3_WRAP } from './detect.ts';
import {
  bindsStoredContext,
  callerContext,
  type ContentAlgorithm,
  type KeyUnwrapper,
  type KeyWrapper,
  requireContextHolds,
  type StoredDataKey,
  unwrapDataKey,
  type WrappedDataKey,
} from './key-wrap.ts';
import { type Metadata, requireFittingMetadata } from './metadata.ts';
import { CONTEXT_NAMES, partialContext } from './s3ec/envelope.ts';
import { formatS3ecV2, parseS3ecV2, type S3EC_V2, V2_CONTENT_ALGORITHM } from './s3ec/v2.ts';
import {
  createInstruction,
  parseS3ecV3,
  requireCommitment,
  S3EC_V3,
  V3_CONTENT_ALGORITHM,
  wrapMetadata,
} from './s3ec/v3.ts';
import { STATIC_GCM } from './static-gcm.ts';

export interface RewrapperOptions {
  /** The keys that data keys are under now. */
  readonly unwrappers: readonly KeyUnwrapper[];
  /** The new wrapping key. */
  readonly wrapper: KeyWrapper;
  readonly organizationId?: string | undefined;
}

/** @throws `CONFIG_INVALID` when the wrap binds a context, and the organization it names is not known. */
export function createRewrapper({ unwrappers, wrapper, organizationId }: RewrapperOptions): KeyRewrapper {
  if (wrapper.bindsContext && organizationId === undefined) {
    throw new ArchiveError('CONFIG_INVALID', 'this key wrap binds the organization id, which is not set', {
      hint: 'set GENESYS_ORGANIZATION_ID',
    });
  }
  const move = async (
    object: WrappedObject,
    ids: Partial<RecordingIds>,
    budget: Budget,
  ): Promise<{ readonly edk: WrappedDataKey; readonly isCommitted: boolean } | undefined> => {
    const { edk, contentAlgorithm } = object;
    if (wrapper.isOwn(edk)) return undefined;
    const bound = bindsStoredContext(edk);
    if (bound) requireContextHolds(edk.description, knownContext(organizationId, ids));
    const moved = await wrapper.rewrap?.(edk, budget);
    if (moved === 'own') return undefined;
    // within the key service: the data key was never here
    if (moved !== undefined) return { edk: moved, isCommitted: false };
    const dataKey = await unwrapDataKey(edk, contentAlgorithm, { unwrappers }, budget);
    try {
      const isCommitted = object.check(dataKey);
      const context = bound ? callerContext(edk.description) : partialContext(organizationId, ids);
      return { edk: await wrapper.wrap(dataKey, contentAlgorithm, context, budget), isCommitted };
    } finally {
      dataKey.fill(0);
    }
  };
  return {
    async rewrap(stat, instruction, ids, budget) {
      const { format, placement, metadata: found } = detect(stat.metadata, instruction);
      if (format === STATIC_GCM) return { state: 'unwrapped', format };
      const object = readWrapped(format, found, stat.size);
      const moved = await move(object, ids, budget);
      if (moved === undefined) return { state: 'current' };
      const { edk, isCommitted } = moved;
      if (placement === 'instruction') {
        return { state: 'instruction', instruction: createInstruction(object.format(edk)), isCommitted };
      }
      const metadata = { ...withoutWrap(canonicalMetadata(stat.metadata).metadata), ...object.format(edk) };
      requireFittingMetadata(metadata);
      return { state: 'metadata', metadata, isCommitted };
    },
  };
}

/** An object of the static key is read by its instruction file where it has been given one, and only that can be rewrapped. */
function detect(metadata: Metadata, instruction: string | undefined): DetectedFormat {
  if (needsInstruction(metadata)) return detectFormat(metadata, instruction);
  const detected = detectFormat(metadata);
  return detected.format === STATIC_GCM ? detectFormat(metadata, instruction) : detected;
}

interface WrappedObject {
  readonly edk: StoredDataKey;
  readonly contentAlgorithm: ContentAlgorithm;
  /**
   * Whether the object commits to this data key; false where it commits to none.
   * @throws `DECRYPT_FAILED` when it commits to another.
   */
  check(dataKey: Uint8Array): boolean;
  /** What `edk` looks like in metadata or an instruction file. */
  format(edk: WrappedDataKey): Record<string, string>;
}

function readWrapped(
  format: typeof S3EC_V2 | typeof S3EC_V3,
  metadata: Metadata,
  size: number,
): WrappedObject {
  if (format === S3EC_V3) {
    const header = parseS3ecV3(metadata, size);
    return {
      edk: header,
      contentAlgorithm: V3_CONTENT_ALGORITHM,
      check(dataKey) {
        requireCommitment(dataKey, header);
        return true;
      },
      format: wrapMetadata,
    };
  }
  const header = parseS3ecV2(metadata, size);
  return {
    edk: header,
    contentAlgorithm: V2_CONTENT_ALGORITHM,
    // V2 does not commit to its key: only the tag of the whole object could tell
    check: () => false,
    format: (edk) => formatS3ecV2(edk, header.iv),
  };
}

function knownContext(
  organizationId: string | undefined,
  { recordingId, conversationId }: Partial<RecordingIds>,
): Readonly<Record<string, string | undefined>> {
  return {
    [CONTEXT_NAMES.organizationId]: organizationId,
    [CONTEXT_NAMES.recordingId]: recordingId,
    [CONTEXT_NAMES.conversationId]: conversationId,
  };
}

/** `x-amz-t` and `x-amz-m` exclude each other, so the old one may not outlive its wrap. An object of V2 has none of these names. */
function withoutWrap(metadata: Metadata): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !V3_WRAP.includes(name)));
}
