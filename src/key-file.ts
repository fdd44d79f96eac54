import { ArchiveError, describeForeign } from './errors.ts';
import { present } from './present.ts';
import { readTextFile } from './text-file.ts';

/** Read, write and search by group and others. */
const NOT_OWNER = 0o077;
/** Windows answers every mode with 666 or 444, and guards files by other means. */
const HAS_MODES = process.platform !== 'win32';

export interface KeyFile {
  /** Names the file in messages. */
  readonly what: string;
  /** The same with its path, for messages about its encoding; default `what`. */
  readonly named?: string;
  readonly maxBytes: number;
  /** Others than its owner may not read or write it. */
  readonly isSecret: boolean;
  /** Where messages do not name the file: what to do when it is none. */
  readonly hint?: string;
}

/**
 * Reads a file of keys.
 *
 * @throws `CONFIG_INVALID` (not retryable) when it cannot be read, is larger than keys are, or is a secret that others can read.
 */
export async function readKeyFile(
  path: string,
  { what, named = what, maxBytes, isSecret, hint }: KeyFile,
): Promise<string> {
  const invalid = (message: string, how = hint) =>
    new ArchiveError('CONFIG_INVALID', message, present({ hint: how }));
  try {
    return await readTextFile(path, {
      what: named,
      code: 'CONFIG_INVALID',
      maxBytes,
      check: ({ mode, size }) => {
        if (isSecret && HAS_MODES && (mode & NOT_OWNER) !== 0) {
          throw invalid(`others than its owner can read or write ${what}`, `chmod 600 ${path}`);
        }
        if (size > maxBytes) throw invalid(`${what} is too large to be one`);
      },
    });
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw invalid(`${what} cannot be read: ${describeForeign(error)}`);
  }
}
