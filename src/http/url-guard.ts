import { isIP } from 'node:net';
import { ArchiveError } from '../errors.ts';
import { present } from '../present.ts';
import { isPermittedLoopback, isPublicAddress } from './addresses.ts';

export interface UrlPolicy {
  /**
   * What may be addressed: host names, which include everything below them; or one exact host with a path, as in
   * `s3.amazonaws.com/their-bucket`, which opens what stands below that path and nothing else. `undefined`: any public host.
   */
  readonly hosts: readonly string[] | undefined;
  /** Permits http, any port, and 127.0.0.1, ::1 and localhost. For the simulator and tests. */
  readonly allowLoopback: boolean;
  /** Says of a host that is not among `hosts` why it is not, where more can be said than that. */
  readonly explain?: (host: string) => { readonly why: string; readonly hint: string } | undefined;
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
    const { why, hint } = policy.explain?.(host) ?? { why: 'its host is not on the list of media hosts' };
    throw refused(why, host, hint);
  }
  return url;
}

function matches(host: string, path: string, allowed: string): boolean {
  // Stryker disable next-line StringLiteral: split always gives a first piece
  const [name = '', ...folders] = allowed.replace(/\/+$/, '').split('/');
  const listed = name.toLowerCase().replace(/\.$/, '');
  // a path is only as good as its host: `BUCKET.s3.amazonaws.com` has the paths that its owner likes
  if (folders.length > 0) return host === listed && standsBelow(path, folders);
  const suffix = listed.replace(/^\*?\./, '');
  if (host === suffix) return true;
  return !BUCKET_HOST.test(suffix) && host.endsWith(`.${suffix}`);
}

/** Below the host of a bucket stand the buckets of others: `evil.their-bucket` is a name that any AWS account may take. */
const BUCKET_HOST = /\.s3(?:[.-][a-z0-9.-]+)?\.amazonaws\.(?:com|com\.cn|eu)$/;

/** Encodings in each other that are looked through; a path with more is refused. */
const MAX_PATH_ENCODINGS = 4;

/**
 * Reports whether `path` names something below `folders`, for every reader: segment by segment, in the same letter case, and with no
 * spelling of `.`, `..` or an empty segment that another server might resolve to another folder. WHATWG URL has resolved the plain
 * ones and `%2e%2e`, but not `%2e%2e%2f` or `%252e%252e`.
 */
function standsBelow(path: string, folders: readonly string[]): boolean {
  const segments = path.split('/').slice(1);
  if (segments.length <= folders.length) return false;
  if (!folders.every((folder, at) => folder === segments[at])) return false;
  let text = path;
  for (let depth = 0; depth < MAX_PATH_ENCODINGS; depth += 1) {
    if (text.split(/[/\\]/).some((segment) => /^\.{1,2}(?:;.*)?$/.test(segment))) return false;
    const decoded = decode(text);
    if (decoded === undefined) return false;
    if (decoded === text) return true;
    text = decoded;
  }
  return false;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** @throws `URL_REFUSED` when a resolved address is one we must not connect to. */
export function checkAddress(address: string, host: string, policy: Pick<UrlPolicy, 'allowLoopback'>): void {
  if (isPublicAddress(address)) return;
  if (policy.allowLoopback && isPermittedLoopback(address)) return;
  throw refused('its host resolves to an address that is not public', host);
}

function refused(why: string, host?: string, hint?: string): ArchiveError {
  const shown = host === undefined ? undefined : host.replace(/[^a-z0-9.:-]/g, '?').slice(0, 100);
  const name = shown === undefined ? '' : ` (${shown})`;
  return new ArchiveError('URL_REFUSED', `address refused${name}: ${why}`, {
    details: { host: shown },
    ...present({ hint }),
  });
}
