/**
 * Which requests come from the page itself. Servers on all ports of 127.0.0.1 are one site, so a cookie’s SameSite does
 * not tell; `Host`, `Sec-Fetch-Site` and `Origin` do. Pure.
 */
import { ArchiveError } from '../errors.ts';
import { present } from '../present.ts';

export interface GuardedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** @param hosts that the console is asked by: `127.0.0.1:PORT`, `localhost:PORT`, or the configured name. */
export function refuseForeign(
  { method, path, headers }: GuardedRequest,
  { hosts, scheme }: { readonly hosts: readonly string[]; readonly scheme: 'http' | 'https' },
): ArchiveError | undefined {
  const host = (headers['host'] ?? '').toLowerCase();
  if (!hosts.includes(host)) {
    return refused('the request names another host than the console’s', 421);
  }
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  if (origin !== undefined && origin !== `${scheme}://${host}`) {
    return refused('the request comes from a page of another origin');
  }
  if (isDocument(path)) {
    const isRead = method === 'GET' || method === 'HEAD';
    if (!isRead) return refused('the page is only read');
    // a link, a bookmark, a redirect of the provider; no frame, and no fetch of another page
    const { 'sec-fetch-mode': mode = 'navigate', 'sec-fetch-dest': dest = 'document' } = headers;
    const isOpened = mode === 'navigate' && dest === 'document';
    return site === 'same-origin' || isOpened ? undefined : refused('the page was asked for by another page');
  }
  if (site !== 'same-origin') {
    return refused(
      site === undefined
        ? 'the request has no Sec-Fetch-Site, which every browser sends'
        : 'the request comes from another page',
      403,
      'programs send `Sec-Fetch-Site: same-origin` with the cookie of their session; docs/console-api.md',
    );
  }
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (method === 'POST' && type !== 'application/json') {
    return refused('bodies are application/json', 415);
  }
  return undefined;
}

/** What is opened, rather than fetched by the page. */
function isDocument(path: string): boolean {
  return path === '/' || path === '/auth/login' || path === '/auth/callback';
}

function refused(message: string, status = 403, hint?: string): ArchiveError {
  return new ArchiveError('REQUEST_REFUSED', message, { details: { status }, ...present({ hint }) });
}

const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "media-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** On every answer. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': CSP,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
};
