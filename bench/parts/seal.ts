/** What it costs to seal a day, and an outsider to check it. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Bench } from '../processes.ts';
import { type Spread, spreadOf } from '../report/statistics.ts';
import type { SealedOnce } from '../variants/seal-once.ts';

export interface SealCost {
  readonly recordings: number;
  readonly cpuSeconds: Spread;
  /** Without reading the receipts and checking their signatures. */
  readonly besideReceiptsSeconds: Spread;
  /** Against the hashes and signatures alone, in the same round. */
  readonly timesFloor: Spread;
  readonly putsPerRecording: number;
  readonly bytesPerRecording: number;
  readonly listBytesPerRecording: number;
  readonly peakRssMb: number;
  readonly oneMs: Spread;
  /** Absent without Python. */
  readonly logMs?: Spread;
}

/** CPU seconds for a day of 100,000, besides reading its receipts. */
export const PROMISED_SEAL_SECONDS = 15;
export const PROMISED_SEAL_BYTES = 200;
export const PROMISED_SEAL_PUTS = 0.02;

const run = promisify(execFile);

export async function measureSeal(
  bench: Bench,
  { quick, rounds }: { readonly quick: boolean; readonly rounds: number },
): Promise<SealCost[]> {
  const costs: SealCost[] = [];
  for (const recordings of quick ? [3_000] : [3_000, 100_000]) {
    const runs: SealedOnce[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const directory = await mkdtemp(join(bench.dir, 'seal-'));
      try {
        const args = [join(bench.dir, 'variants/seal-once.mjs'), directory, String(recordings)];
        const { stdout } = await run(process.execPath, args);
        runs.push(JSON.parse(stdout) as SealedOnce);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    }
    const logged = runs.flatMap(({ logMs }) => (logMs === undefined ? [] : [logMs]));
    costs.push({
      recordings,
      cpuSeconds: spreadOf(runs.map(({ cpuSeconds }) => cpuSeconds)),
      besideReceiptsSeconds: spreadOf(
        runs.map(({ cpuSeconds, receiptSeconds }) => cpuSeconds - receiptSeconds),
      ),
      timesFloor: spreadOf(runs.map(({ cpuSeconds, floorSeconds }) => cpuSeconds / floorSeconds)),
      putsPerRecording: Math.max(...runs.map(({ puts }) => puts)) / recordings,
      bytesPerRecording: Math.max(...runs.map(({ bytes }) => bytes)) / recordings,
      listBytesPerRecording: Math.max(...runs.map(({ lists }) => lists)) / recordings,
      peakRssMb: Math.max(...runs.map(({ peakRssMb }) => peakRssMb)),
      oneMs: spreadOf(runs.map(({ oneMs }) => oneMs)),
      ...(logged.length === 0 ? {} : { logMs: spreadOf(logged) }),
    });
  }
  return costs;
}
