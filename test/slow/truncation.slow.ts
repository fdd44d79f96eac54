import { describe, expect, it } from 'vitest';
import { runTruncationMatrix } from '../faults/truncation.ts';

describe('truncation matrix', () => {
  it('9 kinds of broken downloads at 1,000 places each: none becomes an object', async () => {
    const reports = await runTruncationMatrix(1000, 2);
    for (const { kind, cases, archived, refused, bad } of reports) {
      process.stdout.write(
        `${kind}: ${cases} cases, ${archived} archived whole, ${refused} refused, ${bad.length} bad\n`,
      );
    }
    expect(reports.flatMap(({ bad }) => bad)).toEqual([]);
    expect(reports.every(({ cases }) => cases === 1000)).toBe(true);
  });
});
