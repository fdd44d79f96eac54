import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault, RetryAfter } from '../../packages/simulator/src/faults.ts';
import { startSimulator, type Simulator } from '../../packages/simulator/src/simulator.ts';
import { askEverywhere, json, observe, type Observation } from './observe.ts';

const now = Date.UTC(2026, 10, 23, 13);
const id = 'a1b2c3d4-5678-90ab-cdef-1234567890ab';
const interactionId = '2f7bf00a-0fc2-4d6a-9b56-92238191433e';

let simulator: Simulator;
let whole: Buffer;

beforeEach(async () => {
  simulator = await startSimulator({
    recordings: [{ id, interactionId, encoding: 'mulaw', channels: 1, seconds: 40 }],
    now: () => now,
  });
  const [first] = simulator.recordings;
  if (first === undefined) throw new Error('there is one');
  whole = Buffer.concat([...(first.read(0, first.bytes - 1) as Iterable<Uint8Array>)]);
});
afterEach(async () => simulator.close());

async function download(fault: Fault): Promise<Observation> {
  simulator.faults.add({ on: 'download', fault });
  return observe(simulator.link(id));
}

describe('faults that replace the answer', () => {
  it.each([401, 403, 404, 500, 502, 503, 504])(
    'status %i, with the error body of the service',
    async (status) => {
      const answers = await askEverywhere(simulator, { kind: 'status', status });
      expect([...answers.values()].map((answer) => answer.status)).toEqual([status, status, status, status]);
      const media = answers.get('media');
      if (media === undefined) throw new Error('asked');
      expect(json(media)).toMatchObject({ status, code: expect.any(String) as string });
      expect(media.headers['inin-correlation-id']).toBe(json(media)['contextId']);
      expect(answers.get('download')?.body.toString()).toMatch(/^<\?xml .*\n<Error><Code>\w+<\/Code>/);
      expect(simulator.interaction(interactionId)).toEqual({});
    },
  );

  it.each<[RetryAfter, string | undefined]>([
    [7, '7'],
    [-1, '-1'],
    [{ httpDateIn: 90 }, 'Mon, 23 Nov 2026 13:01:30 GMT'],
    [{ httpDateIn: -90 }, 'Mon, 23 Nov 2026 12:58:30 GMT'],
    ['absent', undefined],
    ['absurd', '1000000000'],
    ['garbage', 'soon'],
  ])('throttle with Retry-After %o', async (retryAfter, expected) => {
    const answers = await askEverywhere(simulator, { kind: 'throttle', retryAfter });
    expect([...answers.values()].map(({ status }) => status)).toEqual([429, 429, 429, 503]);
    for (const answer of answers.values()) expect(answer.headers['retry-after']).toBe(expected);
    expect(answers.get('download')?.body.toString()).toContain('<Code>SlowDown</Code>');
  });

  it('html: an error page with status 200', async () => {
    for (const answer of (await askEverywhere(simulator, { kind: 'html' })).values()) {
      expect(answer.status).toBe(200);
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(answer.body.toString()).toMatch(/^<!doctype html>/);
    }
  });

  it('expired: the link, or the token', async () => {
    const answers = await askEverywhere(simulator, { kind: 'expired' });
    expect([...answers.values()].map(({ status }) => status)).toEqual([401, 401, 401, 403]);
    expect(answers.get('download')?.body.toString()).toContain('Request has expired');
  });

  it('redirect: elsewhere, or to the same file again', async () => {
    const elsewhere = await download({ kind: 'redirect', to: 'http://127.0.0.2:9/decoy' });
    expect([elsewhere.status, elsewhere.headers.location]).toEqual([302, 'http://127.0.0.2:9/decoy']);
    const self = await download({ kind: 'redirect', to: 'self' });
    const target = new URL(self.headers.location ?? '', simulator.mediaUrl);
    expect((await observe(target.href)).body.equals(whole)).toBe(true);
  });
});
