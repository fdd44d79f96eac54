import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../packages/simulator/src/simulator.ts';
import { askToken, authorize, CREDENTIALS, json, observe } from './observe.ts';

const id = 'a1b2c3d4-5678-90ab-cdef-1234567890ab';

let simulator: Simulator;
beforeEach(async () => {
  simulator = await startSimulator({ recordings: [{ id, seconds: 1 }], tokenLifetimeS: 600 });
});
afterEach(async () => simulator.close());

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

describe('POST /oauth/token', () => {
  it("issues a token for the tutorial's form body", async () => {
    const answer = await askToken(simulator.apiUrl, {
      ...CREDENTIALS,
      scope: 'media:view interaction:metadata:update',
    });
    expect(answer.status).toBe(200);
    expect(json(answer)).toEqual({
      access_token: expect.stringMatching(/^[\w-]{43}$/) as string,
      token_type: 'Bearer',
      expires_in: 600,
      scope: 'media:view interaction:metadata:update',
    });
  });

  it('issues one for HTTP Basic, another one each time', async () => {
    const header = basic('simulator-client:simulator-secret');
    const first = json(await askToken(simulator.apiUrl, {}, header));
    const second = json(await askToken(simulator.apiUrl, {}, header));
    expect(first['token_type']).toBe('Bearer');
    expect(first['access_token']).not.toBe(second['access_token']);
  });

  it('does not tell a wrong id from a wrong secret', async () => {
    const answers = await Promise.all([
      askToken(simulator.apiUrl, { ...CREDENTIALS, client_id: 'somebody' }),
      askToken(simulator.apiUrl, { ...CREDENTIALS, client_secret: 'guess' }),
      askToken(simulator.apiUrl, {}, basic('simulator-client:guess')),
      askToken(simulator.apiUrl),
    ]);
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      expect(json(answer)).toEqual({
        error: 'invalid_client',
        description: 'authentication failed',
        error_description: 'authentication failed',
      });
    }
  });

  it.each([
    [{ ...CREDENTIALS, grant_type: 'password' }, 'unsupported_grant_type'],
    [{ ...CREDENTIALS, scope: 'media:view recordings' }, 'invalid_scope'],
  ])('refuses %o', async (fields, error) => {
    const answer = await askToken(simulator.apiUrl, fields);
    expect(answer.status).toBe(400);
    expect(json(answer)).toMatchObject({ error });
  });

  it('refuses a JSON body, and credentials in two places', async () => {
    const asJson = await askToken(simulator.apiUrl, CREDENTIALS, { 'content-type': 'application/json' });
    const twice = await askToken(simulator.apiUrl, CREDENTIALS, basic('simulator-client:simulator-secret'));
    expect([asJson.status, twice.status]).toEqual([400, 400]);
  });

  it('keeps credentials and tokens out of the record of requests', async () => {
    const headers = await authorize(simulator.apiUrl);
    await observe(`${simulator.apiUrl}/api/v2/media/${id}?access_token=query-secret`, { headers });
    const record = JSON.stringify(simulator.requests);
    expect(record).not.toContain('simulator-secret');
    expect(record).not.toContain(headers.authorization.slice(7));
    expect(record).not.toContain('query-secret');
    expect(simulator.requests.map(({ route, hadAuthorization }) => [route, hadAuthorization])).toEqual([
      ['POST /oauth/token', false],
      ['GET /api/v2/media/{id}', true],
    ]);
  });
});
