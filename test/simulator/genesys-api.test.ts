import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  listRoutes,
  startSimulator,
  type SimulatedRequest,
  type Simulator,
} from '../../packages/simulator/src/simulator.ts';
import { authorize, json, observe } from './observe.ts';

const id = 'a1b2c3d4-5678-90ab-cdef-1234567890ab';
const interactionId = '2f7bf00a-0fc2-4d6a-9b56-92238191433e';
const startedAt = Date.UTC(2026, 10, 23, 12);

let simulator: Simulator;
let now: number;
const finished: SimulatedRequest[] = [];

beforeEach(async () => {
  now = Date.UTC(2026, 10, 23, 13);
  finished.length = 0;
  simulator = await startSimulator({
    recordings: [{ id, interactionId, startedAt, seconds: 145, encoding: 'mulaw', channels: 1 }],
    tokenLifetimeS: 600,
    now: () => now,
    onRequest: (request) => finished.push(request),
  });
});
afterEach(async () => simulator.close());

describe('GET /api/v2/media/{id}', () => {
  it("answers as the tutorial's example, with the limits the platform counts", async () => {
    const answer = await observe(`${simulator.apiUrl}/api/v2/media/${id}`, {
      headers: await authorize(simulator.apiUrl),
    });
    expect(answer.status).toBe(200);
    expect(json(answer)).toEqual({
      id,
      downloadUrl: expect.stringMatching(
        new RegExp(`^${simulator.mediaUrl}/genesys-media/${id}\\?X-Amz-Algorithm=AWS4-HMAC-SHA256&`),
      ) as string,
      status: 'complete',
      mediaType: 'audio',
      duration: 145_000,
      startTime: '2026-11-23T12:00:00.000Z',
    });
    expect(answer.headers['inin-correlation-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers['inin-ratelimit-count']).toBe('1');
    expect(answer.headers['inin-ratelimit-allowed']).toBe('300');
    expect(answer.headers['inin-ratelimit-reset']).toBe('60');
  });

  it('gives no link before the recording is complete', async () => {
    simulator.setStatus(id, 'processing');
    const headers = await authorize(simulator.apiUrl);
    const before = json(await observe(`${simulator.apiUrl}/api/v2/media/${id}`, { headers }));
    expect(before).toMatchObject({ status: 'processing' });
    expect(before).not.toHaveProperty('downloadUrl');
    simulator.setStatus(id, 'complete');
    const after = json(await observe(`${simulator.apiUrl}/api/v2/media/${id}`, { headers }));
    expect(after).toHaveProperty('downloadUrl');
  });

  it('answers 404 for a recording it does not know', async () => {
    const answer = await observe(`${simulator.apiUrl}/api/v2/media/nobody`, {
      headers: await authorize(simulator.apiUrl),
    });
    expect(answer.status).toBe(404);
    expect(json(answer)).toMatchObject({
      code: 'not.found',
      status: 404,
      entityId: 'nobody',
      contextId: answer.headers['inin-correlation-id'],
      details: [],
      errors: [],
    });
  });

  it('answers 401 without a token, with a made-up one, after its lifetime and after revocation', async () => {
    const ask = async (headers: Record<string, string>) => {
      const answer = await observe(`${simulator.apiUrl}/api/v2/media/${id}`, { headers });
      return answer.status === 401 ? json(answer)['code'] : answer.status;
    };
    expect(await ask({})).toBe('authentication.required');
    expect(await ask({ authorization: 'Bearer made-up' })).toBe('bad.credentials');

    const token = await authorize(simulator.apiUrl);
    now += 599_999;
    expect(await ask(token)).toBe(200);
    now += 1;
    expect(await ask(token)).toBe('bad.credentials');

    const other = await authorize(simulator.apiUrl);
    expect(await ask(other)).toBe(200);
    simulator.revokeTokens();
    expect(await ask(other)).toBe('bad.credentials');
  });

  it('answers 403 when the token was asked for without the scope', async () => {
    const headers = await authorize(simulator.apiUrl, 'interaction:metadata:update');
    const answer = await observe(`${simulator.apiUrl}/api/v2/media/${id}`, { headers });
    expect(answer.status).toBe(403);
    expect(json(answer)).toMatchObject({
      code: 'missing.permissions',
      message: expect.stringContaining('media:view') as string,
    });
  });
});

describe('/api/v2/interactions/{id}', () => {
  const path = `/api/v2/interactions/${interactionId}`;

  it('merges metadata key by key and reads them back', async () => {
    const headers = await authorize(simulator.apiUrl);
    const patch = async (metadata: unknown) =>
      observe(simulator.apiUrl + path, { method: 'PATCH', headers, body: JSON.stringify({ metadata }) });
    expect((await patch({ a: 1, s3_archive_key: 'one' })).status).toBe(200);
    expect((await patch({ s3_archive_key: 'two' })).status).toBe(200);
    expect(json(await observe(simulator.apiUrl + path, { headers }))).toMatchObject({
      id: interactionId,
      metadata: { a: 1, s3_archive_key: 'two' },
    });
    expect(simulator.interaction(interactionId)).toEqual({ a: 1, s3_archive_key: 'two' });
  });

  it.each(['', 'no json', '[]', '{}', '{"metadata":[]}', '{"metadata":null}'])(
    'refuses the body %j',
    async (body) => {
      const headers = await authorize(simulator.apiUrl);
      const answer = await observe(simulator.apiUrl + path, { method: 'PATCH', headers, body });
      expect(answer.status).toBe(400);
      expect(simulator.interaction(interactionId)).toEqual({});
    },
  );

  it('refuses a body longer than the platform takes', async () => {
    const headers = await authorize(simulator.apiUrl);
    const body = JSON.stringify({ metadata: { long: 'x'.repeat(512_000) } });
    const answer = await observe(simulator.apiUrl + path, { method: 'PATCH', headers, body });
    expect(answer.status).toBe(413);
    expect(simulator.interaction(interactionId)).toEqual({});
  });

  it('answers 404 for an interaction it does not know, and 403 without the scope', async () => {
    const headers = await authorize(simulator.apiUrl, 'media:view');
    const unknown = await observe(`${simulator.apiUrl}/api/v2/interactions/nobody`, { headers });
    const forbidden = await observe(simulator.apiUrl + path, {
      method: 'PATCH',
      headers,
      body: '{"metadata":{}}',
    });
    expect([unknown.status, forbidden.status]).toEqual([404, 403]);
    expect(simulator.interaction('nobody')).toBeUndefined();
  });
});

describe('the API host', () => {
  it('says what it knows when asked for something else', async () => {
    const answer = await observe(`${simulator.apiUrl}/api/v2/routing/skills`);
    expect(answer.status).toBe(404);
    for (const { path } of listRoutes().filter(({ server }) => server === 'api'))
      expect(json(answer)['message']).toContain(path);
  });

  it.each(['/api/v2/media/', `/api/v2/media/${id}/x`])('does not match %s', async (path) => {
    expect((await observe(simulator.apiUrl + path)).status).toBe(404);
  });

  it('answers 405 and names the methods there are', async () => {
    const answer = await observe(`${simulator.apiUrl}/api/v2/interactions/${interactionId}`, {
      method: 'DELETE',
    });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, PATCH');
  });

  it('refuses more requests a minute than it was told to allow, until the minute is over', async () => {
    const strict = await startSimulator({ recordings: [{ id }], requestsPerMinute: 2, now: () => now });
    try {
      const headers = await authorize(strict.apiUrl);
      const ask = async () => observe(`${strict.apiUrl}/api/v2/media/${id}`, { headers });
      expect([(await ask()).status, (await ask()).status]).toEqual([200, 200]);
      now += 15_000;
      const refused = await ask();
      expect(refused.status).toBe(429);
      expect(refused.headers['retry-after']).toBe('45');
      expect(json(refused)).toMatchObject({ code: 'too.many.requests.retry.after', limit: { value: 300 } });
      now += 45_000;
      expect((await ask()).status).toBe(200);
    } finally {
      await strict.close();
    }
  });

  it('reports each request when it is over', async () => {
    await observe(`${simulator.apiUrl}/nowhere?with=query`, { headers: { 'user-agent': 'somebody/1' } });
    await expect
      .poll(() => finished)
      .toMatchObject([
        {
          server: 'api',
          route: 'unknown',
          method: 'GET',
          path: '/nowhere',
          status: 404,
          hadAuthorization: false,
          headers: { 'user-agent': 'somebody/1' },
          faults: [],
          time: now,
        },
      ]);
  });

  it('hands out the settings that lead the product here', () => {
    expect(simulator.environment()).toEqual({
      GENESYS_CLIENT_ID: 'simulator-client',
      GENESYS_CLIENT_SECRET: 'simulator-secret',
      GENESYS_ENVIRONMENT: 'mypurecloud.com',
      GENESYS_LOGIN_URL: simulator.apiUrl,
      GENESYS_API_URL: simulator.apiUrl,
      ARCHIVE_ALLOW_LOOPBACK: '1',
    });
  });

  it('says so when its port is taken, and may be closed twice', async () => {
    const ports = { api: Number(new URL(simulator.apiUrl).port) };
    await expect(startSimulator({ ports })).rejects.toThrow(
      expect.objectContaining({
        name: 'SimulatorError',
        message: expect.stringContaining('EADDRINUSE') as string,
      }),
    );
    await simulator.close();
    await simulator.close();
    await expect(observe(simulator.apiUrl)).resolves.toMatchObject({ ending: 'ECONNREFUSED' });
  });

  it('has everything made up by the seed, and refuses an id twice', async () => {
    const facts = async (seed: number) => {
      const other = await startSimulator({ recordings: 5, seed, now: () => now });
      await other.close();
      return other.recordings.map(({ id, interactionId, bytes, startedAt }) => [
        id,
        interactionId,
        bytes,
        startedAt,
      ]);
    };
    expect(await facts(3)).toEqual(await facts(3));
    expect(await facts(3)).not.toEqual(await facts(4));
    expect(() => simulator.add({ id })).toThrow(expect.objectContaining({ name: 'SimulatorError' }));
    expect(() => simulator.add({ bytes: 10 })).toThrow('seconds or bytes');
  });
});
