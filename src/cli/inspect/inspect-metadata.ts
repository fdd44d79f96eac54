import { detectFormat, needsInstruction } from '../../envelope/detect.ts';
import { bindsStoredContext, callerContext, type ReadableWrapAlgorithm } from '../../envelope/key-wrap.ts';
import { parseS3ecV2 } from '../../envelope/s3ec/v2.ts';
import { parseS3ecV3, S3EC_V3 } from '../../envelope/s3ec/v3.ts';
import { parseStaticMetadata, STATIC_GCM } from '../../envelope/static-gcm.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { canonicalMetadata } from '../../metadata-names.ts';
import type { ObjectStat } from '../../ports.ts';
import type { Encryption } from './openssl-snippet.ts';

/** Bytes; GCM's tag stands at the end of every object, in every format. */
export const TAG_BYTES = 16;

/** How the data key of an object is kept. */
export interface Wrapping {
  /** Of the object as AWS's clients read it; `s3ec-v2` also for one of the static key that was adopted. */
  readonly format: 's3ec-v2' | 's3ec-v3';
  readonly placement: 'metadata' | 'instruction';
  readonly wrap: ReadableWrapAlgorithm;
  /** The kid the object names; KMS keeps its key's id within the wrapped data key. */
  readonly keyId: string | undefined;
  readonly context: Readonly<Record<string, string>> | undefined;
  /** Base64; `none` where the format does not commit to its key. */
  readonly commitment: string;
  readonly encryption: Exclude<Encryption, { readonly format: typeof STATIC_GCM }>;
}

export interface Inspection {
  readonly format: string;
  readonly wrapping?: Wrapping | undefined;
  /** Base64, where the format keeps one per object in the metadata. */
  readonly iv: string | undefined;
  readonly problem: ArchiveError | undefined;
}

/** Read without a key, so neither the wrap nor the commitment is checked here. */
export function inspectMetadata(stat: ObjectStat, instruction: string | undefined): Inspection {
  const { metadata, size } = stat;
  try {
    const isSplit = needsInstruction(metadata);
    if (
      isSplit &&
      instruction === undefined &&
      Object.keys(canonicalMetadata(metadata).metadata).some((name) => name.startsWith('x-amz-'))
    ) {
      return {
        format: 's3ec, its data key in an instruction file, which is missing',
        iv: undefined,
        problem: undefined,
      };
    }
    const detected = detectFormat(metadata, isSplit ? instruction : undefined);
    const { format } = detected;
    const iv = format === STATIC_GCM ? parseStaticMetadata(detected.metadata).toString('base64') : undefined;
    const problem =
      size < TAG_BYTES
        ? new ArchiveError('OBJECT_MALFORMED', 'the object is shorter than its tag')
        : undefined;
    const wrapping = problem === undefined ? readWrapping(stat, instruction) : undefined;
    return { format, iv, problem, wrapping };
  } catch (error) {
    return { format: 'unknown', iv: undefined, problem: toArchiveError(error) };
  }
}

/** `undefined` for an object of the static key that was not adopted. @throws `OBJECT_MALFORMED`. */
function readWrapping({ metadata, size }: ObjectStat, instruction: string | undefined): Wrapping | undefined {
  const own = needsInstruction(metadata) ? undefined : detectFormat(metadata);
  const detected = own === undefined || own.format === STATIC_GCM ? detectFormat(metadata, instruction) : own;
  const { format, placement } = detected;
  if (format === STATIC_GCM) return undefined;
  const encryption = readEncryption(format, detected.metadata, size);
  const { wrapAlgorithm: wrap, description } = encryption.edk;
  const isBound = bindsStoredContext(encryption.edk);
  return {
    format,
    placement,
    wrap,
    keyId: isBound ? undefined : description['kid'],
    context: isBound ? callerContext(description) : undefined,
    commitment:
      encryption.format === S3EC_V3 ? Buffer.from(encryption.commitment).toString('base64') : 'none',
    encryption,
  };
}

function readEncryption(format: Wrapping['format'], metadata: ObjectStat['metadata'], size: number) {
  if (format === S3EC_V3) {
    const { messageId, commitment, ...edk } = parseS3ecV3(metadata, size);
    return { format, messageId, commitment, edk } as const;
  }
  const { iv, ...edk } = parseS3ecV2(metadata, size);
  return { format, iv, edk } as const;
}
