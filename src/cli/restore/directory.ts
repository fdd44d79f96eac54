/** The directory that recordings are restored into. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, realpath, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { ArchiveError } from '../../errors.ts';
import { makeDirectories } from '../../make-directories.ts';
import { isTrusted, outputError } from '../file-target.ts';
import { sweepDirectory } from './partial-names.ts';

/** Recordings of calls: for their owner alone. */
const MODE = 0o700;
const keep = () => Promise.resolve();

export interface OutputDirectory {
  /** Absolute, without links. */
  readonly path: string;
  /** Removes the directory if it was made here and nothing is in it. */
  readonly discardEmpty: () => Promise<void>;
}

/**
 * Makes the directory where it is missing, and removes what killed processes have left in it.
 *
 * @param isDry looks only.
 * @throws `OUTPUT_FAILED` (not retryable).
 */
export async function openDirectory(named: string, isDry: boolean): Promise<OutputDirectory> {
  const directory = path.resolve(named);
  try {
    const found = await lstat(directory).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (found === undefined) {
      if (isDry) return { path: directory, discardEmpty: keep };
      await makeDirectories(directory, MODE).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
        throw new ArchiveError('OUTPUT_FAILED', `${directory} cannot be made: that file system makes none`, {
          hint: 'choose another directory',
        });
      });
      const made = await realpath(directory);
      // fails where there is something in it
      return { path: made, discardEmpty: () => rmdir(made).catch(() => {}) };
    }
    if (found.isSymbolicLink() && !isTrusted(found.uid)) {
      throw new ArchiveError(
        'OUTPUT_FAILED',
        `${directory} is a symbolic link of another user, and is not followed`,
        { hint: 'name the directory itself' },
      );
    }
    const real = await realpath(directory);
    if (!(await stat(real)).isDirectory()) {
      throw new ArchiveError('OUTPUT_FAILED', `${directory} is not a directory`, {
        hint: 'name a directory with -d, or one file with -o',
      });
    }
    if (!isDry) await sweepDirectory(real);
    return { path: real, discardEmpty: keep };
  } catch (error) {
    throw outputError(error, 'opening', directory);
  }
}

/** The place of a file of this name within a directory, and never elsewhere. @throws `OUTPUT_FAILED`. */
export function placeIn(directory: string, name: string): string {
  const place = path.join(directory, name);
  if (path.dirname(place) === directory && path.basename(place) === name) return place;
  throw new ArchiveError('OUTPUT_FAILED', `${name} is not the name of a file in ${directory}`);
}

export interface FileContent {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/**
 * What stands under a name already; `undefined` when nothing does.
 *
 * @throws `OUTPUT_EXISTS` for what is not a regular file, which is never replaced; `OUTPUT_FAILED` when it cannot be read.
 */
export async function findFile(
  file: string,
): Promise<{ readonly read: () => Promise<FileContent> } | undefined> {
  const facts = await lstat(file).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw outputError(error, 'looking for', file);
  });
  if (facts === undefined) return undefined;
  if (!facts.isFile()) {
    throw new ArchiveError('OUTPUT_EXISTS', `${file} exists already, and is not a regular file`, {
      hint: 'move it away, or choose another directory: --force replaces regular files only',
    });
  }
  return { read: () => hashFile(file) };
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

async function hashFile(file: string): Promise<FileContent> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    const digest = createHash('sha256');
    let bytes = 0;
    for await (const chunk of handle.createReadStream() as AsyncIterable<Buffer>) {
      digest.update(chunk);
      bytes += chunk.byteLength;
    }
    return { bytes, sha256: digest.digest('hex') };
  } catch (error) {
    throw outputError(error, 'reading', file);
  }
}
