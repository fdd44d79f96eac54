import { randomUUID } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { systemCodeOf } from './errors.ts';
import { parseForeignJson } from './json.ts';

/** The process that holds a lock, as the file of the lock names it. */
export interface ProcessHolder {
  /** Of this one lock. */
  readonly token: string;
  readonly pid: number;
  readonly host: string;
  /** Where `pid` means this process: the boot of the kernel and the pid namespace. Empty where the system has none. */
  readonly scope: string;
  /** When the process began, in clock ticks since the boot, so that a number that was given out again is told apart. */
  readonly startedAt: string;
}

/** Describes this process as the holder of a new lock. */
export async function describeSelf(): Promise<ProcessHolder> {
  const [boot, namespace, started] = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => ''),
    readlink('/proc/self/ns/pid').catch(() => ''),
    startOf(process.pid),
  ]);
  return {
    token: randomUUID(),
    pid: process.pid,
    host: hostname(),
    scope: boot === '' || namespace === '' ? '' : `${boot.trim()} ${namespace}`,
    startedAt: started ?? '',
  };
}

/** Reads what {@link describeSelf} wrote as JSON; `undefined` for anything else. */
export function parseHolder(text: string): ProcessHolder | undefined {
  const value = (parseForeignJson(text) ?? {}) as Partial<ProcessHolder>;
  const { token, pid, host, scope, startedAt } = value;
  const texts = [token, host, scope, startedAt].every((field) => typeof field === 'string');
  return texts && Number.isSafeInteger(pid) && (pid ?? 0) > 0 ? (value as ProcessHolder) : undefined;
}

/**
 * Reports whether a holder still runs, as far as this process can see: `unknown` on another machine, in another process namespace, and where
 * the system does not tell when a process began.
 *
 * @param self of this process.
 */
export async function stateOf(
  holder: ProcessHolder,
  self: ProcessHolder,
): Promise<'running' | 'ended' | 'unknown'> {
  if (holder.scope !== self.scope) return 'unknown';
  if (self.scope !== '') {
    const isSame = holder.startedAt !== '' && (await startOf(holder.pid)) === holder.startedAt;
    return isSame ? 'running' : 'ended';
  }
  return holder.host === self.host && !answers(holder.pid) ? 'ended' : 'unknown';
}

/**
 * Start time of a running process, field 22 of its `stat`; `undefined` when there is no such process, when it is a zombie, or
 * when the system has no /proc. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 */
async function startOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // the second field is the command in parentheses, which may hold spaces and parentheses itself
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state = '', start] = [fields[0], fields[19]];
  return ['', 'Z', 'X'].includes(state) ? undefined : start;
}

function answers(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) === 'EPERM';
  }
}
