import { ArchiveError } from '../errors.ts';
import { EndWatch } from './container-end.ts';
import { detectContainer, HEAD_BYTES, looksLikeMarkup } from './container.ts';

/** One AES-GCM message holds at most 2^36 − 32 bytes (NIST SP 800-38D, section 5.2.1.1). */
export const LARGEST_RECORDING = 2 ** 36 - 32;

export interface MediaFacts {
  /** Bytes, as the media host declared them. */
  readonly contentLength: number | undefined;
  /** As the platform states it. */
  readonly durationMs?: number | undefined;
}

/** Bytes. No recording of a second or more fits in less than this, but a WAV header without audio does (44 bytes). */
const SMALLEST_SECOND = 100;

/** Bytes. Whatever the format, its first header alone is longer; RIFF, the shortest to tell, needs this many. */
const SMALLEST_FILE = 12;

export interface MediaCount {
  bytes: number;
  /** True when a declared length, or the container's own, has confirmed that nothing is missing at the end. */
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
  { contentLength, durationMs = 0 }: MediaFacts,
  count: MediaCount,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (contentLength !== undefined && contentLength > LARGEST_RECORDING) throw tooLarge();
  let head: Buffer | undefined = Buffer.alloc(0);
  let containerBytes: number | undefined;
  const inspect = (bytes: Buffer) => {
    if (looksLikeMarkup(bytes)) {
      throw new ArchiveError(
        'MEDIA_NOT_AUDIO',
        'the media host sent a web page or XML document, not a recording',
      );
    }
    containerBytes = detectContainer(bytes)?.totalBytes;
    head = undefined;
  };
  const end = new EndWatch();
  for await (const chunk of contentLength === undefined ? end.watch(chunks) : chunks) {
    count.bytes += chunk.byteLength;
    if (count.bytes > LARGEST_RECORDING) throw tooLarge();
    if (contentLength !== undefined && count.bytes > contentLength) {
      throw truncated(`more than the declared ${contentLength} bytes arrived`);
    }
    if (head === undefined) {
      yield chunk;
    } else {
      // the first read holds it whole, as a rule, and is not copied for it
      const whole: Buffer = head.length === 0 ? asBuffer(chunk) : Buffer.concat([head, chunk]);
      if (whole.length < HEAD_BYTES) {
        head = Buffer.from(whole);
        continue;
      }
      inspect(whole.subarray(0, HEAD_BYTES));
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
  if (count.bytes < SMALLEST_FILE) throw truncated(`${count.bytes} bytes are no recording`);
  if (containerBytes !== undefined && count.bytes < containerBytes) {
    throw truncated(`${count.bytes} of the ${containerBytes} bytes that its own header states arrived`);
  }
  if (durationMs >= 1000 && count.bytes < SMALLEST_SECOND) {
    throw truncated(`${count.bytes} bytes cannot hold ${durationMs} ms`);
  }
  const verdict = end.verdict();
  if (verdict === 'cut') throw truncated('its last bytes are not the end of such a file');
  count.lengthVerified = contentLength !== undefined || containerBytes !== undefined || verdict === 'whole';
}

/** The same memory. */
function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function truncated(why: string): ArchiveError {
  return new ArchiveError('MEDIA_TRUNCATED', `the recording is not whole: ${why}`);
}

function tooLarge(): ArchiveError {
  return new ArchiveError('MEDIA_TOO_LARGE', `the recording is larger than ${LARGEST_RECORDING} bytes`);
}
