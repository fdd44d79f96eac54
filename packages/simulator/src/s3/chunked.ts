import { createHash } from 'node:crypto';
import { S3Refusal } from './refusal.ts';
import { equalSignatures, type RequestSignature, signChunk, signTrailers } from '../aws/sigv4.ts';

/**
 * Content encoding `aws-chunked`: `hex-size[;chunk-signature=…]CRLF bytes CRLF`, a chunk of size 0, then trailers.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
export const STREAMING_PAYLOADS: ReadonlySet<string> = new Set([
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
]);

/** Bytes; a chunk header or trailer line longer than this is no line of this encoding. */
const MAX_LINE_BYTES = 4096;

/** Hands out lines and byte runs of a stream without joining more of it than one line. */
class ChunkReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async #pull(): Promise<Buffer> {
    const next = await this.#source.next();
    if (next.done === true) throw new S3Refusal('IncompleteBody');
    return Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
  }

  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf('\r\n');
      if (end > MAX_LINE_BYTES || (end < 0 && this.#rest.length > MAX_LINE_BYTES)) {
        throw new S3Refusal('InvalidRequest', 'The aws-chunked body is malformed.');
      }
      if (end >= 0) {
        const line = this.#rest.toString('latin1', 0, end);
        this.#rest = this.#rest.subarray(end + 2);
        return line;
      }
      this.#rest = Buffer.concat([this.#rest, await this.#pull()]);
    }
  }

  async *bytes(count: number): AsyncGenerator<Buffer> {
    let left = count;
    while (left > 0) {
      if (this.#rest.length === 0) this.#rest = await this.#pull();
      const run = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(run.length);
      left -= run.length;
      yield run;
    }
  }

  /** Lets go of the source, wherever it stands. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  /** Reads what is left, so that the connection can carry the next request. */
  async finish(): Promise<void> {
    if (this.#rest.length > 0) throw new S3Refusal('InvalidRequest', 'There is data after the last chunk.');
    const next = await this.#source.next();
    if (next.done !== true) throw new S3Refusal('InvalidRequest', 'There is data after the last chunk.');
  }
}

/**
 * Decodes a body and, where its chunks are signed, verifies them. Bytes are passed on before the signature of their chunk is
 * known: nothing may be committed before the iteration has completed.
 *
 * @param onTrailers called once, before the iteration completes, with lower-case names.
 * @throws `SignatureDoesNotMatch`, `IncompleteBody`, `InvalidRequest`, `MalformedTrailerError`.
 */
export async function* decodeChunked(
  source: AsyncIterable<Uint8Array>,
  request: RequestSignature,
  onTrailers: (trailers: ReadonlyMap<string, string>) => void,
): AsyncGenerator<Uint8Array> {
  const reader = new ChunkReader(source);
  try {
    yield* decodeFrames(reader, request, onTrailers);
  } finally {
    // Otherwise a body that is refused half-way could never be read to its end.
    await reader.close();
  }
}

async function* decodeFrames(
  reader: ChunkReader,
  request: RequestSignature,
  onTrailers: (trailers: ReadonlyMap<string, string>) => void,
): AsyncGenerator<Uint8Array> {
  const signed = request.payload.startsWith('STREAMING-AWS4-');
  let signature = request.signature;
  for (;;) {
    const header = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(await reader.line());
    if (header === null || (signed && header[2] === undefined)) {
      throw new S3Refusal('InvalidRequest', 'The aws-chunked body is malformed.');
    }
    const size = Number.parseInt(header[1] ?? '', 16);
    const hash = createHash('sha256');
    for await (const run of reader.bytes(size)) {
      if (signed) hash.update(run);
      yield run;
    }
    if (signed) {
      const expected = signChunk(request, signature, hash.digest('hex'));
      if (!equalSignatures(expected, header[2] ?? '')) throw new S3Refusal('SignatureDoesNotMatch');
      signature = expected;
    }
    if (size === 0) break;
    if ((await reader.line()) !== '') {
      throw new S3Refusal('InvalidRequest', 'The aws-chunked body is malformed.');
    }
  }
  const trailers = new Map<string, string>();
  let signable = '';
  for (let line = await reader.line(); line !== ''; line = await reader.line()) {
    const match = /^([A-Za-z0-9-]+):([\s\S]*)$/.exec(line);
    if (match === null) throw new S3Refusal('MalformedTrailerError');
    const [name = '', value = ''] = [match[1]?.toLowerCase(), match[2]?.trim()];
    if (name !== 'x-amz-trailer-signature') signable += `${name}:${value}\n`;
    trailers.set(name, value);
  }
  if (signed && request.payload.endsWith('-TRAILER')) {
    const expected = signTrailers(request, signature, signable);
    if (!equalSignatures(expected, trailers.get('x-amz-trailer-signature') ?? '')) {
      throw new S3Refusal('SignatureDoesNotMatch');
    }
  }
  await reader.finish();
  onTrailers(trailers);
}
