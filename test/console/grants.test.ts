import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { grantsOf, seesDivisions } from '../../src/console/access.ts';
import { GRANTS, type Grant, type Role, ROLES } from '../../src/console/api-schema.ts';
import type { Route } from '../../src/console/routes/route.ts';
import { ROUTES } from '../../src/console/routes/routes.ts';
import { ACCESS_PREFIX, parseAccessEntry } from '../../src/record/access-entry.ts';
import {
  ask,
  catalogued,
  DAY,
  inventArchive,
  type InventedArchive,
  openConsole,
  type OpenConsole,
  record,
  type Recorded,
} from './invented-console.ts';

let invented: InventedArchive;
let opened: OpenConsole;
/** Of division a, of division b, and one that no facts are known of. */
let calls: [Recorded, Recorded, Recorded];

beforeAll(async () => {
  invented = inventArchive();
  const at = (minute: number) => Date.parse(`${DAY}T08:00:00Z`) + minute * 60_000;
  const plaintext = Buffer.alloc(3_000, 1);
  calls = [
    await record(invented.store, { plaintext, at: at(1) }),
    await record(invented.store, { plaintext, at: at(2) }),
    await record(invented.store, { plaintext, at: at(3) }),
  ];
  const [a, b] = calls;
  await catalogued(invented, [
    { ...a, divisions: ['div-a'], agents: ['agent-1'] },
    { ...b, divisions: ['div-b', 'div-c'], agents: ['agent-2'] },
  ]);
  opened = await openConsole([invented.archive]);
});

afterAll(() => opened.stop());

/** Who may do what, as docs/console.md states it. Written out, so that a change of the table is seen here. */
const MAY: Readonly<Record<Role, readonly Grant[]>> = {
  viewer: ['see'],
  auditor: ['see', 'listen', 'read', 'verify', 'reveal'],
  custodian: ['see', 'listen', 'read', 'verify', 'reveal', 'export', 'hold'],
  overseer: ['see', 'oversee'],
  operator: ['see', 'operate'],
};

/** What each route needs, written out likewise. */
const NEEDS: Readonly<Record<string, string>> = {
  'POST /api/session': 'anyone',
  'GET /auth/login': 'anyone',
  'GET /auth/callback': 'anyone',
  'GET /api/me': 'signed-in',
  'POST /auth/logout': 'signed-in',
  'GET /api/recordings': 'see',
  'GET /api/recordings/:id': 'see',
  'GET /api/recordings/:id/verification': 'verify',
  'GET /api/recordings/:id/peaks': 'listen',
  'GET /api/recordings/:id/transcript': 'read',
  'POST /api/listens': 'listen',
  'GET /media/:listen': 'listen',
  'GET /api/listens/:listen': 'listen',
  'POST /api/listens/:listen/end': 'listen',
  'GET /api/completeness': 'see',
  'GET /api/completeness/:day': 'see',
  'GET /api/work': 'see',
  'GET /api/work/:id': 'see',
  'GET /api/work/:id/events': 'see',
  'POST /api/work/:id/control': 'operate',
  'GET /api/holds': 'hold',
  'GET /api/holds/:id/recordings': 'hold',
  'POST /api/holds': 'hold',
  'POST /api/holds/:id/release': 'hold',
  'POST /api/evidence': 'export',
  'GET /api/evidence/:id': 'export',
  'GET /api/access': 'oversee',
  'GET /api/access.csv': 'oversee',
  'GET /api/health': 'anyone',
  'GET /api/about': 'see',
};

const nameOf = ({ method, path }: Route) => `${method} ${path}`;

