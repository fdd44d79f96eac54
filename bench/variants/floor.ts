/**
 * The floor: the requests of `ours`, its cipher and its two hashes, and nothing else. Heads of requests are ready strings, answers are
 * not looked at, nothing is signed, checked, retried, timed, limited, parsed or logged. What a program in Node could reach at best
 * that makes these requests from one thread; no pipeline anybody should use. A large recording is one PutObject as well, written as
 * it is read.
 */
import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import { bytesOfRecording } from '../recording-ids.ts';
import { env } from './platform-calls.ts';
import { runSample } from './worker.ts';

/** As large as those of `ours`: what they are read with, and their receipts. */
const READ_BYTES = 512 * 1024;
/** Up to here a recording is sent once all of it is there, as `ours` does. */
const GATHERED_BYTES = 5e6;
const RECEIPT_BYTES = 1500;

/** One connection, one request at a time. Bodies are handed over as they are read. */
class Line {
  readonly #socket: net.Socket;
  #isHead = true;
  #left = 0;
  #onBody: (bytes: Buffer) => void = () => {};
  #onEnd: () => void = () => {};
  #hasBody = true;

  constructor(origin: string) {
    const { protocol, hostname, port } = new URL(origin);
    const to = { port: Number(port), host: hostname, noDelay: true };
    if (protocol === 'https:') {
      // Node's `tls` has no `onread`
      this.#socket = tls.connect({ ...to, servername: 'localhost' });
      this.#socket.on('data', (bytes: Buffer) => this.#read(bytes));
      return;
    }
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    const callback = (count: number) => {
      this.#read(buffer.subarray(0, count));
      return true;
    };
    this.#socket = net.connect({ ...to, onread: { buffer, callback } });
  }

  ask(head: string, body: Buffer | undefined, onBody: (bytes: Buffer) => void = () => {}): Promise<void> {
    this.#hasBody = !head.startsWith('HEAD');
    this.#onBody = onBody;
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    if (body !== undefined) this.#socket.write(body);
    this.#socket.uncork();
    return new Promise((resolve) => {
      this.#onEnd = resolve;
    });
  }

  /** More of a body whose head has been sent. `source` rests while this line has too much to send. */
  write(bytes: Buffer, source: Line): void {
    if (this.#socket.write(bytes)) return;
    source.#socket.pause();
    this.#socket.once('drain', () => source.#socket.resume());
  }

  /** The benchmark's servers send a head in one piece. */
  #read(bytes: Buffer): void {
    let body = bytes;
    if (this.#isHead) {
      const end = bytes.indexOf('\r\n\r\n');
      const head = bytes.toString('latin1', 0, end);
      this.#left = this.#hasBody ? Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0) : 0;
      this.#isHead = false;
      body = bytes.subarray(end + 4);
    }
    this.#left -= body.byteLength;
    if (body.byteLength > 0) this.#onBody(body);
    if (this.#left > 0) return;
    this.#isHead = true;
    this.#onEnd();
  }
}

/** The headers of a signed request to S3, none of them true. */
const SIGNED = [
  'connection: keep-alive',
  `x-amz-content-sha256: ${'0'.repeat(64)}`,
  'x-amz-date: 20260102T030405Z',
  `authorization: AWS4-HMAC-SHA256 Credential=x/20260102/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`,
  `x-amz-checksum-sha256: ${'0'.repeat(43)}=`,
].join('\r\n');

await runSample(() => {
  const key = Buffer.from(env('ENCRYPTION_KEY_HEX'), 'hex');
  const free: { platform: Line; store: Line; part: Buffer }[] = [];
  const request = (method: string, path: string, length?: number) =>
    `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${SIGNED}\r\n${length === undefined ? '' : `content-length: ${length}\r\n`}\r\n`;
  const receipt = Buffer.alloc(RECEIPT_BYTES, '{"receipt":1}');
  return Promise.resolve({
    async archive({ id, interactionId }: { readonly id: string; readonly interactionId: string }) {
      const size = bytesOfRecording(id) ?? 0;
      const lane = free.pop() ?? {
        platform: new Line(env('GENESYS_API_URL')),
        store: new Line(env('AWS_ENDPOINT_URL_S3')),
        part: Buffer.allocUnsafeSlow(Math.min(size, GATHERED_BYTES) + 16),
      };
      const { platform, store, part } = lane;
      const isGathered = size <= GATHERED_BYTES;
      const head = request('PUT', `/bench/archive/${id}`, size + 16);
      const stored = isGathered ? undefined : store.ask(head, undefined);
      await platform.ask(request('GET', `/api/v2/media/${id}`), undefined);
      const cipher = createCipheriv('aes-256-gcm', key, randomBytes(12), { authTagLength: 16 });
      const [plaintext, ciphertext] = [createHash('sha256'), createHash('sha256')];
      let filled = 0;
      await platform.ask(request('GET', `/media/${id}.wav`), undefined, (bytes) => {
        plaintext.update(bytes);
        const sealed = cipher.update(bytes);
        ciphertext.update(sealed);
        if (isGathered) part.set(sealed, filled);
        else store.write(sealed, platform);
        filled += sealed.byteLength;
      });
      cipher.final();
      if (isGathered) part.set(cipher.getAuthTag(), filled);
      else store.write(cipher.getAuthTag(), platform);
      plaintext.digest();
      ciphertext.digest();
      await (stored ?? store.ask(head, part.subarray(0, size + 16)));
      await store.ask(request('HEAD', `/bench/archive/${id}`), undefined);
      await store.ask(request('PUT', `/bench/receipts/${id}`, receipt.byteLength), receipt);
      await platform.ask(request('PATCH', `/api/v2/interactions/${interactionId}`, 2), Buffer.from('{}'));
      await store.ask(request('PUT', `/bench/links/${id}`, 2), Buffer.from('{}'));
      free.push(lane);
    },
  });
});
