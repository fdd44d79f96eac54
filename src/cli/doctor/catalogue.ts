import type { Budget, Clock } from '../../clock.ts';
import type { StoreConfig } from '../../config/config.ts';
import { cataloguePlaceOf, lockOfCatalogue, whyNotLocked } from '../../create/catalogue-place.ts';
import { openConfiguredStore, openConfiguredVersions } from '../../create/archiver.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import type { ObjectStore, VersionedStore } from '../../ports.ts';
import type { CommandContext } from '../_context.ts';
import { type DoctorCheck, failed } from './check.ts';

const NAME = 'catalogue';
const CATALOGUE_PREFIX = 'catalogue/';
/** Rewritten by every run: how long its versions stay tells how long those of all files do. */
const OFTEN_WRITTEN = 'catalogue/runs.json';
/** ms; the rule says one day, and S3 carries it out within the next ones. */
const MAX_REPLACED_MS = 4 * 86_400_000;
/** Entity tag of no object: what is replaced on condition of it never is. */
const NO_ETAG = '"00000000000000000000000000000000"';

/**
 * Looks at where catalogue, facts and jobs are kept: it must answer, take writes, lock nothing, and forget what was replaced.
 * `undefined` where that is the archive's own store, and it locks nothing.
 */
export async function checkCatalogue(
  { clock, logger }: Pick<CommandContext, 'clock' | 'logger'>,
  config: StoreConfig,
  budget: Budget,
): Promise<DoctorCheck | undefined> {
  const place = cataloguePlaceOf(config);
  const { location } = place;
  const isNamed = config.catalogue.store !== undefined;
  const tools = { clock, logger };
  try {
    const lock = await lockOfCatalogue(config, tools, budget);
    if (lock !== 'unknown' && lock.defaultDays !== undefined) {
      const { message, hint } = whyNotLocked(place, lock.defaultDays);
      const same = isNamed && place.isOfArchive ? 'ARCHIVE_CATALOGUE names the bucket of the archive: ' : '';
      return { name: NAME, status: 'fail', detail: same + message, fix: hint, code: 'CONFIG_INVALID' };
    }
    if (!isNamed) return lock === 'unknown' ? unseen(location) : undefined;
    const kept = { ...config, store: location };
    const store = await openConfiguredStore(kept, tools);
    for await (const _ of store.list(CATALOGUE_PREFIX, budget)) break;
    if (!location.startsWith('s3:')) return { name: NAME, status: 'ok', detail: `${location} can be read` };
    await requireWritable(store, location, budget);
    const versions = () => openConfiguredVersions(kept, tools);
    const keepsReplaced = await keepsWhatWasReplaced(versions, clock, budget);
    return describeBucket(location, { isLockKnown: lock !== 'unknown', keepsReplaced });
  } catch (error) {
    // as it should be of what archives
    if (toArchiveError(error).code === 'STORE_DENIED') {
      return {
        name: NAME,
        status: 'warn',
        detail: `${location} cannot be read and written with these permissions; find, catalogue, facts and jobs need them`,
        fix: 'run doctor as who uses these commands, too; docs/aws-permissions.md lists what they need',
      };
    }
    return failed(NAME, error, `look at ${location}, its permissions and AWS_* settings`);
  }
}

/** Asks for a replacement whose condition cannot be met: the permission is looked at, and nothing is written. */
async function requireWritable(store: ObjectStore, location: string, budget: Budget): Promise<void> {
  const stat = {
    key: OFTEN_WRITTEN,
    size: 0,
    metadata: {},
    contentType: undefined,
    etag: NO_ETAG,
    checksum: undefined,
    lastModified: 0,
  };
  const options = { metadata: {}, contentType: 'application/json' };
  const result = await store.replace?.(stat, Buffer.from('{}'), options, budget);
  if (result?.outcome !== 'changed')
    throw new ArchiveError('CONFIG_INVALID', `${location} does not keep to the conditions of a replacement`);
}

/** Reports whether a version was replaced more than {@link MAX_REPLACED_MS} ago. */
async function keepsWhatWasReplaced(
  open: () => Promise<VersionedStore>,
  clock: Clock,
  budget: Budget,
): Promise<boolean | 'unknown'> {
  try {
    const store = await open();
    let newer: number | undefined;
    for await (const { key, lastModified } of store.versions(OFTEN_WRITTEN, budget)) {
      if (key !== OFTEN_WRITTEN) continue;
      // replaced when the one that followed it came
      if (newer !== undefined && clock.now() - newer > MAX_REPLACED_MS) return true;
      newer = lastModified;
    }
    return false;
  } catch (error) {
    if (toArchiveError(error).code === 'STORE_DENIED') return 'unknown';
    throw error;
  }
}

function describeBucket(
  location: string,
  {
    isLockKnown,
    keepsReplaced,
  }: { readonly isLockKnown: boolean; readonly keepsReplaced: boolean | 'unknown' },
): DoctorCheck {
  const known = [
    isLockKnown ? 'locks nothing' : 'whether it locks what it keeps cannot be seen with these permissions',
    keepsReplaced === 'unknown'
      ? 'whether it keeps what was replaced cannot be seen with these permissions'
      : undefined,
  ].filter((words) => words !== undefined);
  const detail = `${location} answers, may be written to; ${known.join('; ')}`;
  if (keepsReplaced !== true) return { name: NAME, status: isLockKnown ? 'ok' : 'warn', detail };
  const bucket = location.replace(/^s3:\/\//, '').replace(/\/.*$/, '');
  return {
    name: NAME,
    status: 'warn',
    detail: `${detail}; it keeps what was replaced more than four days ago, with what was erased from it`,
    fix: `aws s3api put-bucket-lifecycle-configuration --bucket ${bucket} --lifecycle-configuration '{"Rules":[{"ID":"replaced","Status":"Enabled","Filter":{},"NoncurrentVersionExpiration":{"NoncurrentDays":1}}]}'`,
  };
}

function unseen(location: string): DoctorCheck {
  return {
    name: NAME,
    status: 'skip',
    detail: `whether ${location} locks every object by default cannot be seen with these permissions (s3:GetBucketObjectLockConfiguration); if it does, ARCHIVE_CATALOGUE has to name another bucket`,
  };
}
