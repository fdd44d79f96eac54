import { withSharedNames } from '../../config/rules/network.ts';
import type { ArchiveConfig, StoreConfig } from '../../config/config.ts';
import { chooseProxy } from '../../proxies.ts';
import type { DoctorCheck } from './check.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What each kind of connection goes through, by the hosts that the settings lead to. */
export function describeProxies(
  env: Environment,
  store: StoreConfig,
  archive: ArchiveConfig | undefined,
): DoctorCheck {
  const { proxies } = store;
  if (proxies.https === undefined && proxies.http === undefined) return withoutProxy(env);
  const way = (url: string, isProxied = true): string => {
    const { protocol, hostname, port } = new URL(url);
    const secure = protocol === 'https:';
    const target = { secure, host: hostname, port: Number(port) || (secure ? 443 : 80) };
    return (isProxied ? chooseProxy(proxies, target)?.name : undefined) ?? 'directly';
  };
  const region = env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? 'us-east-1';
  const aws = env['AWS_ENDPOINT_URL_S3'] ?? env['AWS_ENDPOINT_URL'] ?? `https://s3.${region}.amazonaws.com`;
  const ways = [
    ...(archive === undefined
      ? []
      : [
          `login ${way(archive.genesys.loginUrl)}`,
          `API ${way(archive.genesys.apiUrl)}`,
          `media ${way(`https://media.${archive.genesys.environment}`, archive.proxyMedia)}`,
        ]),
    ...(URL.canParse(aws) ? [`AWS ${way(aws)}`] : []),
  ];
  return { name: 'proxy', status: 'ok', detail: ways.join(', ') };
}

function withoutProxy(env: Environment): DoctorCheck {
  const others = ['ALL_PROXY', 'all_proxy'].filter((name) => (env[name] ?? '') !== '');
  const { HTTP_PROXY: plain = '' } = withSharedNames(env);
  if (others.length === 0 || plain !== '') {
    return { name: 'proxy', status: 'ok', detail: 'none is set; everything is reached directly' };
  }
  return {
    name: 'proxy',
    status: 'warn',
    detail: `${others.join(', ')} is set, and not read here; everything is reached directly`,
    fix: 'set HTTPS_PROXY to the address of the proxy',
  };
}
