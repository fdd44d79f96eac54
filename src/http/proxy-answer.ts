import type { ProxyServer } from '../proxies.ts';
import type { ConnectionFault } from './connection/faults.ts';
import { MAX_HEAD_BYTES, parseResponseHead } from './response-head.ts';
import { isTransientStatus } from './retry-timing.ts';

/** Bytes of a proxy's answer that are looked at. */
export const MAX_HEAD_BYTES_OF_PROXY = MAX_HEAD_BYTES;

const BLANK_LINE = '\r\n\r\n';

/**
 * Judges the answer to a `CONNECT`. Of its body, such as an error page, nothing is read.
 *
 * @param text what has come, as Latin-1.
 * @param target `host:port` that was asked for.
 */
export function readProxyAnswer(
  text: string,
  proxy: Pick<ProxyServer, 'name' | 'authorization'>,
  target: string,
): 'incomplete' | 'connected' | ConnectionFault {
  const { name, authorization } = proxy;
  const end = text.indexOf(BLANK_LINE);
  if (end === -1) {
    return text.length < MAX_HEAD_BYTES_OF_PROXY
      ? 'incomplete'
      : { message: `proxy ${name} sends an answer without an end` };
  }
  // a successful answer has no body, even where its fields state one (RFC 9110, section 9.3.6), like that to a HEAD
  const head = parseResponseHead(text.slice(0, end), 'HEAD');
  if (head === undefined || head.status === 101) {
    return {
      message: `proxy ${name} does not answer as a proxy does`,
      hint: 'check the scheme and the port of HTTPS_PROXY (or HTTP_PROXY)',
    };
  }
  const { status } = head;
  const rest = text.slice(end + BLANK_LINE.length);
  if (status < 200) return readProxyAnswer(rest, proxy, target);
  if (status < 300) {
    // the target speaks only when it is spoken to
    return rest === '' ? 'connected' : { message: `proxy ${name} sends more than its answer` };
  }
  const message = `proxy ${name} answered ${status} to CONNECT ${target}`;
  if (isTransientStatus(status)) return { message, status };
  return {
    code: 'PROXY_REFUSED',
    message,
    status,
    hint: hintFor(status, authorization !== undefined, target),
  };
}

function hintFor(status: number, isAuthorized: boolean, target: string): string {
  if (status === 407) {
    return isAuthorized
      ? 'the proxy does not accept the user name and password in HTTPS_PROXY (or HTTP_PROXY); it may want another scheme than Basic'
      : 'the proxy wants a user name and password: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT (or HTTP_PROXY), with special characters as %XX';
  }
  return `let the proxy allow CONNECT to ${target}, or name the host in NO_PROXY to reach it directly`;
}
