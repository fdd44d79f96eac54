/** What a run of the benchmark gave, as `bench/results.json` keeps it. */
import { readFileSync } from 'node:fs';
import type { Part } from './options.ts';
import type { CliMemory } from './parts/cli-memory.ts';
import type { CompactionCost } from './parts/compaction.ts';
import type { ConsoleCost } from './parts/console.ts';
import type { FindCost } from './parts/find.ts';
import type { StartUp } from './parts/init.ts';
import type { JobCost } from './parts/jobs.ts';
import type { LatencyRow } from './parts/latency.ts';
import type { LambdaSize } from './parts/lambda.ts';
import type { LimitedRun, Skipped } from './parts/limits.ts';
import type { MemoryGrowth } from './parts/memory.ts';
import type { SealCost } from './parts/seal.ts';
import type { ComparedVariant } from './parts/throughput.ts';

interface Given {
  readonly throughput: readonly ComparedVariant[];
  readonly small: readonly ComparedVariant[];
  readonly memory: readonly MemoryGrowth[];
  readonly limits: readonly LimitedRun[] | Skipped;
  readonly lambda: readonly LambdaSize[] | Skipped;
  readonly init: readonly StartUp[];
  readonly 'cli-memory': readonly CliMemory[];
  readonly latency: readonly LatencyRow[];
  readonly jobs: readonly JobCost[];
  readonly find: readonly FindCost[];
  readonly compaction: readonly CompactionCost[];
  readonly seal: readonly SealCost[];
  readonly console: readonly ConsoleCost[];
}

/** What each part gives. */
export type PartResults = Pick<Given, Part>;

export type { Part };

export interface Machine {
  readonly node: string;
  readonly processors: number;
  readonly memoryGib: number;
  /** As the system names the processor. */
  readonly model: string;
}

export interface Results {
  readonly schemaVersion: 1;
  readonly machine: Machine;
  readonly parts: Partial<PartResults>;
}

export const RESULTS_FILE = 'bench/results.json';

export function readResults(file: string): Results | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Results;
  } catch {
    return undefined;
  }
}

/** The parts of `fresh` take the place of the same parts of `earlier`, measured on the same kind of machine. */
export function mergeResults(earlier: Results | undefined, fresh: Results): Results {
  const same = JSON.stringify(earlier?.machine) === JSON.stringify(fresh.machine);
  return same ? { ...fresh, parts: { ...earlier?.parts, ...fresh.parts } } : fresh;
}
