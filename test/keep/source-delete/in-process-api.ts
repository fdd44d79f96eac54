import type { IncomingMessage } from 'node:http';
import type { RecordingsWorld } from '../../../packages/simulator/src/published/recordings/world.ts';
import { withPublishedApi } from '../../../packages/simulator/src/published/published-api.ts';
import { errorReply } from '../../../packages/simulator/src/genesys-errors.ts';
import type { ApiAnswer, ApiRequest, GenesysApi } from '../../../src/genesys/api-client.ts';
import { errorCode } from '../../../src/genesys/responses.ts';

/** What happens to one call: nothing, or an answer in place of the platform's, before or after it was done. */
export interface CallFate {
  readonly before?: () => void;
  /** Instead of being done. */
  readonly status?: number;
  /** Thrown once it is done: the answer is lost. */
  readonly lost?: Error;
}

/** The platform's published API without a network: 5,000 schedules are too many for one. */
export function inProcessApi(world: RecordingsWorld, fateOf: (request: ApiRequest) => CallFate): GenesysApi {
  const service = withPublishedApi({
    worldOf: () => world,
    base: {
      server: 'api',
      match: () => undefined,
      unknown: () => errorReply('genesys', 404),
      locate: ({ path }) => path,
      handle: () => errorReply('genesys', 404),
    },
    guard: (_call, answer) => answer('source-client'),
  });
  return {
    call: async (request): Promise<ApiAnswer> => {
      await new Promise((resolve) => setImmediate(resolve));
      const { before, status, lost } = fateOf(request);
      before?.();
      if (status !== undefined) return { status, text: '{}', errorCode: undefined, correlationId: undefined };
      const path = `/${request.path.map(encodeURIComponent).join('/')}`;
      const match = service.match(request.method, path);
      if (match === undefined) throw new Error(`no route for ${request.method} ${path}`);
      const reply = service.handle({
        request: { method: request.method } as IncomingMessage,
        match,
        body: request.body === undefined ? '' : JSON.stringify(request.body),
        faults: [],
        query: new URLSearchParams(request.query),
        path,
      });
      const chunks: Uint8Array[] = [];
      for await (const chunk of reply.body.read()) chunks.push(chunk);
      if (lost !== undefined) throw lost;
      const text = Buffer.concat(chunks).toString('utf8');
      return {
        status: reply.status,
        text,
        errorCode: reply.status >= 400 ? errorCode(text) : undefined,
        correlationId: undefined,
      };
    },
  };
}
