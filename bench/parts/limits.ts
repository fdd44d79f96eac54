/** One large recording in a process that may not have more than so much memory. */
import { findLimiter, NO_LIMITER } from '../control-groups.ts';
import type { Variant } from '../options.ts';
import { type Bench, runSample, SampleFailure } from '../processes.ts';

export interface LimitedRun {
  readonly variant: Variant;
  readonly bytes: number;
  readonly limitMib: number;
  /** How the limit was set. */
  readonly how: string;
  readonly outcome: 'archived' | 'killed' | 'failed';
  /** Largest charge to the group; `undefined` where it is not counted. */
  readonly peakMib: number | undefined;
  readonly seconds: number | undefined;
}

/** What could not be measured, and why. */
export interface Skipped {
  readonly skipped: string;
}

export const LIMIT_MIB = 256;
export const MIB = 1024 * 1024;

export async function measureLimits(
  bench: Bench,
  variants: readonly Variant[],
  bytes: number,
  nodeArgs: readonly string[],
): Promise<readonly LimitedRun[] | Skipped> {
  const limits = { memory: LIMIT_MIB * MIB };
  const limiter = findLimiter(limits);
  if (limiter === undefined) return { skipped: NO_LIMITER };
  const runs: LimitedRun[] = [];
  for (const variant of variants) {
    const group = limiter.open(limits);
    let outcome: LimitedRun['outcome'] = 'archived';
    let seconds: number | undefined;
    try {
      ({ seconds } = await runSample(bench, {
        variant,
        scheme: 'http',
        spec: { bytes, count: 1, concurrency: 1, warmUp: { count: 0, bytes: 0 } },
        nodeArgs: variant.startsWith('ours') ? nodeArgs : [],
        wrap: group.wrap,
      }));
    } catch (error) {
      outcome = outcomeOf(error);
    }
    const peak = group.peak();
    group.close();
    const peakMib = peak === undefined ? undefined : peak / MIB;
    runs.push({ variant, bytes, limitMib: LIMIT_MIB, how: limiter.name, outcome, peakMib, seconds });
  }
  return runs;
}

/** The kernel kills what needs more than it may have. */
export function outcomeOf(error: unknown): 'killed' | 'failed' {
  if (!(error instanceof SampleFailure)) throw error;
  return error.how === 'SIGKILL' || error.how === '137' ? 'killed' : 'failed';
}
