import { systemClock } from '../clock.ts';
import type { VersionedStore } from '../ports.ts';
import { createDirectoryVersions } from './directory/versions.ts';
import { type OpenStoreOptions, parseStoreLocation, placeOf } from './open-store.ts';

/**
 * The versions of all objects of the store at `location`. Makes no request.
 *
 * @throws `CONFIG_INVALID` (not retryable).
 */
export async function openVersions(
  location: string,
  options: OpenStoreOptions = {},
): Promise<VersionedStore> {
  const parsed = parseStoreLocation(location);
  if (parsed.kind === 'directory') return createDirectoryVersions(parsed.path, options.clock ?? systemClock);
  const [{ createS3Client }, { openAccess, locationOf }, { createS3Versions }] = await Promise.all([
    import('./s3/client.ts'),
    import('./s3/s3-store.ts'),
    import('./s3/versions.ts'),
  ]);
  const place = { client: createS3Client(options.s3), ...placeOf(parsed, options) };
  return createS3Versions(openAccess(place), locationOf(place));
}
