import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config/config.ts';
import { chooseProxy, NO_PROXIES, parseDirectRules, parseProxy, type Proxies } from '../src/proxies.ts';
import { failure } from './failure.ts';

const proxyOf = (text: string) => {
  const result = parseProxy(text);
  if ('problem' in result) throw new Error(result.problem);
  return result.value;
};

describe('the address of a proxy', () => {
  it.each([
    ['http://proxy.example.com:3128', 'http://proxy.example.com:3128'],
    ['http://proxy.example.com:3128/', 'http://proxy.example.com:3128'],
    ['proxy.example.com:3128', 'http://proxy.example.com:3128'],
    ['localhost:3128', 'http://localhost:3128'],
    ['10.0.0.1:8080', 'http://10.0.0.1:8080'],
    ['proxy.example.com', 'http://proxy.example.com:80'],
    ['HTTPS://Proxy.Example.com', 'https://proxy.example.com:443'],
    ['http://[2001:db8::1]:3128', 'http://[2001:db8::1]:3128'],
    [' http://proxy.example.com:3128 ', 'http://proxy.example.com:3128'],
  ])('%s is %s', (text, name) => {
    expect(proxyOf(text)).toMatchObject({ name, authorization: undefined });
  });

  it.each([
    ['user:pass', 'user:pass'],
    ['user', 'user:'],
    ['user%40corp:p%40ss%3A%2F%23', 'user@corp:p@ss:/#'],
    ['%C3%BCser:pa%C3%9F', 'üser:paß'],
  ])('takes the user name and password %s', (info, plain) => {
    const proxy = proxyOf(`http://${info}@proxy.example.com:3128`);
    expect(proxy.authorization?.reveal()).toBe(`Basic ${Buffer.from(plain).toString('base64')}`);
    expect(proxy.name).toBe('http://proxy.example.com:3128');
    expect(inspect(proxy, { depth: 9 }) + JSON.stringify(proxy)).not.toMatch(/pass|Basic|dXNlc/);
  });

  it.each([
    ['socks5://proxy.example.com:1080', /http:\/\/ or https:\/\//],
    ['ftp://proxy.example.com', /http:\/\/ or https:\/\//],
    ['http://user:1#secret@proxy.example.com:3128', /%23/],
    ['http://user:1/secret@proxy.example.com:3128', /%2F/],
    ['http://user:1?secret@proxy.example.com:3128', /%3F/],
    ['http://user:50%@proxy.example.com:3128', /%25/],
    ['http://proxy.example.com:99999', /is not the address/],
    ['http://', /is not the address/],
    ['http://proxy one:3128', /is not the address/],
    ['http://proxy.example.com:3128/path', /end after the port/],
    ['/proxy.example.com:3128', /is not the address/],
    ['//proxy.example.com:3128', /is not the address/],
    ['http:///proxy.example.com:3128', /is not the address/],
    ['\\proxy.example.com:3128', /is not the address/],
    ['http://proxy$one.example.com:3128', /is not the address/],
    ['1.2.3.999999999999,', /is not the address/],
    ['http://user:secret@proxy,one:3128', /is not the address/],
  ])('is not %s', (text, problem) => {
    const result = parseProxy(text);
    expect(result).toStrictEqual({ problem: expect.stringMatching(problem) });
    expect(JSON.stringify(result)).not.toContain('secret');
  });
});

describe('what is reached without a proxy', () => {
  const choose = (noProxy: string, host: string, port = 443) =>
    chooseProxy(
      { https: proxyOf('proxy:1'), http: undefined, direct: parseDirectRules(noProxy) },
      { secure: true, host, port },
    ) === undefined
      ? 'direct'
      : 'proxy';

  // as https://pkg.go.dev/golang.org/x/net/http/httpproxy has it
  it.each([
    ['', 'example.com', 443, 'proxy'],
    ['example.com', 'example.com', 443, 'direct'],
    ['example.com', 'a.example.com', 443, 'direct'],
    ['example.com', 'A.EXAMPLE.com', 443, 'direct'],
    ['Example.COM', 'example.com', 443, 'direct'],
    ['example.com', 'notexample.com', 443, 'proxy'],
    ['ample.com', 'example.com', 443, 'proxy'],
    ['example.com', 'example.com.evil.org', 443, 'proxy'],
    ['.example.com', 'example.com', 443, 'proxy'],
    ['.example.com', 'a.b.example.com', 443, 'direct'],
    ['*.example.com', 'a.example.com', 443, 'direct'],
    ['*.example.com', 'example.com', 443, 'proxy'],
    ['example.com.', 'example.com', 443, 'direct'],
    ['example.com', 'example.com.', 443, 'direct'],
    ['example.com:8443', 'example.com', 443, 'proxy'],
    ['example.com:8443', 'example.com', 8443, 'direct'],
    ['*', 'example.com', 443, 'direct'],
    ['a.org, *', '10.0.0.1', 443, 'direct'],
    ['10.0.0.0/8', '10.255.0.1', 443, 'direct'],
    ['10.0.0.0/8', '11.0.0.1', 443, 'proxy'],
    ['10.0.0.0/8', 'ten.example.com', 443, 'proxy'],
    ['10.0.0.0/33', '10.0.0.1', 443, 'proxy'],
    ['10.1.2.3', '10.1.2.3', 443, 'direct'],
    ['10.1.2.3:8443', '10.1.2.3', 443, 'proxy'],
    ['10.1.2.3', '[::ffff:a01:203]', 443, 'direct'],
    ['2001:db8::/32', '[2001:db8:1::5]', 443, 'direct'],
    ['2001:db8::5', '[2001:db8:0::5]', 443, 'direct'],
    ['[2001:db8::5]:8443', '[2001:db8::5]', 8443, 'direct'],
    ['[2001:db8::5]:8443', '[2001:db8::5]', 443, 'proxy'],
    ['a.org,b.org', 'b.org', 443, 'direct'],
    ['a.org  b.org', 'b.org', 443, 'direct'],
    [',, ,', 'b.org', 443, 'proxy'],
    [':443,[]:443,/8,%', 'b.org', 443, 'proxy'],
    ['bücher.example', 'xn--bcher-kva.example', 443, 'direct'],
  ] as const)('NO_PROXY=%s reaches %s port %i: %s', (noProxy, host, port, way) => {
    expect(choose(noProxy, host, port)).toBe(way);
  });

  it.each(['localhost', 'LOCALHOST', 'localhost.', '127.0.0.1', '127.8.8.8', '[::1]', '[::ffff:7f00:1]'])(
    'is this machine itself, as %s',
    (host) => {
      expect(choose('', host)).toBe('direct');
    },
  );

  it('is what is spoken to by a protocol that has no proxy', () => {
    const proxies: Proxies = { ...NO_PROXIES, https: proxyOf('proxy:1') };
    expect(chooseProxy(proxies, { secure: false, host: 'example.com', port: 80 })).toBeUndefined();
    expect(chooseProxy(undefined, { secure: true, host: 'example.com', port: 443 })).toBeUndefined();
  });
});

describe('the variables of proxies', () => {
  const load = (env: Record<string, string>) => loadConfig({ env }, 'store').proxies;

  it.each([
    [{ HTTPS_PROXY: 'http://one:1' }, { https: 'http://one:1', http: undefined }],
    [{ https_proxy: 'http://two:2' }, { https: 'http://two:2', http: undefined }],
    [
      { HTTPS_PROXY: 'http://one:1', https_proxy: 'http://two:2' },
      { https: 'http://one:1', http: undefined },
    ],
    [
      { HTTPS_PROXY: '', https_proxy: 'http://two:2' },
      { https: 'http://two:2', http: undefined },
    ],
    [{ HTTP_PROXY: 'http://one:1' }, { https: undefined, http: 'http://one:1' }],
    [{ http_proxy: 'http://one:1' }, { https: undefined, http: 'http://one:1' }],
    // a request's header `Proxy: …` becomes HTTP_PROXY in a CGI program: https://httpoxy.org
    [
      { HTTP_PROXY: 'http://evil:1', REQUEST_METHOD: 'GET' },
      { https: undefined, http: undefined },
    ],
    [
      { HTTP_PROXY: 'http://evil:1', http_proxy: 'http://two:2', REQUEST_METHOD: 'GET' },
      { https: undefined, http: 'http://two:2' },
    ],
    [
      { ALL_PROXY: 'http://one:1', NO_PROXY: '*' },
      { https: undefined, http: undefined },
    ],
  ] as [Record<string, string>, object][])('%j', (env, expected) => {
    const { https, http } = load(env);
    expect({ https: https?.name, http: http?.name }).toStrictEqual(expected);
  });

  it('are read in lower case for what is reached directly', () => {
    const target = { secure: true, host: 'example.com', port: 443 };
    expect(chooseProxy(load({ https_proxy: 'p:1', no_proxy: 'example.com' }), target)).toBeUndefined();
    expect(chooseProxy(load({ https_proxy: 'p:1' }), target)?.name).toBe('http://p:1');
  });

  it('are refused with the reason, and without a word of the password', async () => {
    const error = await failure(
      Promise.resolve().then(() => load({ HTTPS_PROXY: 'http://user:hunter2#x@proxy:3128' })),
    );
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain('HTTPS_PROXY: must end after the port');
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
  });

  it('may hold a password, and so are not taken from a file or the command line', async () => {
    const values = { HTTPS_PROXY: 'http://proxy:3128' };
    for (const source of [
      { env: {}, file: { path: 'x.json', values } },
      { env: {}, flags: values },
    ]) {
      const error = await failure(Promise.resolve().then(() => loadConfig(source, 'store')));
      expect(error.message).toMatch(/HTTPS_PROXY: is a secret/);
    }
  });

  it('do not make the configuration print a password', () => {
    const proxies = load({ HTTPS_PROXY: 'http://user:hunter2@proxy:3128' });
    expect(inspect(proxies, { depth: 9 }) + JSON.stringify(proxies)).not.toMatch(
      new RegExp(`hunter2|${Buffer.from('user:hunter2').toString('base64').slice(0, 8)}`),
    );
  });

  it('are joined by a warning where NODE_TLS_REJECT_UNAUTHORIZED=0 is set, which has no effect', () => {
    const { warnings } = loadConfig({ env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } }, 'store');
    expect(warnings).toStrictEqual([expect.stringContaining('NODE_EXTRA_CA_CERTS')]);
  });
});
