import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  deliveryDelay,
  FUNCTION_TIMEOUT_S,
  LOG_RETENTION_DAYS,
  logRetention,
  MESSAGE_RETENTION_S,
  MAX_RECEIVES,
  VISIBILITY_TIMEOUT_S,
} from '../../infra/archiving/sizing.ts';
import { waitForAppearance } from '../../src/genesys/recordings/states.ts';
import { SETTINGS } from '../../src/config/schema.ts';

describe('the sizes of the deployment', () => {
  it('keep within the limits of Lambda and SQS', () => {
    expect(FUNCTION_TIMEOUT_S).toBeLessThanOrEqual(900);
    expect(VISIBILITY_TIMEOUT_S).toBeGreaterThanOrEqual(6 * FUNCTION_TIMEOUT_S);
    expect(VISIBILITY_TIMEOUT_S).toBeLessThanOrEqual(43_200);
    expect(MESSAGE_RETENTION_S).toBeLessThanOrEqual(1_209_600);
    expect(MAX_RECEIVES * VISIBILITY_TIMEOUT_S).toBeLessThan(MESSAGE_RETENTION_S / 2);
  });

  it('leave enough deliveries for a recording that is waited for to the end of a long horizon', () => {
    const horizonMs = 12 * 3_600_000;
    let age = deliveryDelay(undefined) * 1000;
    let deliveries = 1;
    for (; age < horizonMs; deliveries += 1) age += waitForAppearance(age);
    expect(deliveries).toBeLessThan(MAX_RECEIVES);
  });
});

describe('deliveryDelay', () => {
  it('is ARCHIVE_SETTLE, 15 minutes where it is not set, and no more than SQS takes', () => {
    expect(deliveryDelay(undefined)).toBe(900);
    expect(deliveryDelay('5m')).toBe(300);
    expect(deliveryDelay('0s')).toBe(0);
    expect(deliveryDelay('2h')).toBe(900);
    expect(deliveryDelay('7d')).toBe(900);
    expect(SETTINGS.ARCHIVE_SETTLE.default).toBe('15m');
  });

  it('is within 0 to 900 s for any settings', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{1,8}[smhdx]$/)), (text) => {
        const seconds = deliveryDelay(text);
        expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= 900).toBe(true);
      }),
    );
  });
});

describe('logRetention', () => {
  it('is the shortest that CloudWatch Logs knows and that is long enough', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 36_500 }), (days) => {
        const kept = logRetention(days);
        if (kept === undefined) {
          expect(days).toBeGreaterThan(3_653);
          return;
        }
        const shorter = LOG_RETENTION_DAYS.filter((allowed) => allowed < kept);
        expect(kept >= days && shorter.every((allowed) => allowed < days)).toBe(true);
      }),
    );
  });
});
