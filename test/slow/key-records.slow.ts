import { describe, expect, it } from 'vitest';
import { runSchedules } from '../faults/run-schedules.ts';
import { simulate } from '../faults/simulation.ts';

/** `KEY_RUNS` asks for more, as a nightly run does, and `KEY_FIRST` for others. */
const RUNS = Number(process.env['KEY_RUNS'] ?? 500);
const FIRST = Number(process.env['KEY_FIRST'] ?? 2_000_001);

describe('key records under failing, racing and dying deliveries, swept all the while', () => {
  it(`${RUNS} schedules: no object is ever without its own record, and no other is left`, async () => {
    const report = await runSchedules(FIRST, RUNS, { keepsRecords: true });
    process.stdout.write(
      `${report.schedules} schedules: ${report.files} files, ${report.invocations} invocations, ` +
        `${report.killed} of them killed, ${report.violations.length} violations\n`,
    );
    expect(report.violations).toEqual([]);
  });

  it('20 schedules with files that are uploaded in parts', async () => {
    const report = await runSchedules(2_900_001, 20, { keepsRecords: true, largeFiles: 0.3 });
    expect(report.violations).toEqual([]);
  });

  it('a sweep that does not wait a day is noticed', async () => {
    let noticed = false;
    for (let seed = 1; seed <= 200 && !noticed; seed += 1) {
      const { broken } = await simulate(seed, { mutant: 'sweeps-young', keepsRecords: true });
      noticed = broken.some((what) => what.startsWith('I10 '));
    }
    expect(noticed).toBe(true);
  });
});
