import type { Budget, Clock } from '../clock.ts';
import type { StoreConfig } from '../config/config.ts';
import { ArchiveError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { openConfiguredVersions } from '../open-configured.ts';
import type { BucketLock } from '../ports.ts';

interface Tools {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Where the catalogue, the facts and jobs of an archive are kept. */
export interface CataloguePlace {
  readonly location: string;
  /** In the bucket of the archive, or in its directory. */
  readonly isOfArchive: boolean;
}

export function cataloguePlaceOf({
  store,
  catalogue,
}: Pick<StoreConfig, 'store' | 'catalogue'>): CataloguePlace {
  const location = catalogue.store ?? store;
  return { location, isOfArchive: bucketOf(location) === bucketOf(store) };
}

/** What its bucket does with new objects; `unknown` where these permissions do not show it. @throws `STORE_*`. */
export async function lockOfCatalogue(
  config: StoreConfig,
  tools: Tools,
  budget: Budget,
): Promise<BucketLock | 'unknown'> {
  const { location } = cataloguePlaceOf(config);
  if (!location.startsWith('s3:')) return { lock: 'none', defaultDays: undefined };
  try {
    return await (await openConfiguredVersions({ ...config, store: location }, tools)).bucketLock(budget);
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'STORE_DENIED') return 'unknown';
    throw error;
  }
}

/** What is wrong with a bucket that locks what is replaced in it, and what to do. */
export function whyNotLocked(place: CataloguePlace, defaultDays: number) {
  const which = place.isOfArchive ? 'the bucket of the archive' : place.location;
  return {
    message: `${which} locks every object for ${defaultDays} days by default, and catalogue, facts and jobs are rewritten: each version would stay, with what was erased from it`,
    hint: 'set ARCHIVE_CATALOGUE to a bucket of its own without a default retention, such as the output CatalogueBucketName of the stack',
  };
}

/**
 * Refuses to keep what is rewritten where each version would be locked. Asks the store once; what cannot be seen is let pass.
 *
 * @throws `CONFIG_INVALID`; what the store throws.
 */
export async function requireReplaceable(config: StoreConfig, tools: Tools, budget: Budget): Promise<void> {
  const lock = await lockOfCatalogue(config, tools, budget);
  if (lock === 'unknown' || lock.defaultDays === undefined) return;
  const { message, hint } = whyNotLocked(cataloguePlaceOf(config), lock.defaultDays);
  throw new ArchiveError('CONFIG_INVALID', message, { hint });
}

/** `s3://bucket` without its prefix; a directory as it is. */
function bucketOf(location: string): string {
  return /^s3:\/\/[^/]+/.exec(location)?.[0] ?? location;
}
