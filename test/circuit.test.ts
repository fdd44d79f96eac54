import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  admits,
  advanceCircuit,
  type Circuit,
  CIRCUIT_THRESHOLD,
  CLOSED,
  isOpen,
  isWorthRetrying,
  judgeOutcome,
  MAX_PAUSE_MS,
  MIN_PAUSE_MS,
} from '../src/circuit.ts';
import { ERROR_CODES, type ErrorCode } from '../src/error-codes.ts';
import { ArchiveError } from '../src/errors.ts';
import { ConfigCircuit } from '../src/lambda/config-circuit.ts';

const NOW = Date.UTC(2026, 4, 20);
const CODES = Object.keys(ERROR_CODES) as ErrorCode[];
const random = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const outcomes = fc.constantFrom('sound' as const, 'systemic' as const, 'unknown' as const);
const error = (code: ErrorCode) => new ArchiveError(code, 'x');

describe('what a failure tells', () => {
  it('of credentials, proxy, bucket, key, queue, full disk and every outage: that all others fail as well', () => {
    expect(CODES.filter((code) => judgeOutcome(error(code)) === 'systemic')).toEqual([
      'CONFIG_INVALID',
      'GENESYS_AUTH_REJECTED',
      'GENESYS_FORBIDDEN',
      'ORGANIZATION_MISMATCH',
      'GENESYS_THROTTLED',
      'GENESYS_UNAVAILABLE',
      'TLS_UNTRUSTED',
      'PROXY_REFUSED',
      'STORE_THROTTLED',
      'STORE_UNAVAILABLE',
      'STORE_DENIED',
      'STORE_MISSING',
      'STORE_FULL',
      'KMS_THROTTLED',
      'KMS_UNAVAILABLE',
      'KMS_DENIED',
      'KMS_KEY_UNUSABLE',
      'SECRET_UNAVAILABLE',
      'SECRET_DENIED',
      'SECRET_MISSING',
      'SECRET_INVALID',
      'QUEUE_UNAVAILABLE',
      'QUEUE_DENIED',
      'QUEUE_MISSING',
      'OUTPUT_FAILED',
    ]);
  });

  it.each<ErrorCode>(['EVENT_INVALID', 'OUT_OF_TIME', 'INTERRUPTED', 'UNEXPECTED'])(
    '%s: nothing, no service need have been asked',
    (code) => {
      expect(judgeOutcome(error(code))).toBe('unknown');
    },
  );

  it.each<ErrorCode>(['MEDIA_NOT_READY', 'MEDIA_NOT_FOUND', 'MEDIA_TRUNCATED', 'KEY_COLLISION'])(
    '%s: that the services answer',
    (code) => {
      expect(judgeOutcome(error(code))).toBe('sound');
    },
  );

  it('what an operator can put right is tried again; what the event itself gets wrong is not', () => {
    for (const code of CODES) {
      const { retryable } = ERROR_CODES[code];
      expect(isWorthRetrying(error(code))).toBe(retryable || judgeOutcome(error(code)) === 'systemic');
    }
    for (const code of ['GENESYS_FORBIDDEN', 'STORE_MISSING', 'KMS_KEY_UNUSABLE'] as const) {
      expect(isWorthRetrying(error(code))).toBe(true);
    }
    for (const code of ['EVENT_INVALID', 'KEY_COLLISION', 'MEDIA_NOT_FOUND', 'URL_REFUSED'] as const) {
      expect(isWorthRetrying(error(code))).toBe(false);
    }
  });
});

