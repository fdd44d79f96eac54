import { type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { ConfigFile } from './sources.ts';
import { ArchiveError, describeForeign, systemCodeOf } from '../errors.ts';
import { describeJsonFault } from '../json-places.ts';
import { present } from '../present.ts';
import { readTextFile } from '../text-file.ts';

/** Looked for in the working directory when no other file is named. */
export const DEFAULT_CONFIG_FILE = 'genesys-archive.config.json';

/** Bytes. Settings fill one or two of them. */
const MAX_FILE_BYTES = 64 * 1024;

/** Write permission of group and others. */
const OTHERS_WRITE = 0o022;

/**
 * Reads a config file: one JSON object, of the names the environment has.
 *
 * @param path the file that was asked for; without it `./genesys-archive.config.json` is read, where there is one.
 * @param directory what a relative path is relative to.
 * @returns `undefined` when none was asked for and the default file is absent.
 * @throws `CONFIG_INVALID` (not retryable) when the file cannot be read or is no JSON object; when it was not asked for, also when
 *   others could have written it; never with what it holds.
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
    throw invalidFile(shown, `is not JSON: ${describeJsonFault(text)}`);
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw invalidFile(shown, 'is not one JSON object');
  }
  return {
    path: shown,
    values: { ...values },
    ...present({ isNamed: path === undefined ? undefined : true }),
  };
}

/**
 * Checks that only the caller could have written a file that was found rather than named: it decides where credentials and
 * recordings go. The file and its directory must be the caller's (the directory may be root's), and writable by no one else. Where
 * files have no modes (Windows) nothing is checked.
 *
 * @param file the open file's facts.
 * @param found how the file is called in messages, and the option that names it.
 * @throws `CONFIG_INVALID` (not retryable), which says how to name the file or to protect it.
 */
export async function requireOwnFile(
  path: string,
  file: Stats,
  found: { readonly shown: string; readonly flag: string },
): Promise<void> {
  const { shown, flag } = found;
  const caller = process.geteuid?.();
  if (caller === undefined) return;
  const folder = await stat(dirname(path));
  const problem = describeStranger(file, folder, caller);
  if (problem === undefined) return;
  throw new ArchiveError('CONFIG_INVALID', `${shown} was found here and is not used: ${problem}`, {
    hint: `read it, then name it with ${flag} ${shown}; or, if it is yours: chmod go-w ${shown} and its directory; or work in another directory`,
  });
}

/** Why others than `caller` (a user id) could have decided what stands in a file; `undefined` when none could. Pure. */
export function describeStranger(
  file: Pick<Stats, 'uid' | 'mode'>,
  folder: Pick<Stats, 'uid' | 'mode'>,
  caller: number,
): string | undefined {
  if (file.uid !== caller) return 'it belongs to another user';
  if ((file.mode & OTHERS_WRITE) !== 0) return 'others than its owner can write it';
  if (folder.uid !== caller && folder.uid !== 0) return 'its directory belongs to another user';
  if ((folder.mode & OTHERS_WRITE) !== 0) return 'others than its owner can write its directory';
  return undefined;
}

async function readText(file: string, isRequired: boolean, shown: string): Promise<string | undefined> {
  let facts: Stats | undefined;
  const outcome = await readTextFile(file, {
    what: `the config file ${shown}`,
    code: 'CONFIG_INVALID',
    maxBytes: MAX_FILE_BYTES,
    onlyRegular: !isRequired,
    check: (stats) => {
      facts = stats;
    },
  }).then(
    (text) => ({ text }),
    (error: unknown) => ({ error }),
  );
  // before anything is said of its content: a stranger's file is not worth mending
  if (!isRequired && facts !== undefined) await requireOwnFile(file, facts, { shown, flag: '--config' });
  if ('text' in outcome) return outcome.text;
  const { error } = outcome;
  if (error instanceof ArchiveError) throw error;
  const code = systemCodeOf(error);
  if (code === 'ENOENT' && !isRequired) return undefined;
  if (code === 'ELOOP' && !isRequired) {
    throw invalidFile(shown, 'is a symbolic link, which is followed only with --config');
  }
  throw invalidFile(
    shown,
    code === 'ENOENT' ? 'does not exist' : `cannot be read (${describeForeign(error)})`,
  );
}

function invalidFile(path: string, what: string): ArchiveError {
  return new ArchiveError('CONFIG_INVALID', `the config file ${path} ${what}`);
}
