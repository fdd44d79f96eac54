import { describe, expect, it } from 'vitest';
import { startBudget, unlimited } from '../../src/clock.ts';
import { MEDIA_SCOPES } from '../../src/genesys/media/api.ts';
import { createTokenSource } from '../../src/genesys/oauth.ts';
import { createTransport } from '../../src/http/transport.ts';
import { silentLogger } from '../../src/log.ts';
import { connected } from './connect.ts';
import { fixedCredentials } from './fixed-credentials.ts';

const TOKEN = 'POST /oauth/token';
const oauth = (loginUrl: string) => ({
  loginUrl,
  credentials: fixedCredentials(),
  scope: MEDIA_SCOPES,
  transport: createTransport(),
  logger: silentLogger,
});

describe('token source', () => {
  it('asks once and keeps the token until 60 s before its expiry', async () => {
    const { tokens, count, clock } = await connected({
      simulator: { recordings: [{}], tokenLifetimeS: 600 },
    });
    const first = await tokens.token(unlimited);
    expect(await tokens.token(unlimited)).toBe(first);
    clock.advance(538_000);
    expect(await tokens.token(unlimited)).toBe(first);
    expect(count(TOKEN)).toBe(1);
    clock.advance(3_000);
    expect(await tokens.token(unlimited)).not.toBe(first);
    expect(count(TOKEN)).toBe(2);
  });

  it('has one request in flight however many callers', async () => {
    const { tokens, count } = await connected();
    const all = await Promise.all(Array.from({ length: 50 }, () => tokens.token(unlimited)));
    expect(new Set(all).size).toBe(1);
    expect(count(TOKEN)).toBe(1);
  });

  it('a caller that gives up does not take the token from the others', async () => {
    const { tokens, simulator, count } = await connected();
    simulator.faults.add({ on: 'token', fault: { kind: 'stall' } });
    const controller = new AbortController();
    const impatient = tokens.token({ deadline: Number.POSITIVE_INFINITY, signal: controller.signal });
    const patient = tokens.token(unlimited);
    controller.abort();
    await expect(impatient).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await expect(patient).resolves.toBeTypeOf('string');
    expect(count(TOKEN)).toBe(2); // the stalled one and its repeat, both shared
  });

  it('a caller that runs out of time is told what went wrong meanwhile', async () => {
    const { tokens, simulator, clock } = await connected();
    simulator.faults.add({ on: 'token', times: 99, fault: { kind: 'status', status: 503 } });
    const waiting = { ...clock, sleep: () => new Promise<void>(() => {}) };
    const slow = createTokenSource({ ...oauth(simulator.apiUrl), clock: waiting });
    const { budget, end } = startBudget(clock, clock.now() + 200);
    await expect(slow.token(budget)).rejects.toMatchObject({
      code: 'GENESYS_UNAVAILABLE',
      details: { status: 503 },
    });
    await expect(slow.token(budget)).rejects.toMatchObject({ code: 'OUT_OF_TIME' });
    end();
    expect(await tokens.token(unlimited).catch((error: unknown) => error)).toMatchObject({
      code: 'GENESYS_UNAVAILABLE',
    });
  });

  it('uses a token that lives shorter than the margin, from the cache, for half its life', async () => {
    const { tokens, count, clock } = await connected({ simulator: { recordings: [{}], tokenLifetimeS: 60 } });
    await tokens.token(unlimited);
    clock.advance(20_000);
    await tokens.token(unlimited);
    expect(count(TOKEN)).toBe(1);
    clock.advance(15_000);
    await tokens.token(unlimited);
    expect(count(TOKEN)).toBe(2);
  });

  it('logs each renewal with its lifetime and never the token or the secret', async () => {
    const { tokens, logger } = await connected({ simulator: { recordings: [{}], tokenLifetimeS: 1234 } });
    const token = await tokens.token(unlimited);
    expect(logger.lines.join('\n')).toMatch(/token renewed.*"lifetimeS":1234/);
    expect(logger.lines.join('\n')).not.toContain(token);
    expect(logger.lines.join('\n')).not.toContain('simulator-secret');
  });

  it('sends the tutorial’s form, scope included', async () => {
    const { tokens, simulator } = await connected();
    await tokens.token(unlimited);
    expect(simulator.requests[0]).toMatchObject({
      hadAuthorization: false,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(MEDIA_SCOPES).toBe('media:view interaction:metadata:update');
  });

  it('can send HTTP Basic instead', async () => {
    const { tokens, simulator } = await connected({ scope: undefined });
    await expect(tokens.token(unlimited)).resolves.toBeTypeOf('string');
    expect(simulator.requests[0]?.hadAuthorization).toBe(true);
  });

  it('a refused client is a permanent error that shows no secret', async () => {
    const { tokens, count, logger } = await connected({ clientSecret: 'canary-secret' });
    const error = await tokens.token(unlimited).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code: 'GENESYS_AUTH_REJECTED',
      retryable: false,
      details: { status: 401 },
    });
    expect(JSON.stringify(error) + String(error) + logger.lines.join()).not.toContain('canary-secret');
    expect(count(TOKEN)).toBe(1);
  });

  it.each([
    ['429 with Retry-After in seconds', { kind: 'throttle', retryAfter: 7 }, 7000],
    ['429 with Retry-After as a date', { kind: 'throttle', retryAfter: { httpDateIn: 30 } }, 29_000],
    ['429 without Retry-After', { kind: 'throttle', retryAfter: 'absent' }, 0],
    ['503', { kind: 'status', status: 503 }, 0],
    ['a reset connection', { kind: 'reset' }, 0],
  ] as const)('survives %s', async (_name, fault, atLeastMs) => {
    const { tokens, simulator, clock, count } = await connected();
    simulator.faults.add({ on: 'token', times: 2, fault });
    await expect(tokens.token(unlimited)).resolves.toBeTypeOf('string');
    expect(count(TOKEN)).toBe(3);
    expect(clock.slept).toHaveLength(2);
    expect(clock.slept[0]).toBeGreaterThanOrEqual(atLeastMs);
  });

  const good = { access_token: 'abc-._~+/123==', token_type: 'Bearer', expires_in: 3600 };

  it.each([
    ['a line break in the token', { ...good, access_token: 'abc\r\nx-evil: 1' }],
    ['a NUL in the token', { ...good, access_token: 'abc\u0000' }],
    ['a blank in the token', { ...good, access_token: 'abc def' }],
    ['a blank before the token', { ...good, access_token: ' abc' }],
    ['a tab behind the token', { ...good, access_token: 'abc\t' }],
    ['a quoted token', { ...good, access_token: '"abc"' }],
    ['an umlaut in the token', { ...good, access_token: 'tökén' }],
    ['= within the token', { ...good, access_token: 'a=b' }],
    ['a token of 17 KiB', { ...good, access_token: 'a'.repeat(17_000) }],
    ['an empty token', { ...good, access_token: '' }],
    ['a token that is no text', { ...good, access_token: { value: 'abc' } }],
    ['no token', { token_type: 'Bearer', expires_in: 3600 }],
    ['an error with 200', { error: 'invalid_client' }],
    ['another token_type', { ...good, token_type: 'mac' }],
    ['no token_type', { access_token: 'abc', expires_in: 3600 }],
    ['no expires_in', { access_token: 'abc', token_type: 'Bearer' }],
    ['expires_in: 0', { ...good, expires_in: 0 }],
    ['expires_in: -1', { ...good, expires_in: -1 }],
    ['expires_in: true', { ...good, expires_in: true }],
    ['expires_in: null', { ...good, expires_in: null }],
    ['expires_in: soon', { ...good, expires_in: 'soon' }],
    ['expires_in as a list', { ...good, expires_in: [3600] }],
    ['expires_in: 31 years', { ...good, expires_in: 1e9 }],
    ['expires_in in ms', { ...good, expires_in: 86_400_000 }],
    ['a list', [good]],
  ])('an answer with %s is a bad response, and is forgotten', async (_name, body) => {
    const { tokens, simulator, count } = await connected();
    simulator.faults.add({ on: 'token', fault: { kind: 'answer', body: JSON.stringify(body) } });
    await expect(tokens.token(unlimited)).rejects.toMatchObject({
      code: 'GENESYS_BAD_RESPONSE',
      retryable: true,
      message: expect.not.stringMatching(/abc|evil|tökén/) as unknown,
    });
    expect(await tokens.token(unlimited)).toMatch(/^[\w-]{43}$/);
    expect(count(TOKEN)).toBe(2);
  });

  it.each([
    ['any bearer token', good],
    ['bearer in small letters', { ...good, token_type: 'bearer' }],
    ['the lifetime as digits', { ...good, expires_in: '28800' }],
    ['48 hours', { ...good, expires_in: 172_800 }],
  ])('takes %s', async (_name, body) => {
    const { tokens, simulator } = await connected();
    simulator.faults.add({ on: 'token', fault: { kind: 'answer', body: JSON.stringify(body) } });
    expect(await tokens.token(unlimited)).toBe('abc-._~+/123==');
  });

  it('gives up on an answer without a token, and on an absurd Retry-After', async () => {
    const page = await connected();
    page.simulator.faults.add({ on: 'token', fault: { kind: 'html' } });
    await expect(page.tokens.token(unlimited)).rejects.toMatchObject({ code: 'GENESYS_BAD_RESPONSE' });
    const absurd = await connected();
    absurd.simulator.faults.add({ on: 'token', fault: { kind: 'throttle', retryAfter: 'absurd' } });
    await expect(absurd.tokens.token(unlimited)).rejects.toMatchObject({
      code: 'GENESYS_THROTTLED',
      retryable: true,
    });
    expect(absurd.clock.slept).toEqual([]);
  });
});
