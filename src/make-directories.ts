import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';

/**
 * Makes a directory and those above it that are missing. Node's own `mkdir` with `recursive` never ends, and heeds no signal, where
 * the system says of a directory in an existing one that it does not exist, as below `/proc`.
 *
 * @param mode of each directory that is made, less the umask; default 0o777.
 * @throws the file system's own errors; `EEXIST` when something else stands there.
 */
export async function makeDirectories(directory: string, mode = 0o777): Promise<void> {
  const missing: string[] = [];
  let at = path.resolve(directory);
  while (!(await isDirectory(at)) && path.dirname(at) !== at) {
    missing.unshift(at);
    at = path.dirname(at);
  }
  for (const each of missing) {
    try {
      await mkdir(each, { mode });
    } catch (error) {
      // another process has made it in the meantime
      if (!(await isDirectory(each))) throw error;
    }
  }
}

async function isDirectory(name: string): Promise<boolean> {
  return (await stat(name).catch(() => undefined))?.isDirectory() === true;
}