/** A request that its route understands, so that only the grant decides. */
function tryRoute({ method, path }: Route, cookie: string | undefined) {
  const [call] = calls;
  const filled = path.replace(':id', 'nothing').replace(':listen', 'nothing').replace(':day', DAY);
  const query = path === '/api/completeness' ? '?year=2026' : '';
  const bodies: Readonly<Record<string, object>> = {
    '/api/listens': { recording: call.recordingId },
    '/api/listens/:listen/end': { heard: [] },
    '/api/work/:id/control': { wish: 'pause' },
    '/api/holds': { matter: 'case 7', recordings: ['nothing'] },
    '/api/holds/:id/release': { reason: 'settled' },
    '/api/evidence': { recordings: ['nothing'], reason: 'case 7' },
    '/api/session': { token: 'x' },
  };
  return ask(`${opened.url}${filled}${query}`, {
    ...(method === 'POST' ? { json: bodies[path] ?? {} } : {}),
    cookie,
  });
}

describe('roles', () => {
  it('grant what their table says, and all grants are granted by some role', () => {
    expect(new Set(ROLES.flatMap((role) => [...MAY[role]]))).toEqual(new Set(GRANTS));
    for (const role of ROLES)
      expect([role, [...grantsOf({ signIn: 'provider', roles: [role] })]]).toEqual([role, MAY[role]]);
    expect([...grantsOf({ signIn: 'provider', roles: [] })]).toEqual([]);
    expect(new Set(grantsOf({ signIn: 'launch', roles: [] }))).toEqual(new Set(GRANTS));
  });

  it('let no overseer listen, read or export, with any other role', () => {
    const grants = grantsOf({ signIn: 'provider', roles: ['overseer', 'auditor', 'custodian'] });
    for (const grant of ['listen', 'read', 'reveal', 'export'] as const)
      expect([grant, grants.has(grant)]).toEqual([grant, false]);
    expect([grants.has('oversee'), grants.has('hold'), grants.has('verify')]).toEqual([true, true, true]);
  });

  it('are asked for by every route', () => {
    expect(Object.fromEntries(ROUTES.map((route) => [nameOf(route), route.needs]))).toEqual(NEEDS);
  });

  describe.each(ROUTES.map((route) => [nameOf(route), route] as const))('of %s', (name, route) => {
    it('let those in whose roles grant it, and refuse all others', async () => {
      const wrong: unknown[] = [];
      for (const role of [...ROLES, undefined]) {
        const cookie = await opened.signInAs({ roles: role === undefined ? [] : [role] });
        const { status } = await tryRoute(route, cookie);
        const needs = NEEDS[name] ?? '';
        const isOpen = needs === 'anyone' || needs === 'signed-in';
        const may = isOpen || (role !== undefined && MAY[role].includes(needs as Grant));
        const isLetIn = name === 'POST /api/session' ? status === 401 : ![401, 403].includes(status);
        if (isLetIn !== may || status >= 500) wrong.push([role, status]);
      }
      const { status } = await tryRoute(route, undefined);
      if ((status === 401) === (NEEDS[name] === 'anyone') && name !== 'POST /api/session')
        wrong.push(['nobody', status]);
      expect(wrong).toEqual([]);
    });
  });

  it('that are refused what is on record are on record themselves', async () => {
    const cookie = await opened.signInAs({ name: 'Vera', roles: ['viewer'] });
    await ask(`${opened.url}/api/listens`, { json: { recording: calls[0].recordingId }, cookie });
    const entries = [...invented.store.objects]
      .filter(([key]) => key.startsWith(ACCESS_PREFIX))
      .map(([, { body }]) => parseAccessEntry(body.toString('utf8')));
    expect(entries.filter((entry) => entry?.who === 'Vera')).toMatchObject([
      { action: 'listen', outcome: 'refused', n: 1 },
    ]);
  });
});

