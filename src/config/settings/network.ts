import { parseDirectRules, parseProxy } from '../../proxies.ts';
import { checked } from '../checked.ts';
import { duration } from '../values/measures.ts';
import { flag } from '../values/values.ts';

const ALL = ['archive', 'restore', 'store', 'keys', 'wrap', 'seal'] as const;

const proxy = checked(parseProxy);
const directRules = checked((text) => ({ value: parseDirectRules(text) }));

/** How other machines are reached. The names of proxies are those that other programs read, also in lower case. Part of the one table in `schema.ts`. */
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
