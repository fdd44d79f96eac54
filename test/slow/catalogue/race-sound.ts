import { expect } from 'vitest';
import type { RaceReport } from './race.ts';

/** Prints the figures of a race, and fails where one of them is not what it must be. */
export function expectSound(
  report: RaceReport,
  { receipts, kills }: { readonly receipts: number; readonly kills: number },
  where: string,
): void {
  const { rows, distinct, archived, reads, wrong, isRebuildEqual } = report;
  process.stdout.write(
    `${where}: ${report.kills} kills of three compactors, ${receipts} receipts: ${rows} rows, ${distinct} distinct, ${archived} archived; ` +
      `${reads} reads meanwhile, ${wrong.length} of them wrong; a rebuild is ${isRebuildEqual ? 'equal to the byte' : 'DIFFERENT'}\n`,
  );
  expect(wrong).toEqual([]);
  expect({ kills: report.kills, rows, distinct, archived }).toEqual({
    kills,
    rows: receipts,
    distinct: receipts,
    archived: receipts,
  });
  expect(reads).toBeGreaterThan(0);
  expect(isRebuildEqual).toBe(true);
}
