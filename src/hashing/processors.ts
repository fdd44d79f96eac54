import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** https://docs.kernel.org/admin-guide/cgroup-v2.html, `cpu.max`; inside a container, that of the container. */
const QUOTA_FILE = '/sys/fs/cgroup/cpu.max';

/** MB of a function's memory for each of its processors. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const LAMBDA_MB_PER_PROCESSOR = 1769;

export interface ProcessorFacts {
  /** As the system counts them. It counts at least two for every function, however little time they are given. */
  readonly available: number;
  /** What {@link QUOTA_FILE} says: microseconds, or `max`, then the period's microseconds. */
  readonly quota: string | undefined;
  /** MB, of a Lambda function. */
  readonly functionMemoryMb: number | undefined;
}

/** How many processors this process may keep busy. Fractions count: half a processor is half of one's time. */
export function usableProcessors({ available, quota, functionMemoryMb }: ProcessorFacts): number {
  const [, most, period] = /^(\d+) (\d+)\s*$/.exec(quota ?? '') ?? [];
  return Math.min(
    available,
    most === undefined || Number(period) === 0 ? available : Number(most) / Number(period),
    functionMemoryMb === undefined ? available : functionMemoryMb / LAMBDA_MB_PER_PROCESSOR,
  );
}

/** Of this process. @param functionMemoryMb where it is a Lambda function's. */
export function countProcessors(functionMemoryMb?: number): number {
  let quota: string | undefined;
  try {
    quota = readFileSync(QUOTA_FILE, 'utf8');
  } catch {
    // not Linux, or no control groups of version 2
  }
  return usableProcessors({ available: availableParallelism(), quota, functionMemoryMb });
}
