import { describe, expect, it } from 'vitest';
import { playNights } from '../proof/years.ts';

describe('400 nights with outages, late recordings, erasures and recordings that are left out', () => {
  it('end in a log that verifies, whose equations hold, that names what is missing and nothing else', async () => {
    const report = await playNights(400, 11);
    expect(report.audited.findings).toEqual([]);
    expect(report.broken).toEqual([]);
    expect(report.unnamed).toEqual([]);
    expect(report.falseAlarms).toEqual([]);
    expect(report.statements).toBeGreaterThan(500);
    expect(report.omitted).toBeGreaterThan(20);
  });
});
