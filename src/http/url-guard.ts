import { isIP } from 'node:net';
import { ArchiveError } from '../errors.ts';
import { isPermittedLoopback, isPublicAddress } from './addresses.ts';

export interface UrlPolicy {
  /**
   * What may be addressed: host names, or suffixes of them at a dot; a path behind one narrows it to what stands below, as in
   * `s3.amazonaws.com/their-bucket`, since anybody can own the bucket next to it. `undefined`: any public host.
   */
  readonly hosts: readonly string[] | undefined;
  /** Permits http, any port, and 127.0.0.1, ::1 and localhost. For the simulator and tests. */
  readonly allowLoopback: boolean;
}

/**
 * Checks an address we were handed (a signed URL, a redirect target) before anything is sent there. Names are checked here;
 * what they resolve to is checked again when the connection is made, see `createTransport`.
 *
 * @throws `URL_REFUSED` (not retryable), without the URL's path or query.
 */
export function checkUrl(text: string, policy: UrlPolicy): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw refused('it is not an absolute URL');
  }
  if (url.username !== '' || url.password !== '') throw refused('it carries a user name or password');
  // WHATWG URL has already turned forms like 0x7f.1 or 2130706433 into dotted decimals
  const host = url.hostname
    // Stryker disable next-line Regex: brackets stand at both ends of a host name, or nowhere
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  const loopback = host === 'localhost' || isPermittedLoopback(host);
  if (policy.allowLoopback && loopback && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  if (url.protocol !== 'https:') throw refused(`its scheme is not https`, host);
  if (url.port !== '') throw refused('it names a port other than 443', host);
  if (isIP(host) !== 0) throw refused('its host is an IP address', host);
  if (!host.includes('.')) throw refused('its host is not a full domain name', host);
  if (policy.hosts !== undefined && !policy.hosts.some((allowed) => matches(host, url.pathname, allowed))) {
    throw refused('its host is not on the list of media hosts', host);
  }
  return url;
}

function matches(host: string, path: string, allowed: string): boolean {
  // Stryker disable next-line StringLiteral: split always gives a first piece
  const [name = '', ...folders] = allowed.replace(/\/+$/, '').split('/');
  const suffix = name
    .toLowerCase()
    .replace(/^\*?\./, '')
    .replace(/\.$/, '');
  if (host !== suffix && !host.endsWith(`.${suffix}`)) return false;
  // WHATWG URL has already resolved `..` and `%2e%2e` in the path
  return folders.length === 0 || path.startsWith(`/${folders.join('/')}/`);
}

/** @throws `URL_REFUSED` when a resolved address is one we must not connect to. */
export function checkAddress(address: string, host: string, policy: Pick<UrlPolicy, 'allowLoopback'>): void {
  if (isPublicAddress(address)) return;
  if (policy.allowLoopback && isPermittedLoopback(address)) return;
  throw refused('its host resolves to an address that is not public', host);
}

function refused(why: string, host?: string): ArchiveError {
  const shown = host === undefined ? undefined : host.replace(/[^a-z0-9.:-]/g, '?').slice(0, 100);
  const name = shown === undefined ? '' : ` (${shown})`;
  return new ArchiveError('URL_REFUSED', `address refused${name}: ${why}`, { details: { host: shown } });
}
