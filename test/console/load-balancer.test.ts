import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ConsoleRequest } from '../../src/console/exchange.ts';
import { albSignOn } from '../../src/console/sign-on/alb.ts';

const ARN =
  'arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/archive/0123456789abcdef';
const ISSUER = 'https://login.example.com';
const NOW = Date.parse('2026-03-05T08:00:00Z');
const KID = randomUUID();
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;

/** As the load balancer writes it: each part of base64url with its padding. */
const padded = (bytes: Buffer) => bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');

function statement({
  head = {},
  claims = {},
  key = privateKey,
  pad = padded,
}: {
  readonly head?: object;
  readonly claims?: object;
  readonly key?: typeof privateKey;
  readonly pad?: (bytes: Buffer) => string;
} = {}): string {
  const own = { alg: 'ES256', kid: KID, signer: ARN, iss: ISSUER, client: 'c', exp: NOW / 1_000 + 120 };
  const parts = [
    { ...own, ...head },
    { sub: 'ada', name: 'Ada', groups: ['auditors'], ...claims },
  ].map((part) => pad(Buffer.from(JSON.stringify(part))));
  const signed = parts.join('.');
  return `${signed}.${pad(sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }))}`;
}

function balancer(keys: Readonly<Record<string, string>> = { [KID]: pem }) {
  const asked: string[] = [];
  const signOn = albSignOn({
    balancer: { arn: ARN, issuer: ISSUER, clientId: 'c', groupsClaim: 'groups' },
    groups: { auditors: { roles: ['auditor'], divisions: '*' } },
    fetchKey: (url) => {
      asked.push(url);
      return Promise.resolve(keys[url.split('/').at(-1) ?? '']);
    },
    now: () => NOW,
  });
  const identify = (token: string | undefined) =>
    signOn.identify?.({ headers: { 'x-amzn-oidc-data': token } } as unknown as ConsoleRequest);
  return { asked, identify };
}

describe('what a load balancer states of who asks', () => {
  it('signs a person in, padded as it comes, and its key is read once', async () => {
    const { asked, identify } = balancer();
    for (let turn = 0; turn < 3; turn += 1)
      expect(await identify(statement())).toEqual({
        sub: 'ada',
        name: 'Ada',
        signIn: 'provider',
        roles: ['auditor'],
        divisions: '*',
      });
    expect(asked).toEqual([`https://public-keys.auth.elb.eu-central-1.amazonaws.com/${KID}`]);
    expect(await identify(statement({ pad: (bytes) => bytes.toString('base64url') }))).toMatchObject({
      sub: 'ada',
    });
  });

  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  it.each([
    ['the request did not pass the load balancer', undefined],
    ['it is no token', 'a.b'],
    ['it is no token', 'a b.c.d'],
    ['it is not signed with ES256', statement({ head: { alg: 'none' } })],
    ['it is not signed with ES256', statement({ head: { alg: 'HS256' } })],
    ['another load balancer signed it', statement({ head: { signer: ARN.replace('archive', 'other') } })],
    ['another load balancer signed it', statement({ head: { signer: undefined } })],
    ['it is for another client', statement({ head: { client: 'd' } })],
    ['it is of another provider', statement({ head: { iss: 'https://evil.example.com' } })],
    ['it is over', statement({ head: { exp: NOW / 1_000 } })],
    ['it is over', statement({ head: { exp: 'never' } })],
    ['it names no key', statement({ head: { kid: '../../elsewhere' } })],
    ['its key is not one of AWS', statement({ head: { kid: randomUUID() } })],
    ['its signature is wrong', statement({ key: other })],
    ['its signature is wrong', `${statement().split('.').slice(0, 2).join('.')}.AAAA`],
  ])('is refused: %s', async (why, token) => {
    await expect(balancer().identify(token)).rejects.toMatchObject({
      code: 'SIGN_IN_REQUIRED',
      message: expect.stringContaining(why) as unknown,
    });
  });

  it('is refused when its claims were changed after it was signed', async () => {
    const [head, , signature] = statement().split('.');
    const claims = padded(Buffer.from(JSON.stringify({ sub: 'eve', groups: ['auditors'] })));
    await expect(balancer().identify(`${head}.${claims}.${signature}`)).rejects.toThrow(
      'its signature is wrong',
    );
  });

  it('asks AWS for an invented key once a minute, not with each request', async () => {
    const { asked, identify } = balancer();
    const invented = statement({ head: { kid: randomUUID() } });
    for (let turn = 0; turn < 5; turn += 1) await identify(invented)?.catch(() => {});
    expect(asked).toHaveLength(1);
  });

  it('is refused where what AWS answers is a key of another kind', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
    const { identify } = balancer({ [KID]: rsa.export({ type: 'spki', format: 'pem' }) as string });
    await expect(identify(statement())).rejects.toThrow('its key is none');
  });
});
