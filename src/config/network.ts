import { ArchiveError } from '../errors.ts';
import { NO_PROXIES, parseDirectRules, parseProxy, type Proxies, type ProxyServer } from '../proxies.ts';
import type { SettingValues } from './schema.ts';
import { checked, duration, flag } from './values.ts';

/*
 * How other machines are reached. The names of proxies are those that other programs read, also in lower case. Part of the one
 * table in `schema.ts`.
 */

const ALL = ['archive', 'restore', 'store', 'keys', 'wrap'] as const;

const proxy = checked(parseProxy);
const directRules = checked((text) => ({ value: parseDirectRules(text) }));

export const NETWORK_SETTINGS = {
  HTTPS_PROXY: {
    schema: proxy,
    group: 'Network',
    meaning:
      'proxy for https, which is all of Genesys Cloud, of the media host and of AWS: `http://` or `https://`, with user name and password where it wants them; also read as `https_proxy`',
    example: 'http://proxy.example.com:3128',
    since: 'proxies',
    usedFor: ALL,
    secret: true,
  },
  HTTP_PROXY: {
    schema: proxy,
    group: 'Network',
    meaning:
      'the same for http, such as an S3-compatible server without TLS; also read as `http_proxy`, and only so where `REQUEST_METHOD` is set (CGI, where a visitor can set `HTTP_PROXY`)',
    example: 'http://proxy.example.com:3128',
    since: 'proxies',
    usedFor: ALL,
    secret: true,
  },
  NO_PROXY: {
    schema: directRules,
    group: 'Network',
    meaning:
      'what is reached without a proxy, comma-separated: `example.com` with all below it, `.example.com` what is below it, an address, a network such as `10.0.0.0/8`, each but the last also with a port, or `*`; this machine itself always is; also read as `no_proxy`',
    example: '.internal.example.com,10.0.0.0/8',
    since: 'proxies',
    namedFileOnly: true,
    usedFor: ALL,
  },
  ARCHIVE_PROXY_MEDIA: {
    schema: flag,
    group: 'Network',
    meaning:
      '`0` downloads recordings without the proxy, so that the addresses of media hosts are checked here and not left to the proxy; `docs/security.md`',
    example: '0',
    default: '1',
    since: 'proxies',
    namedFileOnly: true,
    usedFor: ['archive'],
  },
  ARCHIVE_SERVE_KEEP_ALIVE: {
    schema: duration,
    group: 'Network',
    meaning:
      'how long `serve` keeps an idle connection: longer than the proxy before it does, which has to be the one that closes',
    example: '10m',
    default: '130s',
    since: 'proxies',
    usedFor: ['archive'],
  },
} as const;

const DEFAULT_SERVE_KEEP_ALIVE_MS = 130_000;

export function buildServeKeepAlive({ ARCHIVE_SERVE_KEEP_ALIVE: keepAliveMs }: SettingValues): number {
  // 0 would mean for ever (https://nodejs.org/api/http.html#serverkeepalivetimeout)
  return Math.max(1, keepAliveMs ?? DEFAULT_SERVE_KEEP_ALIVE_MS);
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment, where what is set in lower case only stands under its upper-case name too. */
export function withSharedNames(env: Environment): Environment {
  const found: Record<string, string | undefined> = {};
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY']) {
    // a CGI server hands a request's header `Proxy: …` over as HTTP_PROXY (https://httpoxy.org)
    const isForged = name === 'HTTP_PROXY' && (env['REQUEST_METHOD'] ?? '') !== '';
    const stated = isForged ? '' : (env[name] ?? '');
    found[name] = stated === '' ? env[name.toLowerCase()] : stated;
  }
  return { ...env, ...found };
}

export function buildProxies({
  HTTPS_PROXY: https,
  HTTP_PROXY: http,
  NO_PROXY: direct,
}: SettingValues): Proxies {
  if (https === undefined && http === undefined) return NO_PROXIES;
  return { https, http, direct: direct ?? [] };
}

/**
 * The proxies alone, for what needs no other setting.
 *
 * @throws `CONFIG_INVALID` (not retryable).
 */
export function readProxies(env: Environment): Proxies {
  const shared = withSharedNames(env);
  const read = (name: 'HTTPS_PROXY' | 'HTTP_PROXY'): ProxyServer | undefined => {
    const text = shared[name] ?? '';
    const result = text === '' ? { value: undefined } : parseProxy(text);
    if ('value' in result) return result.value;
    throw new ArchiveError('CONFIG_INVALID', `${name} ${result.problem}`);
  };
  const [https, http] = [read('HTTPS_PROXY'), read('HTTP_PROXY')];
  return { https, http, direct: parseDirectRules(shared['NO_PROXY'] ?? '') };
}

/** What other programs understand and this one does not. */
export function findNetworkWarnings(env: Environment): string[] {
  const warnings: string[] = [];
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    warnings.push(
      'NODE_TLS_REJECT_UNAUTHORIZED=0 has no effect here: certificates are always checked; trust a certificate authority of your own with NODE_EXTRA_CA_CERTS',
    );
  }
  return warnings;
}
