import { once } from 'node:events';
import type { Server } from 'node:http';
import { isIPv6 } from 'node:net';
import { ArchiveError, describeForeign } from './errors.ts';

/**
 * Lets a server listen.
 *
 * @param place port 0 is any free one.
 * @returns the port, and the address with it.
 * @throws `USAGE` where it cannot.
 */
export async function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ readonly port: number; readonly url: string }> {
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ArchiveError('USAGE', `cannot listen on ${host} port ${port}: ${describeForeign(error)}`, {
      hint: 'EADDRINUSE: another program has the port; choose another one with --port',
    });
  }
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  return { port: actual, url: `http://${isIPv6(host) ? `[${host}]` : host}:${actual}` };
}
