import { request as send } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSessionKeeper, IDLE_MS, readSessionCookie, SESSION_MS } from '../../src/console/session.ts';
import {
  ask,
  catalogued,
  cookieOf,
  DAY,
  inventArchive,
  openConsole,
  type OpenConsole,
  record,
  type Recorded,
} from './invented-console.ts';

let opened: OpenConsole;
let recordings: Recorded[] = [];

beforeAll(async () => {
  const invented = inventArchive();
  for (let count = 0; count < 3; count += 1)
    recordings.push(
      await record(invented.store, {
        plaintext: Buffer.alloc(2_000, 7),
        at: Date.parse(`${DAY}T08:00:00Z`) + count * 60_000,
      }),
    );
  await catalogued(invented, recordings);
  opened = await openConsole([invented.archive]);
});

afterAll(async () => {
  await opened.stop();
  recordings = [];
});

describe('the launch token', () => {
  it('signs in once, in the fragment of the address, and never again', async () => {
    const own = await openConsole([inventArchive().archive]);
    try {
      const launch = new URL(own.launchUrl);
      expect([launch.search, launch.pathname]).toEqual(['', '/']);
      const token = launch.hash.replace('#token=', '');
      expect(Buffer.from(token, 'base64url')).toHaveLength(32);
      const wrong = await ask(`${own.url}/api/session`, { json: { token: `${token.slice(0, -1)}-` } });
      expect([wrong.status, wrong.json()['error']]).toMatchObject([401, { code: 'SIGN_IN_REQUIRED' }]);
      const right = await ask(`${own.url}/api/session`, { json: { token } });
      expect(right.status).toBe(201);
      expect(right.json()).toMatchObject({ name: 'starter@laptop', signIn: 'launch', divisions: '*' });
      const again = await ask(`${own.url}/api/session`, { json: { token } });
      expect(again.status).toBe(401);
      expect(again.headers['set-cookie']).toBeUndefined();
    } finally {
      await own.stop();
    }
  });

  it('gives a cookie that no script reads, no other site sends and no other port is named by', async () => {
    const cookie = await opened.signIn();
    const port = new URL(opened.url).port;
    expect(cookie).toMatch(new RegExp(`^__Host-gma_console_${port}=`));
    const me = await ask(`${opened.url}/api/me`, { cookie });
    expect([me.status, me.json()]).toMatchObject([
      200,
      { grants: expect.arrayContaining(['listen', 'oversee']) as unknown, reasonRequired: false },
    ]);
    const own = await openConsole([inventArchive().archive]);
    const answered = await ask(`${own.url}/api/session`, {
      json: { token: new URL(own.launchUrl).hash.replace('#token=', '') },
    });
    await own.stop();
    const [set = ''] = (answered.headers['set-cookie'] ?? []) as string[];
    expect(set.split('; ').slice(1).toSorted()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Strict', 'Secure']);
    // of another console on another port
    expect((await ask(`${opened.url}/api/me`, { cookie: cookieOf(answered) })).status).toBe(401);
  });
});

describe('a session', () => {
  const keeper = createSessionKeeper({ key: Buffer.alloc(32, 1), notBefore: 500 });
  const person = { sub: 'ann', name: 'Ann', signIn: 'provider', roles: ['viewer'], divisions: '*' } as const;

  it('ends 30 minutes after it was last used, and 8 hours after it began', () => {
    const session = keeper.begin(person, 1_000);
    const sealed = keeper.seal(session);
    expect(keeper.open(sealed, 1_000 + IDLE_MS - 1)).toEqual(session);
    expect(keeper.open(sealed, 1_000 + IDLE_MS)).toBeUndefined();
    const used = keeper.seal({ ...session, seenAt: 1_000 + SESSION_MS - 10 });
    expect(keeper.open(used, 1_000 + SESSION_MS - 1)).toBeDefined();
    expect(keeper.open(used, 1_000 + SESSION_MS)).toBeUndefined();
  });

  it('is refused when one bit of its cookie is changed, when it is of another key, or older than the epoch', () => {
    const sealed = keeper.seal(keeper.begin(person, 1_000));
    const bytes = Buffer.from(sealed, 'base64url');
    const wrong: number[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      if (keeper.open(changed.toString('base64url'), 1_001) !== undefined) wrong.push(bit);
    }
    expect(wrong).toEqual([]);
    expect(createSessionKeeper({ key: Buffer.alloc(32, 2) }).open(sealed, 1_001)).toBeUndefined();
    expect(keeper.open(keeper.seal(keeper.begin(person, 499)), 600)).toBeUndefined();
  });

  it('is renewed while it is used, and over after signing out, with the cookie that was kept', async () => {
    const cookie = await opened.signInAs({ roles: ['viewer'] });
    expect((await ask(`${opened.url}/api/me`, { cookie })).status).toBe(200);
    const out = await ask(`${opened.url}/auth/logout`, { json: {}, cookie });
    expect([out.status, String(out.headers['set-cookie'])]).toMatchObject([
      204,
      expect.stringContaining('Max-Age=0'),
    ]);
    expect((await ask(`${opened.url}/api/me`, { cookie })).status).toBe(401);
  });

  it('is none where two cookies of its name contradict each other', () => {
    const name = '__Host-gma_console_8090';
    expect(readSessionCookie(`a=b; ${name}=one`, 8090)).toBe('one');
    expect(readSessionCookie(`${name}=one; ${name}=two`, 8090)).toBeUndefined();
    expect(readSessionCookie(`gma_console_8091=one`, 8090)).toBeUndefined();
  });
});

describe('requests that do not come from the page', () => {
  const cases: [string, Record<string, string | undefined>, number][] = [
    ['a name that was rebound to 127.0.0.1', { host: 'attacker.example' }, 421],
    ['another port of localhost', { host: 'localhost:1' }, 421],
    ['a page of another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a page on another port of this machine', { 'sec-fetch-site': 'same-site' }, 403],
    ['an address that was typed', { 'sec-fetch-site': 'none' }, 403],
    ['no browser, without saying so', { 'sec-fetch-site': undefined }, 403],
    ['a page whose origin is stated', { origin: 'http://127.0.0.1:1' }, 403],
    ['a sandboxed frame', { origin: 'null' }, 403],
  ];

  it.each(cases)('are refused before a session is looked at: %s', async (_, headers, status) => {
    const cookie = await opened.signInAs({ roles: ['auditor'] });
    for (const path of ['/api/recordings', '/api/me', '/media/x', '/app.js', '/api/nothing']) {
      const answer = await ask(opened.url + path, { headers, cookie });
      expect([path, answer.status, answer.json()['error']]).toMatchObject([
        path,
        status,
        { code: 'REQUEST_REFUSED' },
      ]);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('are refused where a form sent them', async () => {
    const cookie = await opened.signInAs({ roles: ['auditor'] });
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      undefined,
    ]) {
      const answer = await ask(`${opened.url}/auth/logout`, {
        json: {},
        cookie,
        headers: { 'content-type': type },
      });
      expect(answer.status).toBe(415);
    }
    expect((await ask(`${opened.url}/api/me`, { cookie })).status).toBe(200);
  });

  it('open the page by a link, and not in a frame or by a fetch', async () => {
    const open = (headers: Record<string, string>) => ask(`${opened.url}/`, { headers });
    const link = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    expect((await open(link)).status).toBe(200);
    expect((await open({ ...link, 'sec-fetch-dest': 'iframe' })).status).toBe(403);
    expect((await open({ ...link, 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' })).status).toBe(403);
  });
});

describe('every answer', () => {
  it('forbids other scripts, frames, sniffing and referrers, refusals included', async () => {
    const cookie = await opened.signInAs({ roles: ['viewer'] });
    for (const [path, own] of [
      ['/', {}],
      ['/api/me', { cookie }],
      ['/api/me', {}],
      ['/nothing', { cookie }],
      ['/api/recordings', { cookie, headers: { host: 'attacker.example' } }],
    ] as const) {
      const { headers } = await ask(opened.url + path, own);
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
      );
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
      });
    }
  });

  it('ends where a body or a head is larger than is taken', async () => {
    const cookie = await opened.signInAs({ roles: ['viewer'] });
    const body = await ask(`${opened.url}/api/session`, { json: { token: 'x'.repeat(70_000) }, cookie });
    expect([body.status, body.json()['error']]).toMatchObject([400, { code: 'REQUEST_INVALID' }]);
    const status = await new Promise((resolve) => {
      const asked = send(`${opened.url}/api/me`, {
        headers: { 'x-long': 'x'.repeat(20_000) },
        agent: false,
      });
      asked.once('response', (response) => resolve(response.statusCode));
      asked.once('error', () => resolve('cut'));
      asked.end();
    });
    expect(status).toBe(431);
  });

  it('says that the page was not built, and answers its API all the same', async () => {
    const page = await ask(`${opened.url}/`);
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.body.toString('utf8')).toContain('npm run build');
  });
});

describe('the list of recordings', () => {
  it('has each once, newest first, in pages that join without a gap', async () => {
    const cookie = await opened.signInAs({ roles: ['viewer'] });
    const ids: unknown[] = [];
    let cursor = '';
    for (let page = 0; page < 3; page += 1) {
      const answer = await ask(`${opened.url}/api/recordings?limit=1${cursor}`, { cookie });
      const { items, next, total } = answer.json() as {
        items: { id: string }[];
        next: string | null;
        total?: unknown;
      };
      if (page === 0) expect(total).toEqual({ count: 3, exact: true });
      ids.push(...items.map(({ id }) => id));
      expect(next === null).toBe(page === 2);
      cursor = `&cursor=${next}`;
    }
    expect(ids).toEqual(recordings.map(({ recordingId }) => recordingId).toReversed());
  });

  it('refuses what it does not know, by name and without the value', async () => {
    const cookie = await opened.signInAs({ roles: ['viewer'] });
    for (const query of [
      'colour=blue-7',
      'limit=501',
      'from=yesterday-7',
      'cursor=blue-7',
      'archive=blue-7',
    ]) {
      const answer = await ask(`${opened.url}/api/recordings?${query}`, { cookie });
      expect([query, answer.status]).toEqual([query, query.startsWith('archive') ? 404 : 400]);
      expect(answer.body.toString('utf8')).not.toContain('blue-7');
      expect(answer.body.toString('utf8')).not.toContain('yesterday-7');
    }
  });
});
