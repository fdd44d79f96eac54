/** The single steps of the work, measured apart: what no pipeline can do without, and what it can. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Bench } from '../processes.ts';
import { type Spread, spreadOf } from '../report/statistics.ts';
import type { StepsSpec, StepTimes } from '../variants/steps.ts';

export interface MeasuredStep {
  readonly step: string;
  /** User and system. */
  readonly cpuSecondsPerGb: Spread;
}

/** Names of the steps no pipeline with our guarantees can do without, and how often each goes over every byte. */
export const UNAVOIDABLE: Readonly<Record<string, { readonly passes: number; readonly why: string }>> = {
  'socket read, 1 MiB reused': { passes: 1, why: 'the download' },
  'AES-256-GCM, 256 KiB at a time': { passes: 1, why: 'encryption' },
  'SHA-256, 1 MiB at a time': { passes: 2, why: 'of the plaintext, and of the parts and leaves at once' },
  'socket write, 1 MiB at a time': { passes: 1, why: 'the upload' },
};

export async function measureSteps(bench: Bench, rounds: number): Promise<MeasuredStep[]> {
  const [source = '', sink = ''] = bench.control;
  const spec: StepsSpec = { source, sink, rounds };
  const program = join(bench.dir, 'variants/steps.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify(spec)]);
  const times = JSON.parse(stdout) as StepTimes;
  return Object.entries(times).map(([step, values]) => ({ step, cpuSecondsPerGb: spreadOf(values) }));
}

/** CPU seconds per GB of all {@link UNAVOIDABLE} steps together, each as often as it has to be done. */
export function sumOfUnavoidable(steps: readonly MeasuredStep[]): number {
  return steps.reduce(
    (sum, { step, cpuSecondsPerGb }) => sum + (UNAVOIDABLE[step]?.passes ?? 0) * cpuSecondsPerGb.median,
    0,
  );
}
