import { unlimited } from '../../src/clock.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../src/http/transport.ts';

export type Send = (url: URL, request?: Partial<HttpRequest>) => Promise<HttpResponse>;

/** Sends GET requests of a media download through `transport`, but for what a test asks for. */
export const sendBy =
  (transport: Transport): Send =>
  (url, request = {}) =>
    transport.send({
      method: 'GET',
      url,
      headers: {},
      signal: unlimited.signal,
      failure: 'MEDIA_UNAVAILABLE',
      ...request,
    });

/** A copy of all bytes: those of a chunk may be overwritten when the next one is asked for. */
export async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of body) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}
