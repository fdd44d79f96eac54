import { createHash } from 'node:crypto';
import { access, mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { ArchiveError, describeForeign } from '../../errors.ts';
import type { PackageTarget } from '../../proof/evidence/package-file.ts';

/**
 * Writes a package into a folder, which appears under its name once it is whole.
 *
 * @throws `OUTPUT_EXISTS`, `OUTPUT_FAILED`.
 */
export async function openFolder(folder: string): Promise<PackageTarget> {
  if (await exists(folder)) {
    throw new ArchiveError('OUTPUT_EXISTS', `${folder} exists already`, {
      hint: 'choose another name, or remove it',
    });
  }
  const partial = `${folder}.partial`;
  await doing(partial, () => rm(partial, { recursive: true, force: true }));
  await doing(partial, () => mkdir(partial, { recursive: true, mode: 0o700 }));
  return {
    write: ({ name, body }) =>
      doing(folder, async () => {
        const place = path.join(partial, ...name.split('/'));
        await mkdir(path.dirname(place), { recursive: true });
        const hash = createHash('sha256');
        const file = await open(place, 'wx', 0o600);
        try {
          for await (const chunk of body instanceof Uint8Array ? [body] : body) {
            hash.update(chunk);
            await file.writeFile(chunk);
          }
        } catch (error) {
          await file.close();
          await rm(place, { force: true });
          throw error;
        }
        await file.close();
        return hash.digest('hex');
      }),
    commit: () => doing(folder, () => rename(partial, folder)),
    abandon: () => rm(partial, { recursive: true, force: true }),
  };
}

async function exists(place: string): Promise<boolean> {
  return access(place).then(
    () => true,
    () => false,
  );
}

async function doing<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw new ArchiveError('OUTPUT_FAILED', `${place} cannot be written: ${describeForeign(error)}`);
  }
}
