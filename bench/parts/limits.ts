/** One large recording in a process that may not have more than so much memory, as on a small Lambda. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import type { Variant } from '../options.ts';
import { type Bench, runSample, SampleFailure } from '../processes.ts';

export interface LimitedRun {
  readonly variant: Variant;
  readonly bytes: number;
  readonly limitMb: number;
  /** How the limit was set. */
  readonly how: string;
  readonly outcome: 'archived' | 'killed' | 'failed';
  /** Largest charge to the group: resident memory, socket buffers and the kernel's own; `undefined` where it is not counted. */
  readonly peakMb: number | undefined;
  readonly seconds: number | undefined;
}

export type LimitedRuns = readonly LimitedRun[] | { readonly skipped: string };

export const LIMIT_MB = 256;
/** As cloud providers and the kernel count: 2^20 bytes. */
const MIB = 1024 * 1024;

export async function measureLimits(
  bench: Bench,
  variants: readonly Variant[],
  bytes: number,
  nodeArgs: readonly string[],
): Promise<LimitedRuns> {
  const how = findLimiter();
  if (how === undefined) {
    return { skipped: 'no control group can be made here: it takes root, or a systemd that makes scopes' };
  }
  const runs: LimitedRun[] = [];
  for (const variant of variants) {
    const group = how.open(LIMIT_MB * MIB);
    let outcome: LimitedRun['outcome'] = 'archived';
    let seconds: number | undefined;
    try {
      const spec = { bytes, count: 1, concurrency: 1, warmUp: { count: 0, bytes: 0 } };
      const own = variant.startsWith('ours') ? nodeArgs : [];
      const sample = await runSample(bench, {
        variant,
        scheme: 'http',
        spec,
        nodeArgs: own,
        wrap: group.wrap,
      });
      ({ seconds } = sample);
    } catch (error) {
      if (!(error instanceof SampleFailure)) throw error;
      outcome = error.how === 'SIGKILL' || error.how === '137' ? 'killed' : 'failed';
    }
    const peak = group.peak();
    group.close();
    const peakMb = peak === undefined ? undefined : peak / MIB;
    runs.push({ variant, bytes, limitMb: LIMIT_MB, how: how.name, outcome, peakMb, seconds });
  }
  return runs;
}

interface LimitedGroup {
  readonly wrap: (command: readonly string[]) => readonly string[];
  peak(): number | undefined;
  close(): void;
}

interface Limiter {
  readonly name: string;
  open(bytes: number): LimitedGroup;
}

function findLimiter(): Limiter | undefined {
  return [directory('cgroup v2', V2), directory('cgroup v1', V1), scope()].find((limiter) => {
    try {
      const group = limiter.open(LIMIT_MB * MIB);
      try {
        const [command = '', ...args] = group.wrap(['true']);
        execFileSync(command, args, { stdio: 'ignore' });
        return true;
      } finally {
        group.close();
      }
    } catch {
      return false;
    }
  });
}

interface GroupFiles {
  readonly parent: string;
  readonly limit: string;
  readonly peak: string;
  /** Written where it exists: no swap. */
  readonly swap: readonly [file: string, value: (bytes: number) => string];
}

/** https://docs.kernel.org/admin-guide/cgroup-v2.html, "Memory". */
const V2: GroupFiles = {
  parent: '/sys/fs/cgroup',
  limit: 'memory.max',
  peak: 'memory.peak',
  swap: ['memory.swap.max', () => '0'],
};
/** https://docs.kernel.org/admin-guide/cgroup-v1/memory.html */
const V1: GroupFiles = {
  parent: '/sys/fs/cgroup/memory',
  limit: 'memory.limit_in_bytes',
  peak: 'memory.max_usage_in_bytes',
  swap: ['memory.memsw.limit_in_bytes', String],
};

function directory(name: string, files: GroupFiles): Limiter {
  let serial = 0;
  return {
    name,
    open(bytes) {
      serial += 1;
      const dir = `${files.parent}/media-archive-bench-${process.pid}-${serial}`;
      mkdirSync(dir);
      const write = (file: string, value: string) => writeFileSync(`${dir}/${file}`, value, { flag: 'r+' });
      try {
        write(files.limit, String(bytes));
        const [swapFile, swapValue] = files.swap;
        if (existsSync(`${dir}/${swapFile}`)) write(swapFile, swapValue(bytes));
      } catch (error) {
        rmdirSync(dir);
        throw error;
      }
      return {
        wrap: (command) => ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', dir, ...command],
        peak: () =>
          existsSync(`${dir}/${files.peak}`)
            ? Number(readFileSync(`${dir}/${files.peak}`, 'utf8'))
            : undefined,
        close: () => rmdirSync(dir),
      };
    },
  };
}

/** The scope is gone when the process is, and its peak with it. */
function scope(): Limiter {
  return {
    name: 'systemd-run --scope',
    open: (bytes) => ({
      wrap: (command) => [
        'systemd-run',
        '--scope',
        '--quiet',
        '--collect',
        '-p',
        `MemoryMax=${bytes}`,
        '-p',
        'MemorySwapMax=0',
        ...command,
      ],
      peak: () => undefined,
      close: () => {},
    }),
  };
}
