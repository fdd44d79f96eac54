import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { ConfigFile } from './sources.ts';
import { ArchiveError, describeForeign } from '../errors.ts';

/** Looked for in the working directory when no other file is named. */
export const DEFAULT_CONFIG_FILE = 'genesys-archive.config.json';

/** Bytes. Settings fill one or two of them. */
const MAX_FILE_BYTES = 64 * 1024;

/**
 * Reads a config file: one JSON object, of the names the environment has.
 *
 * @param path the file that was asked for; without it `./genesys-archive.config.json` is read, where there is one.
 * @param directory what a relative path is relative to.
 * @returns `undefined` when none was asked for and there is none.
 * @throws `CONFIG_INVALID` (not retryable) when the file cannot be read or is no JSON object; never with what it holds.
 */
export async function readConfigFile(
  path: string | undefined,
  directory: string,
): Promise<ConfigFile | undefined> {
  const shown = path ?? DEFAULT_CONFIG_FILE;
  const text = await readText(resolve(directory, shown), path !== undefined, shown);
  if (text === undefined) return undefined;
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch {
    throw invalidFile(shown, 'is not JSON');
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw invalidFile(shown, 'is not one JSON object');
  }
  return { path: shown, values: { ...values } };
}

async function readText(file: string, isRequired: boolean, shown: string): Promise<string | undefined> {
  try {
    const handle = await open(file, 'r');
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(MAX_FILE_BYTES + 1), 0);
      if (bytesRead > MAX_FILE_BYTES) throw invalidFile(shown, `is longer than ${MAX_FILE_BYTES} bytes`);
      // Some editors begin a file with a byte order mark, which is no JSON.
      return buffer.toString('utf8', 0, bytesRead).replace(/^\uFEFF/, '');
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    const isAbsent = (error as { code?: unknown } | null)?.code === 'ENOENT';
    if (isAbsent && !isRequired) return undefined;
    throw invalidFile(shown, isAbsent ? 'does not exist' : `cannot be read (${describeForeign(error)})`);
  }
}

function invalidFile(path: string, what: string): ArchiveError {
  return new ArchiveError('CONFIG_INVALID', `the config file ${path} ${what}`);
}
