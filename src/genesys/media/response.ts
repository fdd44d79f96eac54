import { ArchiveError } from '../../errors.ts';
import type { HttpResponse } from '../../http/transport.ts';
import {
  contentOf,
  expectationOf,
  MAX_SNIFFED_BYTES,
  needsMoreBytes,
  unexpectedContent,
} from '../../media-content.ts';
import type { MediaItem } from '../../ports.ts';

/** What the first response said of the file; every later response must agree. */
export interface Version {
  readonly contentLength: number | undefined;
  readonly contentType: string | undefined;
  readonly etag: string | undefined;
}

/** Enough to tell any container. */
const MIN_JUDGED_BYTES = 64;

/**
 * Values of `Content-Encoding` that leave the bytes as they are: `identity`; `aws-chunked`, which S3 keeps of uploads that were made
 * with it; and words that hosts write there although they name no coding.
 */
const ENCODES_NOTHING = new Set(['', 'identity', 'aws-chunked', 'none', 'binary', '7bit', '8bit', 'utf-8']);

/** The first coding that changes the bytes (RFC 9110, section 8.4), as far as it may be printed. */
function codingOf(encoding = ''): string | undefined {
  const coding = encoding.split(',').map((one) => one.trim().toLowerCase());
  const found = coding.find((one) => !ENCODES_NOTHING.has(one));
  return found?.replaceAll(/[^a-z0-9.-]/g, '?').slice(0, 20);
}

/**
 * What the first response says of the file.
 * @throws `MEDIA_NOT_AUDIO` (retryable) for a partial or an encoded body.
 */
export function versionOf(response: HttpResponse): Version {
  const { headers, status } = response;
  const coding = codingOf(headers['content-encoding']);
  if (status !== 200 || coding !== undefined) {
    response.discard();
    const what = coding === undefined ? 'a partial body' : `a body in the encoding ${coding}`;
    throw new ArchiveError(
      'MEDIA_NOT_AUDIO',
      `the media host answered ${status} with ${what}, not a recording`,
      {
        details: { status },
      },
    );
  }
  const length = headers['content-length'];
  return {
    contentLength: length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined,
    contentType: headers['content-type']?.split(';')[0]?.trim().toLowerCase(),
    etag: headers['etag'],
  };
}

/** The body tells its own end (RFC 9112, section 7.1). */
export function isChunked({ headers }: HttpResponse): boolean {
  return headers['transfer-encoding']?.toLowerCase() === 'chunked';
}

/**
 * Error and login pages come as markup, JSON or text. What is labelled as one of them passes only when its bytes are a recording, or
 * when the platform announced it.
 */
export async function* refusePages(
  chunks: AsyncIterable<Uint8Array>,
  item: MediaItem,
  contentType: string | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let head: Buffer | undefined = Buffer.alloc(0);
  const judge = (bytes: Buffer) => {
    head = undefined;
    const found = unexpectedContent(contentOf(bytes), expectationOf(item), contentType);
    if (found === undefined) return;
    throw new ArchiveError('MEDIA_NOT_AUDIO', `the media host sent ${found}, not a recording`);
  };
  for await (const chunk of chunks) {
    if (head === undefined) {
      yield chunk;
      continue;
    }
    const whole: Buffer = Buffer.concat([head, chunk]);
    head = whole;
    if (whole.length < MIN_JUDGED_BYTES || needsMoreBytes(whole)) continue;
    judge(whole.subarray(0, MAX_SNIFFED_BYTES));
    yield whole;
  }
  if (head === undefined) return;
  const whole: Buffer = head;
  judge(whole);
  if (whole.length > 0) yield whole;
}
