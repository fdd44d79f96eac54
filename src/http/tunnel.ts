/**
 * Connections through a proxy: `CONNECT` (RFC 9110, section 9.3.6), for targets of `https:` and of `http:` alike, so that what comes
 * from the proxy itself, such as its error pages, can never be taken for an answer of the target.
 */
import net, { isIP, type Socket } from 'node:net';
import tls from 'node:tls';
import { describeForeign, systemCodeOf } from '../errors.ts';
import type { ProxyServer } from '../proxies.ts';
import { type ConnectionFault, faultOf, ProxyProblem } from './connection/faults.ts';
import { MAX_HEAD_BYTES_OF_PROXY, readProxyAnswer } from './proxy-answer.ts';

export interface TunnelOptions {
  readonly signal?: AbortSignal;
  /** From the connection to the proxy to its answer, ms. */
  readonly timeoutMs: number;
}

/**
 * Connects to `host:port` through `proxy`. The name is resolved by the proxy.
 *
 * @returns a socket whose next bytes are the target's.
 * @throws {ProxyProblem}; the signal's reason.
 */
export function openTunnel(
  proxy: ProxyServer,
  { host, port }: { readonly host: string; readonly port: number },
  { signal, timeoutMs }: TunnelOptions,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTo(proxy);
    let text = '';
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.removeListener('data', onData);
      socket.removeListener('error', onError);
      socket.removeListener('close', onClose);
    };
    const fail = (error: Error) => {
      settle();
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const onAbort = () => fail(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    const onError = (error: Error) => fail(new ProxyProblem(unreachable(proxy, error)));
    const onClose = () => fail(new ProxyProblem(closedEarly(proxy)));
    const onData = (bytes: Buffer) => {
      text += bytes.toString('latin1', 0, MAX_HEAD_BYTES_OF_PROXY);
      const answer = readProxyAnswer(text, proxy, target);
      if (answer === 'incomplete') return;
      if (answer !== 'connected') {
        fail(new ProxyProblem({ ...answer, proxy: proxy.name }));
        return;
      }
      settle();
      // what goes wrong from here on is told by what is put around it
      socket.on('error', () => {});
      // its next listener decides when bytes flow
      socket.pause();
      resolve(socket);
    };
    const timer = setTimeout(() => fail(new ProxyProblem(tooSlow(proxy))), timeoutMs);
    const target = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.on('data', onData);
    socket.once('error', onError);
    socket.once('close', onClose);
    socket.once(proxy.secure ? 'secureConnect' : 'connect', () => socket.write(formatConnect(proxy, target)));
    if (signal?.aborted === true) onAbort();
  });
}

function connectTo({ secure, host, port }: ProxyServer): Socket {
  const socket = secure
    ? tls.connect({
        host,
        port,
        servername: isIP(host) === 0 ? host : '',
        ALPNProtocols: ['http/1.1'],
        rejectUnauthorized: true,
      })
    : net.connect({ host, port });
  socket.setNoDelay(true);
  return socket;
}

function formatConnect({ authorization }: ProxyServer, target: string): string {
  const lines = [
    `CONNECT ${target} HTTP/1.1`,
    `host: ${target}`,
    `user-agent: genesys-media-archive/${PACKAGE_VERSION}`,
    'proxy-connection: keep-alive',
    ...(authorization === undefined ? [] : [`proxy-authorization: ${authorization.reveal()}`]),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function closedEarly({ name }: ProxyServer): ConnectionFault {
  return { proxy: name, message: `proxy ${name} closed the connection without an answer` };
}

function tooSlow({ name }: ProxyServer): ConnectionFault {
  return { proxy: name, message: `proxy ${name} has not connected in time`, timedOut: true };
}

function unreachable({ name }: ProxyServer, error: Error): ConnectionFault {
  const fault = faultOf(error);
  if (fault !== undefined) return { ...fault, proxy: name, message: `proxy ${name}: ${fault.message}` };
  return {
    proxy: name,
    message: `proxy ${name} cannot be reached: ${describeForeign(error)}`,
    hint: 'check HTTPS_PROXY (or HTTP_PROXY), and that the proxy runs',
    systemCode: systemCodeOf(error),
  };
}