describe('the circuit', () => {
  it('opens after five systemic failures in a row, for 1 s to 4 s at first and up to a minute later', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), random, (length, chance) => {
        let circuit: Circuit = CLOSED;
        let now = NOW;
        for (let times = 1; times <= length; times += 1) {
          circuit = advanceCircuit(circuit, 'systemic', now, chance);
          expect(circuit.failures).toBe(times);
          expect(isOpen(circuit)).toBe(times >= CIRCUIT_THRESHOLD);
          if (times < CIRCUIT_THRESHOLD) {
            expect(circuit.openUntil).toBe(0);
            continue;
          }
          const pauseMs = circuit.openUntil - now;
          const ceiling = Math.min(MAX_PAUSE_MS, 4_000 * 2 ** (times - CIRCUIT_THRESHOLD));
          expect(pauseMs).toBe(Math.max(MIN_PAUSE_MS, Math.round(chance * ceiling)));
          now = circuit.openUntil;
        }
      }),
    );
  });

  it('five were allowed to fail at once: those that end after it has opened do not make the pause longer', () => {
    const opened = Array.from({ length: CIRCUIT_THRESHOLD }).reduce<Circuit>(
      (circuit) => advanceCircuit(circuit, 'systemic', NOW, 0.5),
      CLOSED,
    );
    expect(opened).toEqual({ failures: CIRCUIT_THRESHOLD, openUntil: NOW + 2_000 });
    expect(advanceCircuit(opened, 'systemic', NOW + 1_999, 0.5)).toBe(opened);
    expect(advanceCircuit(opened, 'systemic', NOW + 2_000, 0.5)).toEqual({
      failures: CIRCUIT_THRESHOLD + 1,
      openUntil: NOW + 6_000,
    });
  });

  it('closes when anything got as far as a recording, and stays as it is after what tells nothing', () => {
    const open = { failures: 9, openUntil: NOW + 1 };
    expect(advanceCircuit(open, 'sound', NOW, 0.5)).toEqual(CLOSED);
    expect(advanceCircuit(open, 'unknown', NOW, 0.5)).toEqual(open);
    expect(advanceCircuit({ failures: 3, openUntil: 0 }, 'unknown', NOW, 0.5)).toEqual({
      failures: 3,
      openUntil: 0,
    });
  });

  it('open, it admits nothing until its pause has passed, and then one at a time', () => {
    const open = { failures: CIRCUIT_THRESHOLD, openUntil: NOW };
    expect(admits(open, NOW - 1, 0)).toBe(false);
    expect(admits(open, NOW, 0)).toBe(true);
    expect(admits(open, NOW, 1)).toBe(false);
    expect(admits({ failures: CIRCUIT_THRESHOLD - 1, openUntil: 0 }, NOW, 50)).toBe(true);
  });
});

describe('the circuit of a function', () => {
  it('in any order of outcomes: never more than one under way while open, never stuck, never open without five failures', () => {
    const step = fc.record({
      outcome: outcomes,
      pause: fc.integer({ min: 0, max: 2 * MAX_PAUSE_MS }),
      chance: random,
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = { at: 0, chance: 0 };
        const circuit = new ConfigCircuit({ now: () => clock.at, random: () => clock.chance });
        let inARow = 0;
        for (const { outcome, pause, chance } of steps) {
          clock.at += pause;
          clock.chance = chance;
          const settle = circuit.admit();
          if (circuit.isOpen) expect(circuit.admit()).toBeUndefined();
          settle?.(outcome);
          if (settle !== undefined && outcome === 'systemic') inARow += 1;
          if (settle !== undefined && outcome === 'sound') inARow = 0;
          expect(circuit.isOpen).toBe(inARow >= CIRCUIT_THRESHOLD);
        }
        clock.at += MAX_PAUSE_MS;
        expect(circuit.admit()).toBeDefined();
      }),
    );
  });

  it('probes again when a probe has ended without telling anything', () => {
    let now = 0;
    const circuit = new ConfigCircuit({ now: () => now, random: () => 0.5 });
    for (let count = 1; count <= CIRCUIT_THRESHOLD; count += 1) circuit.admit()?.('systemic');
    expect(circuit.admit()).toBeUndefined();
    now = MAX_PAUSE_MS;
    const probe = circuit.admit();
    expect(circuit.admit()).toBeUndefined();
    probe?.('unknown');
    expect(circuit.isOpen).toBe(true);
    circuit.admit()?.('sound');
    expect(circuit.isOpen).toBe(false);
  });
});
