/**
 * Which proxy a request goes through, by the variables that other programs read too: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`. There is
 * no standard; the rules are those of Go's `httpproxy` (https://pkg.go.dev/golang.org/x/net/http/httpproxy), which kubectl, Terraform
 * and docker follow.
 */
import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { Secret } from './secret.ts';

export interface ProxyServer {
  /** TLS is spoken to the proxy itself. */
  readonly secure: boolean;
  /** Name or address, without brackets. */
  readonly host: string;
  readonly port: number;
  /** Scheme, host and port, as it may be printed. */
  readonly name: string;
  /** Value of `Proxy-Authorization`. */
  readonly authorization: Secret | undefined;
}

/** One entry of `NO_PROXY`. */
export interface DirectRule {
  /** A domain in lower case with a dot before it, a network, or everything. */
  readonly matches:
    | { readonly domain: string; readonly itself: boolean }
    | { readonly network: BlockList }
    | '*';
  /** Only this port, where one is stated. */
  readonly port: number | undefined;
}

export interface Proxies {
  /** For targets of `https:`. */
  readonly https: ProxyServer | undefined;
  /** For targets of `http:`. */
  readonly http: ProxyServer | undefined;
  /** Targets that no proxy is asked for. */
  readonly direct: readonly DirectRule[];
}

export const NO_PROXIES: Proxies = { https: undefined, http: undefined, direct: [] };

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/** A name, also one in Punycode, or an address, as a parsed URL has it. What is no host is never shown: it may be a misplaced secret. */
const HOSTNAME = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/;

/**
 * Reads the address of a proxy: a URL, or `host:port`, which means `http://`.
 *
 * @returns the proxy, or a problem that continues the sentence "NAME …" and repeats nothing of the value.
 */
export function parseProxy(text: string): { readonly value: ProxyServer } | { readonly problem: string } {
  const wanted = 'is not the address of a proxy, such as http://proxy.example.com:3128';
  const encoded = 'must end after the port; write / ? # and @ of a password as %2F %3F %23 and %40';
  const trimmed = text.trim();
  const withScheme = SCHEME.test(trimmed) ? trimmed : `http://${trimmed}`;
  // URL passes over further slashes: `/word` would have the host `word`
  const begins = withScheme.replace(SCHEME, '');
  if (/\s|^[/\\]/.test(begins) || !URL.canParse(withScheme)) {
    return { problem: /@.*@|[/?#].*@/.test(trimmed.replace(SCHEME, '')) ? encoded : wanted };
  }
  const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(withScheme);
  if (protocol !== 'http:' && protocol !== 'https:') {
    return {
      problem:
        'must start with http:// or https://: other kinds of proxies, such as socks5, are not supported',
    };
  }
  if ((pathname !== '/' && pathname !== '') || search !== '' || hash !== '' || /[?#]/.test(trimmed)) {
    return { problem: encoded };
  }
  if (!HOSTNAME.test(hostname)) return { problem: wanted };
  const secure = protocol === 'https:';
  let credentials: string | undefined;
  try {
    if (username !== '' || password !== '') {
      credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    }
  } catch {
    return { problem: 'has a user name or password with a % that encodes nothing; write it as %25' };
  }
  const effectivePort = port === '' ? (secure ? 443 : 80) : Number(port);
  return {
    value: {
      secure,
      host: bare(hostname),
      port: effectivePort,
      name: `${protocol}//${hostname}:${effectivePort}`,
      authorization:
        credentials === undefined
          ? undefined
          : new Secret(`Basic ${Buffer.from(credentials, 'utf8').toString('base64')}`),
    },
  };
}

/**
 * Reads `NO_PROXY`: entries between commas or blanks. What is no entry is passed over, as other programs do.
 *
 * `example.com` is that host and all below it, `.example.com` and `*.example.com` only what is below it, `10.0.0.0/8` and `2001:db8::/32`
 * networks, `10.1.2.3` and `2001:db8::1` addresses; a host or address may state a port (`example.com:8443`, `[::1]:8443`); `*` is
 * everything. Names are not resolved: a network matches targets that are named by address.
 */
export function parseDirectRules(text: string): readonly DirectRule[] {
  return text
    .toLowerCase()
    .split(/[\s,]+/)
    .flatMap((entry) => parseDirectRule(entry) ?? []);
}

function parseDirectRule(entry: string): DirectRule | undefined {
  if (entry === '*') return { matches: '*', port: undefined };
  const [, network = '', prefix = ''] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (prefix !== '') {
    const matches = networkOf(network, Number(prefix));
    return matches === undefined ? undefined : { matches, port: undefined };
  }
  const { host, port } = splitPort(entry);
  const family = isIP(host);
  if (family !== 0) {
    const matches = networkOf(host, family === 4 ? 32 : 128);
    return matches === undefined ? undefined : { matches, port };
  }
  const name = host.replace(/^\*(?=\.)/, '').replace(/\.$/, '');
  const itself = !name.startsWith('.');
  const ascii = domainToASCII(itself ? name : name.slice(1));
  return ascii === '' ? undefined : { matches: { domain: `.${ascii}`, itself }, port };
}

function splitPort(entry: string): { readonly host: string; readonly port: number | undefined } {
  // an IPv6 address without brackets has no port
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  return { host: bracketed ?? plain ?? entry, port: port === undefined ? undefined : Number(port) };
}

function networkOf(address: string, prefix: number): { readonly network: BlockList } | undefined {
  const family = isIP(address);
  if (family === 0 || prefix > (family === 4 ? 32 : 128)) return undefined;
  const network = new BlockList();
  network.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return { network };
}

export interface ProxiedTarget {
  readonly secure: boolean;
  /** Name or address, with or without brackets. */
  readonly host: string;
  readonly port: number;
}

/** The proxy for a target, if it goes through one. This machine itself (`localhost`, 127.0.0.0/8, `::1`) never does. */
export function chooseProxy(proxies: Proxies | undefined, target: ProxiedTarget): ProxyServer | undefined {
  const proxy = target.secure ? proxies?.https : proxies?.http;
  if (proxies === undefined || proxy === undefined) return undefined;
  const host = bare(target.host).toLowerCase().replace(/\.$/, '');
  if (host === 'localhost' || covers(LOOPBACK, host)) return undefined;
  const isDirect = proxies.direct.some(
    (rule) => (rule.port === undefined || rule.port === target.port) && matches(rule, host),
  );
  return isDirect ? undefined : proxy;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

function matches({ matches: rule }: DirectRule, host: string): boolean {
  if (rule === '*') return true;
  if ('network' in rule) return covers(rule.network, host);
  return host.endsWith(rule.domain) || (rule.itself && host === rule.domain.slice(1));
}

function covers(network: BlockList, host: string): boolean {
  const family = isIP(host);
  return family !== 0 && network.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
