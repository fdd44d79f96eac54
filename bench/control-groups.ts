/** Limits on what one process may use, by whatever the system offers. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { present } from '../src/present.ts';

export interface Limits {
  /** Memory, bytes; there is no swap beside it. */
  readonly memory: number;
  /** Processors' worth of time; `undefined`: all there is. */
  readonly processors?: number;
}

/** A group for one process. */
export interface LimitedGroup {
  /** The command that enters the group and then becomes `command`. */
  readonly wrap: (command: readonly string[]) => readonly string[];
  /** Largest charge so far, bytes: resident memory, socket buffers and the kernel's own; `undefined` where it is not counted. */
  peak(): number | undefined;
  /** Removes the group. Its process has to be over. */
  close(): void;
}

export interface Limiter {
  readonly name: string;
  open(limits: Limits): LimitedGroup;
}

/** Why {@link findLimiter} finds none. */
export const NO_LIMITER = 'no control group can be made here: it takes root, or a systemd that makes scopes';

/** Microseconds in which a share of the processors is granted anew. */
const PERIOD = 100_000;

/** The first way to limit a process that works here; `undefined` when none does. */
export function findLimiter(limits: Limits): Limiter | undefined {
  return [version2, version1, scope].find((limiter) => {
    try {
      const group = limiter.open(limits);
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

/** A file of a group, and what is written there; those marked optional exist only on some kernels. */
type Limit = readonly [file: string, value: string, optional?: 'optional'];

let serial = 0;

/** https://docs.kernel.org/admin-guide/cgroup-v2.html, "Memory" and "CPU". */
const version2: Limiter = {
  name: 'cgroup v2',
  open: ({ memory, processors }) =>
    openDirectories('memory.peak', {
      '/sys/fs/cgroup': [
        ['memory.max', String(memory)],
        ['memory.swap.max', '0', 'optional'],
        ...(processors === undefined
          ? []
          : [['cpu.max', `${Math.round(processors * PERIOD)} ${PERIOD}`] as const]),
      ],
    }),
};

/** https://docs.kernel.org/admin-guide/cgroup-v1/memory.html and https://docs.kernel.org/scheduler/sched-bwc.html */
const version1: Limiter = {
  name: 'cgroup v1',
  open: ({ memory, processors }) =>
    openDirectories('memory.max_usage_in_bytes', {
      '/sys/fs/cgroup/memory': [
        ['memory.limit_in_bytes', String(memory)],
        ['memory.memsw.limit_in_bytes', String(memory), 'optional'],
      ],
      ...present({
        '/sys/fs/cgroup/cpu':
          processors === undefined
            ? undefined
            : [
                ['cpu.cfs_period_us', String(PERIOD)] as const,
                ['cpu.cfs_quota_us', String(Math.round(processors * PERIOD))] as const,
              ],
      }),
    }),
};

/** @param hierarchies the first one counts the memory. */
function openDirectories(
  peakFile: string,
  hierarchies: Readonly<Record<string, readonly Limit[]>>,
): LimitedGroup {
  serial += 1;
  const name = `media-archive-bench-${process.pid}-${serial}`;
  const directories: string[] = [];
  const close = () => {
    for (const directory of directories) rmdirSync(directory);
  };
  try {
    for (const [parent, entries] of Object.entries(hierarchies)) {
      const directory = `${parent}/${name}`;
      mkdirSync(directory);
      directories.push(directory);
      for (const [file, value, optional] of entries) {
        if (optional !== undefined && !existsSync(`${directory}/${file}`)) continue;
        // never made anew: a directory without the file is no control group
        writeFileSync(`${directory}/${file}`, value, { flag: 'r+' });
      }
    }
  } catch (error) {
    close();
    throw error;
  }
  const enter = 'for group in $0; do echo $$ > "$group/cgroup.procs" || exit 1; done; exec "$@"';
  const peak = `${directories[0]}/${peakFile}`;
  return {
    wrap: (command) => ['sh', '-c', enter, directories.join(' '), ...command],
    peak: () => (existsSync(peak) ? Number(readFileSync(peak, 'utf8')) : undefined),
    close,
  };
}

/** The scope is gone when the process is, and its peak with it. */
const scope: Limiter = {
  name: 'systemd-run --scope',
  open({ memory, processors }) {
    const properties = [`MemoryMax=${memory}`, 'MemorySwapMax=0'];
    if (processors !== undefined) properties.push(`CPUQuota=${Math.round(processors * 100)}%`);
    const flags = properties.flatMap((property) => ['-p', property]);
    return {
      wrap: (command) => ['systemd-run', '--scope', '--quiet', '--collect', ...flags, ...command],
      peak: () => undefined,
      close: () => {},
    };
  },
};
