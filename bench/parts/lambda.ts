/**
 * What Lambda's memory sizes would do: a process with that much memory and the share of a processor that comes with it. Lambda
 * grants one whole vCPU at 1,769 MB and less in proportion: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
 */
import { findLimiter, NO_LIMITER } from '../control-groups.ts';
import type { Scheme } from '../options.ts';
import { type Bench, runSample } from '../processes.ts';
import { type Spread, spreadOf } from '../report/statistics.ts';
import type { Sample } from '../variants/worker.ts';
import { MIB, outcomeOf, type Skipped } from './limits.ts';

export interface LambdaSize {
  readonly scheme: Scheme;
  readonly memoryMib: number;
  /** Of the one recording. */
  readonly bytes: number;
  readonly rounds: number;
  readonly outcome: 'archived' | 'killed' | 'failed';
  /** From the start of the process until the archiver is made. */
  readonly readySeconds: Spread | undefined;
  /** From the event to its acknowledgement, cold: connections, token and code are all new. */
  readonly archiveSeconds: Spread | undefined;
  readonly peakMib: number | undefined;
  /** What Lambda charges for the archiving, without the start: memory × time. */
  readonly gibSeconds: Spread | undefined;
}

const WHOLE_PROCESSOR_MIB = 1769;
export const LAMBDA_SIZES = [128, 256, 512, 1024, 1769] as const;

export async function measureLambdaSizes(
  bench: Bench,
  {
    bytes,
    rounds,
    nodeArgs,
  }: Pick<LambdaSize, 'bytes' | 'rounds'> & { readonly nodeArgs: readonly string[] },
): Promise<readonly LambdaSize[] | Skipped> {
  const limitsOf = (mib: number) => ({ memory: mib * MIB, processors: mib / WHOLE_PROCESSOR_MIB });
  const limiter = findLimiter(limitsOf(WHOLE_PROCESSOR_MIB));
  if (limiter === undefined) return { skipped: NO_LIMITER };
  const scheme = bench.noHttps === undefined ? 'https' : 'http';
  const rows: LambdaSize[] = [];
  for (const memoryMib of LAMBDA_SIZES) {
    const samples: Sample[] = [];
    let outcome: LambdaSize['outcome'] = 'archived';
    let peakMib: number | undefined;
    for (let round = 0; round < rounds && outcome === 'archived'; round += 1) {
      const group = limiter.open(limitsOf(memoryMib));
      try {
        const spec = { bytes, count: 1, concurrency: 1, warmUp: { count: 0, bytes: 0 } };
        samples.push(await runSample(bench, { variant: 'ours', scheme, spec, nodeArgs, wrap: group.wrap }));
      } catch (error) {
        outcome = outcomeOf(error);
      }
      const peak = group.peak();
      if (peak !== undefined) peakMib = Math.max(peakMib ?? 0, peak / MIB);
      group.close();
    }
    const spread = (of: (sample: Sample) => number) =>
      outcome === 'archived' ? spreadOf(samples.map(of)) : undefined;
    rows.push({
      scheme,
      memoryMib,
      bytes,
      rounds,
      outcome,
      readySeconds: spread(({ readySeconds }) => readySeconds),
      archiveSeconds: spread(({ seconds }) => seconds),
      peakMib,
      gibSeconds: spread(({ seconds }) => (seconds * memoryMib) / 1024),
    });
  }
  return rows;
}
