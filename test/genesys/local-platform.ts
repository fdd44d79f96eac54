import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../src/clock.ts';
import { createGenesysApi, type GenesysApi } from '../../src/genesys/api-client.ts';
import { createTokenSource } from '../../src/genesys/oauth.ts';
import type { RateBudget } from '../../src/genesys/rate-budget.ts';
import { createTransport } from '../../src/http/transport.ts';
import { fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';
import { fixedCredentials } from './fixed-credentials.ts';

export interface LocalCall {
  readonly method: string;
  /** Without `/api/v2/`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface LocalAnswer {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LocalPlatform {
  readonly api: GenesysApi;
  readonly url: string;
  readonly calls: LocalCall[];
  readonly clock: Clock;
  close(): Promise<void>;
}

/** A server on this machine that issues tokens and answers what a test says; for answers that the simulator would not give. */
export async function startLocalPlatform(
  answer: (call: LocalCall) => LocalAnswer | Promise<LocalAnswer>,
  { clock = fastClock(Date.UTC(2026, 10, 28, 12)), rate }: { clock?: Clock; rate?: RateBudget } = {},
): Promise<LocalPlatform> {
  const calls: LocalCall[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? '/', 'http://127.0.0.1');
      const text = await bodyOf(request);
      if (url.pathname === '/oauth/token') {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ access_token: 'local', token_type: 'bearer', expires_in: 86_400 }));
        return;
      }
      const call = {
        method: request.method ?? 'GET',
        path: decodeURIComponent(url.pathname).replace(/^\/api\/v2\//, ''),
        query: Object.fromEntries(url.searchParams),
        body: (text === '' ? {} : JSON.parse(text)) as Readonly<Record<string, unknown>>,
      };
      calls.push(call);
      const { status = 200, body, headers = {} } = await answer(call);
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(body === undefined ? '' : JSON.stringify(body));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const logger = recordingLogger();
  const transport = createTransport();
  const tokens = createTokenSource({
    loginUrl: url,
    credentials: fixedCredentials(),
    scope: undefined,
    transport,
    clock,
    logger,
  });
  const options = { apiUrl: url, tokens, transport, clock, logger };
  return {
    api: createGenesysApi(rate === undefined ? options : { ...options, rate }),
    url,
    calls,
    clock,
    close: async () => {
      transport.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
