import { ArchiveError } from '../errors.ts';
import {
  contentOf,
  type Expectation,
  expectationOf,
  needsMoreBytes,
  unexpectedContent,
} from '../media-content.ts';
import type { MediaItem, MediaStream } from '../ports.ts';
import { EndWatch } from './container-end.ts';
import { detectContainer, HEAD_BYTES, looksLikeMarkup } from './container.ts';
import { RiffStructure } from './riff-structure.ts';

/** One AES-GCM message holds at most 2^36 − 32 bytes (NIST SP 800-38D, section 5.2.1.1). */
export const MAX_RECORDING_BYTES = 2 ** 36 - 32;

export interface MediaFacts {
  /** Bytes, as the media host declared them. */
  readonly contentLength: number | undefined;
  /** Of a body without a declared length: the transfer coding has told its end (RFC 9112, section 7.1). */
  readonly isFramed?: boolean | undefined;
  /** In lower case, without parameters. */
  readonly contentType?: string | undefined;
  /** What the file may be; where it is not said, anything but markup. */
  readonly expected?: Expectation | undefined;
  /** As the platform states it. */
  readonly durationMs?: number | undefined;
}

/** What is known of a download before its first byte. */
export function mediaFacts(item: MediaItem, stream: Omit<MediaStream, 'chunks' | 'resumes'>): MediaFacts {
  const { contentLength, contentType } = stream;
  const isFramed = contentLength !== undefined || stream.isFramed === true;
  const { durationMs } = item;
  return { contentLength, isFramed, contentType, expected: expectationOf(item), durationMs };
}

/** Bytes. No recording of a second or more fits in less than this, but a WAV header without audio does (44 bytes). */
const MIN_BYTES_PER_SECOND = 100;

/** Bytes. The first header of every format is longer; RIFF, the shortest to tell, needs this many. */
const MIN_FILE_BYTES = 12;

export interface MediaCount {
  bytes: number;
  /**
   * True when a declared length that the file does not contradict, or the container's own, has confirmed that nothing is missing at
   * the end. Otherwise two downloads must agree.
   */
  lengthVerified: boolean;
}

/**
 * Passes the bytes on and throws instead of ending when they are not a whole recording. It ends only after every check has
 * passed, so a cipher behind it is finalised only for a whole recording.
 *
 * @throws `MEDIA_TRUNCATED`, `MEDIA_NOT_AUDIO` (retryable), `MEDIA_TOO_LARGE` (not).
 */
export async function* guardMedia(
  chunks: AsyncIterable<Uint8Array>,
  facts: MediaFacts,
  count: MediaCount,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { contentLength, durationMs = 0 } = facts;
  if (contentLength !== undefined && contentLength > MAX_RECORDING_BYTES) throw tooLarge();
  let head: Buffer | undefined = Buffer.alloc(0);
  let containerBytes: number | undefined;
  const inspect = (bytes: Buffer) => {
    refuseForeign(bytes, facts);
    containerBytes = detectContainer(bytes.subarray(0, HEAD_BYTES))?.totalBytes;
    head = undefined;
  };
  const structure = new RiffStructure();
  const end = new EndWatch();
  for await (const chunk of contentLength === undefined ? end.watch(chunks) : chunks) {
    count.bytes += chunk.byteLength;
    structure.push(chunk);
    if (count.bytes > MAX_RECORDING_BYTES) throw tooLarge();
    if (contentLength !== undefined && count.bytes > contentLength) {
      throw truncated(`more than the declared ${contentLength} bytes arrived`);
    }
    if (head === undefined) {
      yield chunk;
    } else {
      // the first read holds it whole, as a rule, and is not copied for it
      const whole: Buffer = head.length === 0 ? asBuffer(chunk) : Buffer.concat([head, chunk]);
      if (whole.length < HEAD_BYTES || needsMoreBytes(whole)) {
        head = Buffer.from(whole);
        continue;
      }
      inspect(whole);
      yield whole;
    }
  }
  if (head !== undefined) {
    const whole: Buffer = head;
    inspect(whole);
    if (whole.length === 0) throw truncated('the recording is empty');
    yield whole;
  }
  if (contentLength !== undefined && count.bytes !== contentLength) {
    throw truncated(`${count.bytes} of the declared ${contentLength} bytes arrived`);
  }
  if (count.bytes < MIN_FILE_BYTES) throw truncated(`${count.bytes} bytes are no recording`);
  const riff = structure.verdict(containerBytes);
  const isFramed = contentLength !== undefined || facts.isFramed === true;
  if (riff.verdict === 'cut' || (riff.verdict === 'overstated' && !isFramed)) {
    throw truncated(`${count.bytes} of the ${riff.totalBytes} bytes that its own header states arrived`);
  }
  if (durationMs >= 1000 && count.bytes < MIN_BYTES_PER_SECOND) {
    throw truncated(`${count.bytes} bytes cannot hold ${durationMs} ms`);
  }
  const verdict = end.verdict();
  if (verdict === 'cut') throw truncated('its last bytes are not the end of such a file');
  const isContradicted = riff.verdict === 'doubtful' || riff.verdict === 'overstated';
  const isProven = contentLength !== undefined || riff.verdict === 'whole' || verdict === 'whole';
  count.lengthVerified = isProven && !isContradicted;
}

function refuseForeign(head: Buffer, { expected, contentType }: MediaFacts): void {
  // markup is told by its first tag alone
  const content = looksLikeMarkup(head) ? 'markup' : contentOf(head);
  const found =
    expected === undefined
      ? unexpectedContent(content, 'json', undefined)
      : unexpectedContent(content, expected, contentType);
  if (found === undefined) return;
  throw new ArchiveError('MEDIA_NOT_AUDIO', `the media host sent ${found}, not a recording`);
}

/** The same memory. */
function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function truncated(why: string): ArchiveError {
  return new ArchiveError('MEDIA_TRUNCATED', `the recording is not whole: ${why}`);
}

function tooLarge(): ArchiveError {
  return new ArchiveError('MEDIA_TOO_LARGE', `the recording is larger than ${MAX_RECORDING_BYTES} bytes`);
}
