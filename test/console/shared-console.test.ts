import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { type OpenedSignOn, openSignOn } from '../../src/console/sign-on/open-sign-on.ts';
import { type SharedConsole, startSharedConsole } from '../../src/console/start-console.ts';
import { silentLogger } from '../../src/log.ts';
import { Secret } from '../../src/secret.ts';
import { type Answered, ask, inventArchive } from './invented-console.ts';

const CLIENT = 'console';
const SECRET = 'a-secret-of-the-client';
const ADDRESS = 'https://archive.example.com';
const HOST = { host: 'archive.example.com' };
let issuer: string;
let provider: Server;
let running: SharedConsole;

beforeAll(async () => {
  provider = await startProvider();
  running = await open(await signOnOf(issuer));
});

afterAll(async () => {
  await running.stop(0);
  provider.closeAllConnections();
  await new Promise((resolve) => provider.close(resolve));
});

/** A certified provider, which signs in whoever asks. */
async function startProvider(): Promise<Server> {
  const { Provider } = await import('oidc-provider');
  const server = createServer();
  server.listen({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const own = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT,
        client_secret: SECRET,
        redirect_uris: [`${ADDRESS}/auth/callback`],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    cookies: { keys: [randomBytes(16).toString('hex')] },
    // each stated, because the provider prints a notice of each that is not
    ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 60, IdToken: 60, Interaction: 60, Session: 60 },
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'groups'], profile: ['name'] },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: 'Ada', groups: id === 'ada' ? ['auditors'] : ['others'] }),
    }),
    loadExistingGrant: async ({ oidc }) => {
      const grant = new own.Grant({ clientId: CLIENT, accountId: oidc.session?.accountId ?? '' });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
  });
  const callback = own.callback();
  server.on('request', (request, response) => {
    const account = /^\/interaction\/[\w-]+\?as=(\w+)$/.exec(request.url ?? '')?.[1];
    if (account === undefined) return void callback(request, response);
    void own.interactionFinished(request, response, { login: { accountId: account } });
  });
  return server;
}

async function signOnOf(from: string, sessionKey?: Secret) {
  const file = {
    address: ADDRESS,
    oidc: { issuer: from, clientId: CLIENT },
    groups: { auditors: { roles: ['auditor'], divisions: '*' } },
  };
  return openSignOn({
    file: { text: JSON.stringify(file), name: 'sign-on.json' },
    clientSecret: new Secret(SECRET),
    sessionKey,
  });
}

function open(opened: OpenedSignOn): Promise<SharedConsole> {
  return startSharedConsole({
    ...opened,
    archives: [inventArchive().archive],
    host: '127.0.0.1',
    port: 0,
    pageFolder: '/nonexistent-console-page',
    peaksWorker: undefined,
    reasonRequired: false,
    clock: systemClock,
    logger: silentLogger,
  });
}

const cookiesOf = ({ headers }: Answered) =>
  ((headers['set-cookie'] ?? []) as string[]).map((cookie) => cookie.split(';')[0] ?? '');
const visit = (path: string, cookie?: string) =>
  ask(`${running.url}${path}`, {
    cookie,
    headers: {
      ...HOST,
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    },
  });
const fetched = (path: string, cookie?: string) => ask(`${running.url}${path}`, { cookie, headers: HOST });

