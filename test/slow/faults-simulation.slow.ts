import { describe, expect, it } from 'vitest';
import type { S3Defect } from '../faults/memory-s3.ts';
import { runSchedules } from '../faults/run-schedules.ts';
import { type Mutant, simulate, type SimulationOptions } from '../faults/simulation.ts';

/** Seconds on an idle machine; a busy one takes many times as long. */
describe('deterministic simulation', { timeout: 240_000 }, () => {
  // 5,000 others in `npm run test:slow`
  it('40 schedules of failing, racing and dying deliveries break no invariant', async () => {
    const report = await runSchedules(1, 40);
    expect(report.violations).toEqual([]);
    if (process.env['SIM_SEED'] !== undefined) return;
    // it would prove little if nothing went wrong in them
    expect(report.killed).toBeGreaterThan(8);
    expect(report.invocations).toBeGreaterThan(2 * report.files);
  });

  it('8 schedules with key records that are swept all the while: no object is without its own', async () => {
    const report = await runSchedules(20_001, 8, { keepsRecords: true });
    expect(report.violations).toEqual([]);
  });

  it('files that are uploaded in parts break none either', async () => {
    const report = await runSchedules(10_001, 4, { largeFiles: 0.3 });
    expect(report.violations).toEqual([]);
  });

  it('one number gives one and the same story, event by event', async () => {
    for (const seed of [7, 77, 777]) {
      const first = await simulate(seed);
      expect(first.trace.split('\n').length).toBeGreaterThan(10);
      expect((await simulate(seed)).trace).toBe(first.trace);
    }
  });

  /** Plays schedules until one breaks the invariant. */
  async function notices(invariant: string, options: SimulationOptions): Promise<boolean> {
    for (let seed = 1; seed <= 60; seed += 1) {
      const { broken } = await simulate(seed, options);
      if (broken.some((what) => what.startsWith(`${invariant} `))) return true;
    }
    return false;
  }

  it.each<[string, S3Defect]>([
    ['I1', 'truncates'],
    ['I2', 'ignores-conditions'],
    ['I3', 'alters-receipts'],
    ['I4', 'forgets'],
  ])('%s notices a store that %s', async (invariant, defect) => {
    expect(await notices(invariant, { defect })).toBe(true);
  });

  it('I10 notices a product that says that a key record is stored before it is', async () => {
    expect(await notices('I10', { mutant: 'records-late', keepsRecords: true })).toBe(true);
  });

  it('I5 notices a store that keeps uploads open', async () => {
    expect(await notices('I5', { defect: 'keeps-uploads', largeFiles: 0.3 })).toBe(true);
  });

  it.each<[string, Mutant]>([
    ['I4', 'reports-success'],
    ['I6', 'reuses-iv'],
    ['I7', 'files-by-wall-clock'],
    ['I8', 'links-first'],
  ])('%s notices a product that %s', async (invariant, mutant) => {
    expect(await notices(invariant, { mutant })).toBe(true);
  });
});
