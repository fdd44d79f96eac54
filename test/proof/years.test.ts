import { describe, expect, it } from 'vitest';
import { playNights } from './years.ts';

describe('twenty-five nights with outages, late recordings, erasures and recordings that are left out', () => {
  it('end in a log that verifies, whose equations hold, that names what is missing and nothing else', async () => {
    const report = await playNights(25, 7);
    expect(report.audited.findings).toEqual([]);
    expect(report.broken).toEqual([]);
    expect(report.unnamed).toEqual([]);
    expect(report.falseAlarms).toEqual([]);
    expect(report.omitted).toBeGreaterThan(0);
    expect(report.audited.first).toBe('2026-03-02');
  });
});
