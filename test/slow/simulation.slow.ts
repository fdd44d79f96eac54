import { describe, expect, it } from 'vitest';
import { runSchedules } from '../faults/run-schedules.ts';

/** `SIM_RUNS` asks for more, as a nightly run does. */
const RUNS = Number(process.env['SIM_RUNS'] ?? 5000);

describe('deterministic simulation', () => {
  it(`${RUNS} schedules break none of the invariants I1 to I8`, async () => {
    const report = await runSchedules(100_001, RUNS);
    process.stdout.write(
      `${report.schedules} schedules: ${report.files} files, ${report.invocations} invocations, ` +
        `${report.killed} of them killed, ${report.violations.length} violations\n`,
    );
    expect(report.violations).toEqual([]);
  });

  it('100 schedules with files that are uploaded in parts', async () => {
    const report = await runSchedules(900_001, 100, { largeFiles: 0.3 });
    expect(report.violations).toEqual([]);
  });
});
