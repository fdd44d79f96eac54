/** Names of files that are not whole yet, by which the next process tells what one that was killed has left. */
import { createHash } from 'node:crypto';
import { lstat, readdir, unlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';

/** ms; a file of another machine, or of an earlier version of this program, that was not written to for so long is abandoned. */
const ABANDONED_AFTER_MS = 24 * 3_600_000;

/** Hex digits of the machine, of the process and of the file within it: 12 in all. */
const [HOST_DIGITS, PROCESS_DIGITS, FILE_DIGITS] = [4, 6, 2] as const;

const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, HOST_DIGITS);

let made = 0;

/** `<FILE>.<12 hex digits>.partial`, which says who makes it. */
export function partialName(target: string): string {
  made = (made + 1) % 16 ** FILE_DIGITS;
  const maker = hex(process.pid, PROCESS_DIGITS) + hex(made, FILE_DIGITS);
  return `${target}.${HOST}${maker}.partial`;
}

/**
 * Removes what processes that are no more have left of `target`. Never what another one is writing: such a file stays until its process
 * has ended, or a day has passed.
 *
 * @param own files that this process is writing.
 */
export async function sweepPartials(target: string, own: ReadonlySet<string>): Promise<void> {
  const directory = path.dirname(target);
  // a directory that cannot be read is told by who writes into it
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    const file = path.join(directory, name);
    if (!own.has(file) && (await isAbandoned(file, target))) await unlink(file).catch(() => {});
  }
}

/** Removes what such processes have left in a directory, of all files. */
export async function sweepDirectory(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    const [, target] = /^(.+)\.[0-9a-f]{12}\.partial$/.exec(name) ?? [];
    if (target === undefined) continue;
    const file = path.join(directory, name);
    if (await isAbandoned(file, path.join(directory, target))) await unlink(file).catch(() => {});
  }
}

async function isAbandoned(file: string, target: string): Promise<boolean> {
  const prefix = `${target}.`;
  if (!file.startsWith(prefix)) return false;
  const [, host, maker = ''] =
    /^([0-9a-f]{4})([0-9a-f]{6})[0-9a-f]{2}\.partial$/.exec(file.slice(prefix.length)) ?? [];
  if (host === undefined) return false;
  const facts = await lstat(file).catch(() => undefined);
  if (facts?.isFile() !== true) return false;
  if (host === HOST && !isRunning(Number.parseInt(maker, 16))) return true;
  return Date.now() - facts.mtimeMs > ABANDONED_AFTER_MS;
}

function isRunning(pid: number): boolean {
  // a file of ours would be among those we are writing: it is from a process that had our number
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, and is another user's
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function hex(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0').slice(-digits);
}
