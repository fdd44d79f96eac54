import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { createMediaApi } from '../../../src/genesys/media/api.ts';
import { connected } from '../connect.ts';

const TOKEN = 'POST /oauth/token';
const MEDIA = 'GET /api/v2/media/{id}';
const PATCH = 'PATCH /api/v2/interactions/{id}';
const reference = {
  key: 'archive/2026/01/02/x.enc',
  archivedAt: Date.UTC(2026, 0, 2),
  algorithm: 'AES-256-GCM',
} as const;

describe('media look-up', () => {
  it('finds the link, the type and the length of a complete recording', async () => {
    const { resolver, request, recording, simulator } = await connected();
    const resolution = await resolver.resolve(request, unlimited);
    expect(resolution).toMatchObject({
      state: 'ready',
      items: [
        {
          ids: { recordingId: recording.id, conversationId: recording.interactionId },
          mediaType: 'audio',
          durationMs: 1000,
        },
      ],
    });
    if (resolution.state !== 'ready') return;
    expect(resolution.items[0]?.url.startsWith(simulator.mediaUrl)).toBe(true);
  });

  it('says "not ready" while the status is not complete', async () => {
    const { resolver, request, simulator, recording } = await connected();
    simulator.setStatus(recording.id, 'processing');
    expect(await resolver.resolve(request, unlimited)).toMatchObject({
      state: 'not-ready',
      status: 'processing',
    });
  });

  it('says "gone" for a recording that does not exist', async () => {
    const { resolver, request } = await connected();
    const other = { ...request, mediaId: '00000000-0000-4000-8000-000000000000' };
    expect(await resolver.resolve(other, unlimited)).toEqual({ state: 'gone', reason: 'not found (404)' });
  });

  it('an id cannot change the path it stands in', async () => {
    const { resolver, request, simulator } = await connected();
    await resolver.resolve({ ...request, mediaId: '../oauth/clients?x=' }, unlimited);
    expect(simulator.requests.at(-1)?.path).toBe('/api/v2/media/..%2Foauth%2Fclients%3Fx%3D');
  });

  it('a 401 forces exactly one renewal and one repeat', async () => {
    const { resolver, request, simulator, count } = await connected();
    await resolver.resolve(request, unlimited);
    simulator.revokeTokens();
    expect(await resolver.resolve(request, unlimited)).toMatchObject({ state: 'ready' });
    expect([count(TOKEN), count(MEDIA)]).toEqual([2, 3]);
  });

  it('a second 401 is final', async () => {
    const { resolver, request, simulator, count } = await connected();
    simulator.faults.add({ on: 'media', times: 99, fault: { kind: 'status', status: 401 } });
    await expect(resolver.resolve(request, unlimited)).rejects.toMatchObject({
      code: 'GENESYS_AUTH_REJECTED',
      retryable: false,
    });
    expect([count(TOKEN), count(MEDIA)]).toEqual([2, 2]);
  });

  it('a 401 seen by many callers renews once', async () => {
    const { resolver, request, simulator, count } = await connected();
    await resolver.resolve(request, unlimited);
    simulator.revokeTokens();
    await Promise.all(Array.from({ length: 20 }, () => resolver.resolve(request, unlimited)));
    expect(count(TOKEN)).toBe(2);
  });

  it('403 says which scope is missing', async () => {
    const { resolver, request, simulator } = await connected();
    simulator.faults.add({ on: 'media', fault: { kind: 'status', status: 403 } });
    await expect(resolver.resolve(request, unlimited)).rejects.toMatchObject({
      code: 'GENESYS_FORBIDDEN',
      retryable: false,
      hint: expect.stringContaining('media:view') as unknown,
    });
  });

  it('throttling is bounded, spread, and honours Retry-After in every form', async () => {
    const { resolver, request, simulator, count, clock } = await connected();
    simulator.faults.add({
      on: 'media',
      times: Number.POSITIVE_INFINITY,
      fault: { kind: 'throttle', retryAfter: 0 },
    });
    await expect(resolver.resolve(request, unlimited)).rejects.toMatchObject({
      code: 'GENESYS_THROTTLED',
      retryable: true,
    });
    expect(count(MEDIA)).toBe(6);
    expect(clock.slept).toHaveLength(5);

    simulator.faults.clear();
    simulator.faults.add({ on: 'media', fault: { kind: 'throttle', retryAfter: { httpDateIn: 40 } } });
    simulator.faults.add({ on: 'media', fault: { kind: 'throttle', retryAfter: 12 } });
    await resolver.resolve(request, unlimited);
    const [date, seconds] = clock.slept.slice(5);
    expect(date).toBeGreaterThan(38_000);
    expect(date).toBeLessThanOrEqual(44_000);
    expect(seconds).toBeGreaterThanOrEqual(12_000);
    expect(seconds).toBeLessThanOrEqual(13_200);
  });

  it('never waits past the deadline', async () => {
    const { resolver, request, simulator, clock } = await connected();
    await resolver.resolve(request, unlimited);
    simulator.faults.add({ on: 'media', times: 9, fault: { kind: 'throttle', retryAfter: 30 } });
    const budget = { deadline: clock.now() + 10_000, signal: unlimited.signal };
    await expect(resolver.resolve(request, budget)).rejects.toMatchObject({ code: 'GENESYS_THROTTLED' });
    expect(clock.slept).toEqual([]);
    const over = { deadline: clock.now() - 1, signal: unlimited.signal };
    await expect(resolver.resolve(request, over)).rejects.toMatchObject({
      code: 'OUT_OF_TIME',
      retryable: true,
    });
  });

  it.each([
    ['500', { kind: 'status', status: 500 }],
    ['502', { kind: 'status', status: 502 }],
    ['503', { kind: 'status', status: 503 }],
    ['504', { kind: 'status', status: 504 }],
    ['a reset', { kind: 'reset' }],
    ['a stall', { kind: 'stall' }],
  ] as const)('%s is tried again', async (_name, fault) => {
    const { resolver, request, simulator } = await connected({ timeouts: { headersMs: 100 } });
    simulator.faults.add({ on: 'media', times: 2, fault });
    expect(await resolver.resolve(request, unlimited)).toMatchObject({ state: 'ready' });
  });

  it.each([
    ['complete without a downloadUrl', { status: 'complete' }, 'GENESYS_BAD_RESPONSE'],
    ['an empty downloadUrl', { status: 'complete', downloadUrl: '' }, 'GENESYS_BAD_RESPONSE'],
    ['a downloadUrl that is no text', { downloadUrl: 7 }, 'GENESYS_BAD_RESPONSE'],
    ['status deleted', { status: 'DELETED' }, 'gone'],
    ['status pending', { status: 'Pending', downloadUrl: 'https://media.example.com/' }, 'not-ready'],
    ['no status at all', { id: 'm-1', downloadUrl: 'https://media.example.com/' }, 'ready'],
    ['a link without an id', { downloadUrl: 'https://media.example.com/' }, 'GENESYS_BAD_RESPONSE'],
  ])('understands %s', async (_name, body, outcome) => {
    const answer = { status: 200, text: JSON.stringify(body), errorCode: undefined, correlationId: 'c-1' };
    const resolver = createMediaApi({ call: async () => answer });
    const request = { dialect: 'media', mediaId: 'm-1', interactionId: 'i-1' } as const;
    const seen = await resolver.resolve(request, unlimited).then(
      ({ state }) => state,
      (error: unknown) => (error as { code: string }).code,
    );
    expect(seen).toBe(outcome);
  });

  it('a web page with status 200 is no answer', async () => {
    const { resolver, request, simulator } = await connected();
    simulator.faults.add({ on: 'media', fault: { kind: 'html' } });
    await expect(resolver.resolve(request, unlimited)).rejects.toMatchObject({
      code: 'GENESYS_BAD_RESPONSE',
      retryable: true,
    });
  });
});

