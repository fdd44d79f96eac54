import { describe, expect, it } from 'vitest';
import { raceHonestWriters } from '../faults/honest-races.ts';
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

  it(`I9: ${RUNS} schedules with a hostile writer in the bucket, and nothing is signed but what was downloaded`, async () => {
    const report = await runSchedules(500_001, RUNS, { hostile: true });
    expect(report.violations).toEqual([]);
  });

  it('1,000 races of honest writers: no receipt is adopted, and none is without the hash of the plaintext', async () => {
    const { wrong, kinds } = await raceHonestWriters(1000);
    expect(wrong).toEqual([]);
    expect(Object.keys(kinds)).not.toContain('adopted');
  });

  it('100 schedules with files that are uploaded in parts', async () => {
    const report = await runSchedules(900_001, 100, { largeFiles: 0.3 });
    expect(report.violations).toEqual([]);
  });
});
