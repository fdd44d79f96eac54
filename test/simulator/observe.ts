import { once } from 'node:events';
import http from 'node:http';
import type { Fault, FaultTarget } from '../../packages/simulator/src/faults.ts';
import type { Simulator } from '../../packages/simulator/src/simulator.ts';

/** What a client saw of one request, to the end of the connection. */
export interface Observation {
  readonly status: number | undefined;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  /** `complete` by HTTP's own rules; `cut` when the message ended early; else the system code of the error. */
  readonly ending: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Hang up as soon as that many bytes of the body have arrived. */
  readonly hangUpAfter?: number;
}

/** One request on a connection of its own. Redirects are not followed. */
export async function observe(url: string, options: AskOptions = {}): Promise<Observation> {
  return new Promise((resolve) => {
    const agent = false;
    const request = http.request(url, {
      method: options.method ?? 'GET',
      headers: options.headers ?? {},
      agent,
    });
    const chunks: Buffer[] = [];
    let response: http.IncomingMessage | undefined;
    const settle = (ending: string) => {
      const body = Buffer.concat(chunks);
      resolve({ status: response?.statusCode, headers: response?.headers ?? {}, body, ending });
      request.destroy();
    };
    // Node reports a reset to the request, also when the response has begun
    request.on('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.name));
    request.on('response', (incoming) => {
      response = incoming;
      let length = 0;
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length === options.hangUpAfter) settle('hung up');
      });
      incoming.on('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.name));
      incoming.on('end', () => settle(incoming.complete ? 'complete' : 'cut'));
      if (options.hangUpAfter === 0) settle('hung up');
    });
    request.end(options.body);
  });
}

/** Opens a request and waits until the server has it; the caller ends it. */
export async function openRequest(url: string): Promise<http.ClientRequest> {
  const request = http.get(url, { agent: false });
  request.on('error', () => {});
  await once(request, 'finish');
  return request;
}

export function json(observation: Observation): Record<string, unknown> {
  return JSON.parse(observation.body.toString()) as Record<string, unknown>;
}

export const CREDENTIALS = { client_id: 'simulator-client', client_secret: 'simulator-secret' };

/** Asks for a token as the tutorial does. */
export async function askToken(
  apiUrl: string,
  fields: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Observation> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...fields });
  return observe(`${apiUrl}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: form.toString(),
  });
}

/** The header of a fresh token. */
export async function authorize(apiUrl: string, scope?: string): Promise<{ authorization: string }> {
  const token = json(await askToken(apiUrl, { ...CREDENTIALS, ...(scope === undefined ? {} : { scope }) }));
  return { authorization: `Bearer ${String(token['access_token'])}` };
}

/** Asks each host of `simulator` for something to do with its first recording, each request suffering `fault`. */
export async function askEverywhere(
  simulator: Simulator,
  fault: Fault,
): Promise<Map<FaultTarget, Observation>> {
  const [recording] = simulator.recordings;
  if (recording === undefined) throw new Error('there is no recording');
  const headers = await authorize(simulator.apiUrl);
  for (const on of ['token', 'media', 'interaction', 'download'] as const)
    simulator.faults.add({ on, fault });
  const path = `${simulator.apiUrl}/api/v2/interactions/${recording.interactionId}`;
  return new Map<FaultTarget, Observation>([
    ['token', await askToken(simulator.apiUrl, CREDENTIALS)],
    ['media', await observe(`${simulator.apiUrl}/api/v2/media/${recording.id}`, { headers })],
    ['interaction', await observe(path, { method: 'PATCH', headers, body: '{"metadata":{"a":1}}' })],
    ['download', await observe(simulator.link(recording.id))],
  ]);
}