describe('divisions', () => {
  const PEOPLE = [
    ['of all', '*', [0, 1, 2]],
    ['of a', ['div-a'], [0]],
    ['of b', ['div-b'], [1]],
    ['of c and x', ['div-x', 'div-c'], [1]],
    ['of another', ['div-x'], []],
    ['of none', [], []],
  ] as const;

  it('of a recording that are not known are seen by those alone who see all', () => {
    expect(seesDivisions({ divisions: '*' }, null)).toBe(true);
    expect(seesDivisions({ divisions: ['div-a'] }, null)).toBe(false);
    expect(seesDivisions({ divisions: ['div-a'] }, [null, 'div-a'])).toBe(true);
    expect(seesDivisions({ divisions: [] }, ['div-a'])).toBe(false);
  });

  describe.each(PEOPLE)('a person %s', (_, divisions, sees) => {
    it('finds, opens, verifies, plays, holds and exports what they see, and what they do not see is not there', async () => {
      const cookie = await opened.signInAs({ roles: ['custodian'], divisions });
      const get = (path: string) => ask(opened.url + path, { cookie });
      const list = (await get('/api/recordings')).json() as { items: { id: string }[]; total: object };
      const ids = calls.map(({ recordingId }) => recordingId);
      expect(new Set(list.items.map(({ id }) => id))).toEqual(new Set(sees.map((at) => ids[at])));
      expect(list.total).toEqual({ count: sees.length, exact: true });
      for (const [at, id] of ids.entries()) {
        const isSeen = (sees as readonly number[]).includes(at);
        const byId = (await get(`/api/recordings?id=${id}`)).json() as { items: unknown[] };
        const statuses = [
          byId.items.length,
          (await get(`/api/recordings/${id}`)).status,
          (await get(`/api/recordings/${id}/verification`)).status,
          (await ask(`${opened.url}/api/listens`, { json: { recording: id }, cookie })).status,
          (await get(`/api/recordings/${id}/transcript`)).json()['error'],
          (await get(`/api/recordings/${id}/peaks`)).json()['error'],
          (
            await ask(`${opened.url}/api/evidence`, { json: { recordings: [id], reason: 'x' }, cookie })
          ).json()['error'],
        ];
        const error = (code: string) => ({ code });
        expect([at, statuses]).toMatchObject([
          at,
          isSeen
            ? [1, 200, 200, 201, error('NO_TRANSCRIPT'), error('NO_PEAKS'), error('CONFIG_INVALID')]
            : [0, 404, 404, 404, ...Array.from({ length: 3 }, () => error('OBJECT_NOT_FOUND'))],
        ]);
      }
    });
  });

  it('are not told of by the counts of days, nor by what is missing, nor by the access log', async () => {
    const cookie = await opened.signInAs({ roles: ['viewer', 'overseer'], divisions: ['div-a'] });
    const year = await ask(`${opened.url}/api/completeness?year=2026`, { cookie });
    const { days } = year.json() as { days: { date: string; archived: number; recorded: unknown }[] };
    expect(days.find(({ date }) => date === DAY)).toMatchObject({ archived: 1, recorded: null });
    for (const path of [`/api/completeness/${DAY}`, '/api/access', '/api/access.csv'])
      expect([path, (await ask(opened.url + path, { cookie })).status]).toEqual([path, 403]);
  });

  it('of a hold decide who may release it', async () => {
    const all = await opened.signInAs({ name: 'Cora', roles: ['custodian'] });
    const [a, b] = calls;
    const placed = await ask(`${opened.url}/api/holds`, {
      json: { matter: 'case 9', recordings: [a.recordingId, b.recordingId] },
      cookie: all,
    });
    expect([placed.status, placed.json()]).toMatchObject([201, { objects: 2, by: 'Cora' }]);
    const id = String(placed.json()['id']);
    const some = await opened.signInAs({ name: 'Dan', roles: ['custodian'], divisions: ['div-a'] });
    const seen = await ask(`${opened.url}/api/holds/${id}/recordings`, { cookie: some });
    expect(seen.json()).toMatchObject({ items: [{ recording: a.recordingId }], next: null });
    const release = (cookie: string) =>
      ask(`${opened.url}/api/holds/${id}/release`, { json: { reason: 'settled' }, cookie });
    expect((await release(some)).status).toBe(403);
    const own = await release(all);
    expect([own.status, own.json()['error']]).toMatchObject([409, { code: 'HOLD_SAME_PERSON' }]);
    const another = await opened.signInAs({ name: 'Eve', roles: ['custodian'] });
    const released = await release(another);
    expect([released.status, released.json()]).toMatchObject([200, { released: { by: 'Eve' } }]);
  });
});