describe('write-back', () => {
  it('merges the tutorial’s three keys into the interaction', async () => {
    const { references, recording, simulator } = await connected();
    const ids = { recordingId: recording.id, conversationId: recording.interactionId };
    await references.write(ids, reference, unlimited);
    expect(simulator.interaction(recording.interactionId)).toMatchObject({
      s3_archive_key: 'archive/2026/01/02/x.enc',
      archive_timestamp: '2026-01-02T00:00:00.000Z',
      encryption_algorithm: 'AES-256-GCM',
    });
  });

  it('404 names the interaction; 403 the scope', async () => {
    const { references, recording, simulator } = await connected();
    const missing = { recordingId: recording.id, conversationId: '00000000-0000-4000-8000-000000000000' };
    await expect(references.write(missing, reference, unlimited)).rejects.toMatchObject({
      code: 'INTERACTION_NOT_FOUND',
      message: 'interaction 00000000-0000-4000-8000-000000000000 not found (404)',
    });
    simulator.faults.add({ on: 'interaction', fault: { kind: 'status', status: 403 } });
    const ids = { recordingId: recording.id, conversationId: recording.interactionId };
    await expect(references.write(ids, reference, unlimited)).rejects.toMatchObject({
      code: 'GENESYS_FORBIDDEN',
      hint: expect.stringContaining('interaction:metadata:update') as unknown,
    });
  });

  it.each([
    ['429', { kind: 'throttle', retryAfter: 1 }],
    ['500', { kind: 'status', status: 500 }],
    ['a reset', { kind: 'reset' }],
  ] as const)('survives %s', async (_name, fault) => {
    const { references, recording, simulator, count } = await connected();
    simulator.faults.add({ on: 'interaction', times: 3, fault });
    await references.write(
      { recordingId: recording.id, conversationId: recording.interactionId },
      reference,
      unlimited,
    );
    expect(count(PATCH)).toBe(4);
  });
});
