import { access, open, rename, rm } from 'node:fs/promises';
import { ArchiveError, describeForeign } from '../../errors.ts';
import type { PackageTarget } from '../../proof/evidence/package-file.ts';
import { createZipWriter } from '../../proof/evidence/zip.ts';

/**
 * Writes a package into one ZIP file, which appears under its name once it is whole.
 *
 * @throws `OUTPUT_EXISTS`, `OUTPUT_FAILED` also above 4 GiB.
 */
export async function openZip(place: string): Promise<PackageTarget> {
  const exists = await access(place).then(
    () => true,
    () => false,
  );
  if (exists) {
    throw new ArchiveError('OUTPUT_EXISTS', `${place} exists already`, {
      hint: 'choose another name, or remove it',
    });
  }
  const partial = `${place}.partial`;
  const file = await open(partial, 'w', 0o600).catch((error: unknown) => {
    throw new ArchiveError('OUTPUT_FAILED', `${place} cannot be written: ${describeForeign(error)}`);
  });
  const zip = createZipWriter((bytes) => file.writeFile(bytes), place);
  return {
    write: (one) => zip.write(one),
    async commit() {
      await zip.finish();
      await file.close();
      await rename(partial, place);
    },
    async abandon() {
      await file.close().catch(() => {});
      await rm(partial, { force: true });
    },
  };
}
