/** What it costs to bring a day of the catalogue up to date: CPU time by row, and memory. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Bench } from '../processes.ts';
import { type Spread, spreadOf } from '../report/statistics.ts';
import type { CompactedOnce } from '../variants/compact-once.ts';

export interface CompactionCost {
  readonly rows: number;
  readonly facts: boolean;
  /** By CPU time. */
  readonly rowsPerSecond: Spread;
  readonly bytesPerRow: number;
  readonly peakRssMb: number;
}

export const PROMISED_COMPACTION_MB = 450;

const run = promisify(execFile);

export async function measureCompaction(
  bench: Bench,
  { quick, rounds }: { readonly quick: boolean; readonly rounds: number },
): Promise<CompactionCost[]> {
  const costs: CompactionCost[] = [];
  for (const [rows, facts] of quick
    ? ([[2_740, false]] as const)
    : ([
        [2_740, false],
        [27_400, false],
        [27_400, true],
        [100_000, false],
      ] as const)) {
    const runs: CompactedOnce[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const directory = await mkdtemp(join(bench.dir, 'compaction-'));
      try {
        const program = join(bench.dir, 'variants/compact-once.mjs');
        const phase = async (name: string) => {
          const args = [program, name, directory, String(rows), facts ? 'facts' : 'none'];
          return (await run(process.execPath, args)).stdout;
        };
        await phase('prepare');
        runs.push(JSON.parse(await phase('compact')) as CompactedOnce);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    }
    const wrong = runs.find((one) => one.rows !== rows);
    if (wrong !== undefined) throw new Error(`${wrong.rows} rows in place of ${rows}`);
    costs.push({
      rows,
      facts,
      rowsPerSecond: spreadOf(runs.map(({ cpuSeconds }) => rows / cpuSeconds)),
      bytesPerRow: Math.max(...runs.map(({ bytes }) => bytes)) / rows,
      peakRssMb: Math.max(...runs.map(({ peakRssMb }) => peakRssMb)),
    });
  }
  return costs;
}
