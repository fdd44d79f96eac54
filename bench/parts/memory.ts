/** What the product's memory does as recordings grow: the resident set of a fresh process over the same process while idle. */
import { type Bench, runSample } from '../processes.ts';
import { type Spread, spreadOf } from '../report/statistics.ts';
import type { Sample } from '../variants/worker.ts';

export interface MemoryGrowth {
  /** Of each recording. */
  readonly bytes: number;
  readonly count: number;
  readonly rounds: number;
  readonly idleRssMb: Spread;
  readonly peakRssMb: Spread;
  readonly rssGrowthMb: Spread;
}

export interface MemoryCase {
  readonly bytes: number;
  readonly count: number;
}

/**
 * Each size once alone, and as often as makes 1 GB: a process that has archived one small recording has not yet met the garbage
 * that a long-lived one carries, so only equal volumes can be compared with each other.
 */
export function memoryCases(sizes: readonly number[], quick: boolean): MemoryCase[] {
  const volume = 1e9;
  return sizes.flatMap((bytes) => {
    const many = Math.round(volume / bytes);
    const alone = quick || many <= 1 ? [] : [{ bytes, count: 1 }];
    return [...alone, { bytes, count: Math.max(1, many) }];
  });
}

/** Whether a case is of those whose volumes are equal. */
export function isComparable({ bytes, count }: MemoryCase): boolean {
  return bytes * count >= 1e9;
}

/** MB between the largest and the smallest median growth of the comparable cases. */
export function growthSpread(rows: readonly MemoryGrowth[]): number {
  const growths = rows.filter(isComparable).map(({ rssGrowthMb }) => rssGrowthMb.median);
  return Math.max(...growths) - Math.min(...growths);
}

export async function measureMemory(
  bench: Bench,
  cases: readonly MemoryCase[],
  { rounds, nodeArgs }: { readonly rounds: number; readonly nodeArgs: readonly string[] },
): Promise<MemoryGrowth[]> {
  const samples = cases.map((): Sample[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, { bytes, count }] of cases.entries()) {
      const spec = { bytes, count, concurrency: 1, warmUp: { count: 0, bytes: 0 } };
      samples[at]?.push(await runSample(bench, { variant: 'ours', scheme: 'http', spec, nodeArgs }));
    }
  }
  return cases.map(({ bytes, count }, at) => {
    const spread = (of: (sample: Sample) => number) =>
      spreadOf((samples[at] ?? []).map((sample) => of(sample) / 1e6));
    return {
      bytes,
      count,
      rounds,
      idleRssMb: spread(({ idleRss }) => idleRss),
      peakRssMb: spread(({ peakRss }) => peakRss),
      rssGrowthMb: spread(({ rssGrowth }) => rssGrowth),
    };
  });
}
