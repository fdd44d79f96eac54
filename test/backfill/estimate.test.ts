import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COST_INPUTS, estimate } from '../../src/backfill/estimate.ts';

const page = readFileSync('docs/cost.md', 'utf8');

describe('the estimate of a plan', () => {
  it.each(Object.entries(COST_INPUTS))('counts with %s as docs/cost.md states it', (name, value) => {
    const [, stated] = new RegExp(`^\\| \`${name}\` \\|[^|]*\\| ([0-9.]+) \\|`, 'm').exec(page) ?? [];
    expect(Number(stated)).toBe(value);
  });

  it('takes the longer of calls and download, and says which', () => {
    const request = {
      recordings: 1_000_000,
      bytes: 1e13,
      callsPerRecording: 1.1,
      callsPerMinute: 270,
      usesKms: true,
      usesS3: true,
    };
    const byRate = estimate(request);
    expect(byRate.limitedBy).toBe('genesys-rate');
    expect(byRate.days).toBeCloseTo(2.83, 1);
    expect(byRate.cost?.once).toBeGreaterThan(30);
    expect(byRate.cost?.monthly).toBeCloseTo(230, 0);
    expect(estimate({ ...request, callsPerRecording: 0 }).limitedBy).toBe('download');
    expect(estimate({ ...request, usesS3: false }).cost).toBeUndefined();
  });
});
