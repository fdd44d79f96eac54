/** The folder beside the file of `--resume`, which holds the job of the run. */
import { lstat, mkdir, readdir } from 'node:fs/promises';
import { ArchiveError, describeForeign } from '../../errors.ts';
import { present } from '../../present.ts';
import { outputHint } from '../file-target.ts';

const OWN: ReadonlySet<string> = new Set(['jobs', 'lock']);

/** Where the job of a file is kept. */
export const folderOf = (file: string): string => `${file}.job`;

/** @throws `USAGE` for a folder that is not this program’s; `OUTPUT_FAILED`. */
export async function requireFolder(folder: string, job: string | undefined): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
    return;
  } catch (error) {
    const found = await lstat(folder).catch(() => undefined);
    if (found === undefined) {
      const hint = outputHint(error);
      throw new ArchiveError(
        'OUTPUT_FAILED',
        `the folder ${folder}: ${describeForeign(error)}`,
        present({ hint }),
      );
    }
    const isOurs =
      found.isDirectory() && (job !== undefined || (await readdir(folder)).every((name) => OWN.has(name)));
    if (isOurs) return;
    throw new ArchiveError('USAGE', `${folder} is in the way: the progress is kept there`, {
      hint: 'name another file with --resume',
    });
  }
}
