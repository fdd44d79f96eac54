import { ArchiveError } from '../../errors.ts';
import { NO_PROXIES, parseDirectRules, parseProxy, type Proxies, type ProxyServer } from '../../proxies.ts';
import type { SettingValues } from '../schema.ts';

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