/** Goes to the provider and back. @returns the answer to `/auth/callback`, and what would be asked there. */
async function signIn(account: string) {
  const login = await visit('/auth/login');
  const [loginCookie = ''] = cookiesOf(login);
  let next = String(login.headers['location']);
  const jar = new Map<string, string>();
  for (let turn = 0; turn < 6 && !next.startsWith(ADDRESS); turn += 1) {
    const url = new URL(next, issuer);
    if (url.pathname.startsWith('/interaction/')) url.search = `?as=${account}`;
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await ask(url.href, { cookie });
    for (const pair of cookiesOf(answer)) {
      const at = pair.indexOf('=');
      jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    next = String(answer.headers['location']);
  }
  const { search } = new URL(next);
  return { loginCookie, search, back: () => visit(`/auth/callback${search}`, loginCookie) };
}

describe('a console that several share', () => {
  it('sends a browser without a session to the provider, and signs in who comes back', async () => {
    expect((await visit('/')).headers['location']).toBe('/auth/login');
    const { back } = await signIn('ada');
    const answer = await back();
    expect(answer).toMatchObject({ status: 303, headers: { location: '/' } });
    const [session = '', login = ''] = cookiesOf(answer);
    expect(session).toMatch(/^__Host-gma_console=/);
    expect(login).toBe('__Secure-gma_console_login=');
    expect((answer.headers['set-cookie'] as string[])[0]).toMatch(/HttpOnly; Secure; SameSite=Lax$/);
    const me = await fetched('/api/me', session);
    expect(me.json()).toMatchObject({ name: 'Ada', signIn: 'provider', roles: ['auditor'], divisions: '*' });
  });

  it('grants nothing to who is in no group of the file', async () => {
    const { back } = await signIn('eve');
    const [session = ''] = cookiesOf(await back());
    expect((await fetched('/api/me', session)).json()).toMatchObject({ roles: [], grants: [] });
    expect((await fetched('/api/recordings', session)).status).toBe(403);
  });

  it('refuses a callback of a browser that did not begin here, with another state, and the second time', async () => {
    const { back, search } = await signIn('ada');
    expect((await visit(`/auth/callback${search}`)).status).toBe(401);
    const other = await signIn('ada');
    expect((await visit(`/auth/callback${search}`, other.loginCookie)).status).toBe(401);
    expect((await back()).status).toBe(303);
    expect((await back()).status).toBe(401);
  });

  it('refuses a changed login cookie, and one of another key', async () => {
    const { loginCookie, search } = await signIn('ada');
    const changed = `${loginCookie.slice(0, -2)}${loginCookie.endsWith('AA') ? 'BB' : 'AA'}`;
    expect((await visit(`/auth/callback${search}`, changed)).status).toBe(401);
  });

  it('says what the provider refused by its code, and none of its words', async () => {
    const { loginCookie, search } = await signIn('ada');
    const query = new URLSearchParams({
      error: 'access_denied',
      error_description: 'words of the provider',
      state: new URLSearchParams(search).get('state') ?? '',
      iss: issuer,
    });
    const answer = await visit(`/auth/callback?${query.toString()}`, loginCookie);
    expect(answer.status).toBe(401);
    expect(answer.body.toString()).toContain('access_denied');
    expect(answer.body.toString()).not.toContain('words of the provider');
  });

  it('is asked by its own name alone', async () => {
    const { port } = new URL(running.url);
    const answer = await ask(`${running.url}/api/me`, { headers: { host: `127.0.0.1:${port}` } });
    expect(answer.status).toBe(421);
  });

  it('keeps sessions over a restart where the key is kept, and none where it began before signOutBefore', async () => {
    const sessionKey = new Secret(randomBytes(32).toString('hex'));
    const opened = await signOnOf(issuer, sessionKey);
    const first = running;
    running = await open(opened);
    const { back } = await signIn('ada');
    const [session = ''] = cookiesOf(await back());
    await running.stop(0);
    running = await open(opened);
    expect((await fetched('/api/me', session)).status).toBe(200);
    await running.stop(0);
    running = await open({ ...opened, signOutBefore: Date.now() + 1 });
    expect((await fetched('/api/me', session)).status).toBe(401);
    await running.stop(0);
    running = first;
  });

  it('does not start without the provider, and says whether it is silent or none', async () => {
    await expect(signOnOf('http://127.0.0.1:9')).rejects.toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      retryable: true,
    });
    await expect(signOnOf(`${issuer}/elsewhere`)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('a console behind a load balancer', () => {
  it('goes by who asks now: a cookie of another person opens nothing of theirs', async () => {
    const asking = (sub: string) => ({
      sub,
      name: sub,
      signIn: 'provider' as const,
      roles: ['viewer' as const],
      divisions: '*' as const,
    });
    const behind = await open({
      address: ADDRESS,
      sessionKey: randomBytes(32),
      signOn: { kind: 'alb', identify: ({ headers }) => Promise.resolve(asking(headers['x-who'] ?? '')) },
    });
    const me = (who: string, cookie?: string) =>
      ask(`${behind.url}/api/me`, { cookie, headers: { ...HOST, 'x-who': who } });
    try {
      const first = await me('ada');
      const [cookie = ''] = cookiesOf(first);
      expect(cookie).not.toBe('');
      const again = await me('ada', cookie);
      expect(cookiesOf(again)).toEqual([]);
      const other = await me('eve', cookie);
      expect(other.json()).toMatchObject({ name: 'eve' });
      expect(cookiesOf(other)).toHaveLength(1);
    } finally {
      await behind.stop(0);
    }
  });
});
