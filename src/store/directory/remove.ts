import { exists, removeFile } from './commit.ts';
import { directoryExists, type ObjectPlace, syncDirectory } from './paths.ts';
import { withReplaceLock } from './replace-lock.ts';

/**
 * Removes an object and its metadata, durably. The bytes go first: what a crash leaves is a metadata file without an object, which
 * holds no content and goes with the next try.
 *
 * @returns 1, or 0 when there was nothing.
 */
export async function removeFiles(root: string, place: ObjectPlace): Promise<number> {
  if (!(await directoryExists(root, place))) return 0;
  const isThere = async () => (await exists(place.data)) || (await exists(place.record));
  if (!(await isThere())) return 0;
  return withReplaceLock(place, async (lock) => {
    if (!(await isThere())) return 0;
    await lock.assertHeld();
    await removeFile(place.data);
    await removeFile(place.record);
    await syncDirectory(place.directory);
    return 1;
  });
}
