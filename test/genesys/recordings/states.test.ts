import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  MAX_WAIT_MS,
  triage,
  waitForAppearance,
  waitForTranscoding,
} from '../../../src/genesys/recordings/states.ts';

describe('states', () => {
  it.each([
    ['UPLOADING', 'wait'],
    ['RESTORING', 'wait'],
    ['ARCHIVED', 'restore'],
    ['DELETED', 'deleted'],
    ['ERROR', 'error'],
    ['AVAILABLE', 'fetch'],
    ['RESTORED', 'fetch'],
    ['SOMETHING_NEW', 'fetch'],
    [undefined, 'fetch'],
  ])('%s: %s', (state, what) => {
    expect(triage(state)).toBe(what);
  });
});

describe('waits', () => {
  it('are never longer than a queue can delay, never shorter than a minute, and grow with the age', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.nat(1e9), (one, other) => {
        const [young, old] = [Math.min(one, other), Math.max(one, other)];
        expect(waitForAppearance(young)).toBeLessThanOrEqual(waitForAppearance(old));
        expect(waitForAppearance(young)).toBeGreaterThanOrEqual(60_000);
        expect(waitForAppearance(old)).toBeLessThanOrEqual(MAX_WAIT_MS);
      }),
    );
  });

  it('for a file go by the platform’s estimate where there is one', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: false }), fc.integer({ min: 1, max: 100 }), (estimate, looks) => {
        const wait = waitForTranscoding(estimate, looks);
        expect(wait).toBeGreaterThanOrEqual(1000);
        expect(wait).toBeLessThanOrEqual(MAX_WAIT_MS);
        if (estimate >= 1000 && estimate <= MAX_WAIT_MS) expect(wait).toBeGreaterThanOrEqual(estimate);
      }),
    );
    expect([1, 2, 3, 4, 5, 6, 7, 8].map((looks) => waitForTranscoding(undefined, looks) / 1000)).toEqual([
      5, 5, 10, 15, 30, 30, 60, 60,
    ]);
  });
});
