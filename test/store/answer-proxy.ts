import { createServer, type IncomingHttpHeaders, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AnswerProxy {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Stands between a client and an HTTP server and passes everything on, but for what `change` makes of the headers of the answers to
 * PUTs: for servers that leave out what S3 states, or state something else.
 */
export async function startAnswerProxy(
  upstream: string,
  change: (headers: IncomingHttpHeaders) => void,
): Promise<AnswerProxy> {
  const { hostname, port } = new URL(upstream);
  const server = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    const asked = forward({ hostname, port, method, path, headers, agent: false }, (answer) => {
      if (method === 'PUT') change(answer.headers);
      outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(outgoing);
    });
    asked.on('error', () => outgoing.destroy());
    incoming.pipe(asked);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
