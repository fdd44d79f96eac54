import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { S3Options, S3Request } from './s3-options.ts';
import { ConnectionGone, endConnection, type Exchange, openExchange } from './wire.ts';

/** How many requests are remembered. */
const REMEMBERED = 10_000;

/** A request, as it is remembered; the answer fills it in. */
export type RequestEntry = { -readonly [K in keyof S3Request]: S3Request[K] };

type Answerer = (exchange: Exchange, entry: RequestEntry) => Promise<void>;

/** Takes requests in, and remembers the latest. */
export class Door {
  readonly requests: S3Request[] = [];
  readonly #answer: Answerer;
  readonly #onRequest: S3Options['onRequest'];
  readonly #underWay = new Set<Promise<void>>();

  constructor(answer: Answerer, onRequest: S3Options['onRequest']) {
    this.#answer = answer;
    this.#onRequest = onRequest;
  }

  accept(request: IncomingMessage, response: ServerResponse): void {
    const work = this.#serve(request, response);
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  /** Resolves when no request is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const entry: RequestEntry = { operation: undefined, bucket: '', key: '', status: 0 };
    this.requests.push(entry);
    if (this.requests.length > REMEMBERED) this.requests.shift();
    const exchange = openExchange(request, response);
    try {
      await this.#answer(exchange, entry);
    } catch (error) {
      // Also after a failure while sending: the client must not take what it got for an answer.
      if (!response.headersSent) entry.status = 0;
      endConnection(exchange, error instanceof ConnectionGone && error.reset);
    }
    this.#onRequest?.(entry);
  }
}

export function createHttp(door: Door): HttpServer {
  // Large uploads may take long; and a connection that closes while the client reuses it looks like a fault that was not set.
  const http = createServer({ requestTimeout: 0, keepAliveTimeout: 60_000 });
  const accept = (request: IncomingMessage, response: ServerResponse) => door.accept(request, response);
  http.on('request', accept);
  http.on('checkContinue', accept);
  return http;
}

/** @returns where it listens: `http://127.0.0.1:PORT`. */
export async function listen(http: HttpServer, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject);
    http.listen(port, '127.0.0.1', resolve);
  });
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}
