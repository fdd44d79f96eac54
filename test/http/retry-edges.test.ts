import { describe, expect, it } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import {
  GENESYS_RETRIES,
  KMS_RETRIES,
  MEDIA_RETRIES,
  nextDelay,
  parseRetryAfter,
  type RetryPolicy,
  S3_RETRIES,
} from '../../src/http/retry-timing.ts';
import { ensureTimeLeft, withRetry } from '../../src/http/with-retry.ts';
import type { LogFields } from '../../src/log.ts';
import { fastClock } from '../fast-clock.ts';

const policy: RetryPolicy = { retries: 2, baseMs: 100, capMs: 1000, maxRetryAfterMs: 5000 };
const attempt = { failures: 1, now: 0, deadline: 60_000, random: 0.5 };

describe('nextDelay at its edges', () => {
  it('waits for as long as is allowed, and not for a millisecond more', () => {
    expect(nextDelay(policy, { ...attempt, retryAfterMs: 5000 })).toEqual({ retry: true, delayMs: 5250 });
    expect(nextDelay(policy, { ...attempt, retryAfterMs: 5001 })).toEqual({
      retry: false,
      why: 'asked-to-wait-too-long',
    });
  });

  it('adds a tenth at most, and a second at most', () => {
    const late = { ...attempt, random: 1 };
    expect(nextDelay(policy, { ...late, retryAfterMs: 1000 })).toEqual({ retry: true, delayMs: 1100 });
    const patient = { ...policy, maxRetryAfterMs: 100_000 };
    expect(nextDelay(patient, { ...late, retryAfterMs: 30_000 })).toEqual({ retry: true, delayMs: 31_000 });
  });

  it('never reaches the deadline', () => {
    expect(nextDelay(policy, { ...attempt, deadline: 50 })).toEqual({ retry: false, why: 'deadline' });
    expect(nextDelay(policy, { ...attempt, deadline: 51 })).toEqual({ retry: true, delayMs: 50 });
  });

  it.each([GENESYS_RETRIES, KMS_RETRIES, MEDIA_RETRIES, S3_RETRIES])('%o is a policy', (real) => {
    expect(real.retries).toBeGreaterThanOrEqual(5);
    expect(real.baseMs).toBeGreaterThanOrEqual(100);
    expect(real.capMs).toBeLessThanOrEqual(30_000);
    expect(real.maxRetryAfterMs).toBeGreaterThanOrEqual(real.capMs);
    expect(real.baseMs).toBeLessThan(real.capMs);
  });
});

describe('parseRetryAfter at its edges', () => {
  const now = Date.UTC(2026, 4, 20, 12);

  it.each<[string | undefined, number | undefined]>([
    [undefined, undefined],
    ['', undefined],
    ['   ', undefined],
    ['0', undefined],
    ['0.25', 250],
    ['1.123456', 1123.456],
    ['1.1234567', undefined],
    ['123456789012', 123_456_789_012_000],
    ['1234567890123', undefined],
    [' 7 ', 7000],
    ['+7', undefined],
    ['7s', undefined],
    // RFC 9110, section 5.6.7: IMF-fixdate, RFC 850 and asctime
    ['Wed, 20 May 2026 12:00:30 GMT', 30_000],
    ['Wednesday, 20-May-26 12:00:30 GMT', 30_000],
    ['Wed May 20 12:00:30 2026', 30_000],
    ['Wed, 20 May 2026 12:00:00 GMT', undefined],
    ['Wed, 20 May 2026 11:59:59 GMT', undefined],
    // forms that Date.parse would take, and no server sends
    ['2026-05-20T12:00:30Z', undefined],
    ['20 May 2026 12:00:30 GMT', undefined],
    ['May 20, 2026 12:00:30', undefined],
    ['on Wed, 20 May 2026 12:00:30 GMT', undefined],
    ['2026 Wed', undefined],
    ['Wednesday', undefined],
  ])('%j', (value, expected) => {
    expect(parseRetryAfter(value, now)).toBe(expected);
  });
});

describe('withRetry', () => {
  const failed = new ArchiveError('STORE_UNAVAILABLE', 'not now');
  const lines: [string, string, LogFields | undefined][] = [];
  const logger = {
    log: (level: string, message: string, fields?: LogFields) => void lines.push([level, message, fields]),
  };
  const budget = { deadline: Number.POSITIVE_INFINITY, signal: new AbortController().signal };

  it('says when it tries again, and when and why it gives up', async () => {
    lines.length = 0;
    const clock = fastClock();
    const context = { clock, logger, budget, policy, what: 'PUT object' };
    await expect(withRetry(context, async () => ({ again: failed }))).rejects.toBe(failed);
    const code = 'STORE_UNAVAILABLE';
    const reason = 'not now';
    expect(lines).toEqual([
      ['debug', 'PUT object: trying again', { code, attempt: 1, delayMs: 50, reason }],
      ['debug', 'PUT object: trying again', { code, attempt: 2, delayMs: 100, reason }],
      ['warn', 'PUT object: giving up', { code, attempt: 3, reason: 'exhausted' }],
    ]);
    expect(clock.slept).toEqual([50, 100]);
  });

  it('counts the failures for the attempt', async () => {
    const seen: number[] = [];
    const context = { clock: fastClock(), logger, budget, policy, what: 'it' };
    const value = await withRetry(context, async (failures) => {
      seen.push(failures);
      return failures < 2 ? { again: failed } : { value: 'done' };
    });
    expect([value, seen]).toEqual(['done', [0, 1, 2]]);
  });

  it('has no time at the deadline itself, nor once the work is aborted', () => {
    const clock = { now: () => 1000, sleep: async () => {}, random: () => 0 };
    const { signal } = budget;
    expect(() => ensureTimeLeft(clock, { deadline: 1001, signal })).not.toThrow();
    for (const deadline of [1000, 999]) {
      expect(() => ensureTimeLeft(clock, { deadline, signal })).toThrow('the time for this work is used up');
    }
    const controller = new AbortController();
    controller.abort(failed);
    expect(() => ensureTimeLeft(clock, { deadline: 5000, signal: controller.signal })).toThrow(failed);
  });
});
