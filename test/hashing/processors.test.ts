import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { countProcessors, usableProcessors } from '../../src/hashing/processors.ts';

const FACTS = { available: 8, quota: undefined, functionMemoryMb: undefined };

describe('usableProcessors', () => {
  it.each([
    ['what the system has', {}, 8],
    ['what a container may use', { quota: '150000 100000\n' }, 1.5],
    ['no more than the system has, whatever a container might use', { quota: '1600000 100000' }, 8],
    ['what the system has where nothing limits a container', { quota: 'max 100000\n' }, 8],
    ['what the system has where the limit cannot be read', { quota: 'something else' }, 8],
    ['what the system has where the period is none', { quota: '100000 0' }, 8],
    ['a fraction of one for a small function', { available: 2, functionMemoryMb: 512 }, 512 / 1769],
    ['two for a function of 3,538 MB', { available: 3, functionMemoryMb: 3538 }, 2],
    ['the least of all', { available: 4, quota: '300000 100000', functionMemoryMb: 10_240 }, 3],
  ])('is %s', (_, facts, expected) => {
    expect(usableProcessors({ ...FACTS, ...facts })).toBe(expected);
  });

  it('of this process is more than none and no more than there are', () => {
    expect(countProcessors()).toBeGreaterThan(0);
    expect(countProcessors()).toBeLessThanOrEqual(availableParallelism());
    expect(countProcessors(128)).toBeLessThanOrEqual(128 / 1769);
  });
});
