/**
 * The regression guard: ratios of a short run against those that were committed. Never a time alone: what a machine can do in a
 * second differs from machine to machine, what two pipelines do side by side hardly does.
 */
import { readFileSync } from 'node:fs';
import { formatSize } from '../options.ts';
import { growthSpread } from '../parts/memory.ts';
import type { ComparedVariant } from '../parts/throughput.ts';
import type { PartResults } from '../results.ts';

export const BASELINE_FILE = 'bench/baseline.json';

/** Medians by what they are of. Unknown names are of other versions of the benchmark, and compared with nothing. */
export type Baseline = Readonly<Record<string, number>>;

/** How far a value may be worse than the baseline's before it counts as a regression. */
export const TOLERANCE = {
  /** Of × throughput: a quarter less. */
  throughput: 0.25,
  /** Of × CPU: a fifth more. */
  cpu: 0.2,
  /** MB of resident set. */
  memoryMb: 15,
  /** Requests per recording: not one more. */
  requests: 0,
} as const;

export function baselineOf({ throughput = [], small = [], memory }: Partial<PartResults>): Baseline {
  const values: Record<string, number> = {};
  for (const row of [...throughput, ...small].filter(({ variant }) => variant === 'ours')) {
    const { timesThroughput, timesCpu, requests } = row;
    const what = nameOf(row);
    if (timesThroughput !== undefined) values[`throughput ×, ${what}`] = round(timesThroughput.median);
    if (timesCpu !== undefined) values[`CPU ×, ${what}`] = round(timesCpu.median);
    values[`requests, ${what}`] = round(Object.values(requests).reduce((sum, value) => sum + value, 0));
  }
  if (memory !== undefined) {
    for (const { bytes, count, rssGrowthMb } of memory)
      values[`growth MB, ${count} of ${formatSize(bytes)}`] = round(rssGrowthMb.median);
    values['growth MB, largest less smallest'] = round(growthSpread(memory));
  }
  return values;
}

const nameOf = ({ bytes, scheme, concurrency }: ComparedVariant) =>
  `${formatSize(bytes)} over ${scheme.toUpperCase()}, ${concurrency} at once`;

const round = (value: number) => Math.round(value * 1000) / 1000;

export interface Verdict {
  readonly name: string;
  readonly committed: number;
  readonly measured: number;
  /** The worst value that is not a regression. */
  readonly allowed: number;
  readonly regressed: boolean;
}

/** One verdict for each value that both sides have. */
export function compareWithBaseline(baseline: Baseline, measured: Baseline): Verdict[] {
  return Object.entries(baseline).flatMap(([name, committed]) => {
    const value = measured[name];
    if (value === undefined) return [];
    const [kind] = name.split(',');
    const allowed =
      kind === 'throughput ×'
        ? committed * (1 - TOLERANCE.throughput)
        : kind === 'CPU ×'
          ? committed * (1 + TOLERANCE.cpu)
          : committed + (kind === 'requests' ? TOLERANCE.requests : TOLERANCE.memoryMb);
    const regressed = kind === 'throughput ×' ? value < allowed : value > allowed;
    return [{ name, committed, measured: value, allowed, regressed }];
  });
}

/** The better of both values, name by name: a regression is one that shows every time. */
export function betterOf(one: Baseline, other: Baseline): Baseline {
  return Object.fromEntries(
    Object.entries(one).map(([name, value]) => {
      const pick = name.startsWith('throughput ×') ? Math.max : Math.min;
      return [name, pick(value, other[name] ?? value)];
    }),
  );
}

export function formatVerdicts(verdicts: readonly Verdict[]): string {
  return verdicts
    .map(({ name, committed, measured, allowed, regressed }) => {
      const limit = `${name.startsWith('throughput') ? 'at least' : 'at most'} ${allowed.toFixed(2)}`;
      return `${regressed ? 'WORSE' : 'ok   '}  ${name}: ${measured.toFixed(2)}, committed ${committed.toFixed(2)}, ${limit}`;
    })
    .join('\n');
}

export function readBaseline(): Baseline | undefined {
  try {
    return JSON.parse(readFileSync(BASELINE_FILE, 'utf8')) as Baseline;
  } catch {
    return undefined;
  }
}
