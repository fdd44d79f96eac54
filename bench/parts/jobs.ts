/** What planning and running a job costs besides its work: items a second, and memory above the idle process. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Bench } from '../processes.ts';

export interface JobCost {
  readonly items: number;
  readonly plannedPerSecond: number;
  readonly planGrowthMb: number;
  readonly settledPerSecond: number;
  readonly runGrowthMb: number;
}

/** Items a second that planning is promised to reach, and MB above idle that it may take, however many items there are. */
export const PROMISED_PLANNED_PER_SECOND = 20_000;
export const PROMISED_JOB_GROWTH_MB = 60;

interface Measured {
  readonly seconds: number;
  /** Bytes. */
  readonly rssGrowth: number;
}

const run = promisify(execFile);

/** Each number of items in a process of its own, into a directory. */
export async function measureJobs(bench: Bench, quick: boolean): Promise<JobCost[]> {
  const rows: JobCost[] = [];
  for (const items of quick ? [10_000, 100_000] : [10_000, 100_000, 1_000_000]) {
    const directory = await mkdtemp(join(bench.dir, 'jobs-'));
    try {
      const program = join(bench.dir, 'variants/plan-job.mjs');
      const { stdout } = await run(process.execPath, [program, directory, String(items)]);
      const { planning, running } = JSON.parse(stdout) as { planning: Measured; running: Measured };
      rows.push({
        items,
        plannedPerSecond: items / planning.seconds,
        planGrowthMb: planning.rssGrowth / 1e6,
        settledPerSecond: items / running.seconds,
        runGrowthMb: running.rssGrowth / 1e6,
      });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
  return rows;
}
