import type { Budget } from '../../clock.ts';
import type { StoreConfig } from '../../config/config.ts';
import { cataloguePlaceOf, lockOfCatalogue, whyNotLocked } from '../../create/catalogue-place.ts';
import { openConfiguredStore, openConfiguredVersions } from '../../create/archiver.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import type { CommandContext } from '../_context.ts';
import { type DoctorCheck, failed } from './check.ts';

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
  { clock, logger }: CommandContext,
  config: StoreConfig,
  budget: Budget,
): Promise<DoctorCheck | undefined> {
  const name = 'catalogue';
  const place = cataloguePlaceOf(config);
  const { location } = place;
  const isNamed = config.catalogue.store !== undefined;
  const bucket = location.replace(/^s3:\/\//, '').replace(/\/.*$/, '');
  const tools = { clock, logger };
  try {
    const lock = await lockOfCatalogue(config, tools, budget);
    if (lock !== 'unknown' && lock.defaultDays !== undefined) {
      const { message, hint } = whyNotLocked(place, lock.defaultDays);
      const same = isNamed && place.isOfArchive ? 'ARCHIVE_CATALOGUE names the bucket of the archive: ' : '';
      return { name, status: 'fail', detail: same + message, fix: hint, code: 'CONFIG_INVALID' };
    }
    if (!isNamed) return lock === 'unknown' ? unseen(location) : undefined;
    const store = await openConfiguredStore({ ...config, store: location }, tools);
    for await (const _ of store.list(CATALOGUE_PREFIX, budget)) break;
    if (!location.startsWith('s3:')) return { name, status: 'ok', detail: `${location} can be read` };
    await requireWritable();
    const kept = await replacedLongAgo();
    const known = [
      lock === 'unknown'
        ? 'whether it locks what it keeps cannot be seen with these permissions'
        : 'locks nothing',
      kept === 'unknown'
        ? 'whether it keeps what was replaced cannot be seen with these permissions'
        : undefined,
    ].filter((words) => words !== undefined);
    const detail = `${location} answers, may be written to; ${known.join('; ')}`;
    if (kept !== true) return { name, status: lock === 'unknown' ? 'warn' : 'ok', detail };
    return {
      name,
      status: 'warn',
      detail: `${detail}; it keeps what was replaced more than four days ago, with what was erased from it`,
      fix: `aws s3api put-bucket-lifecycle-configuration --bucket ${bucket} --lifecycle-configuration '{"Rules":[{"ID":"replaced","Status":"Enabled","Filter":{},"NoncurrentVersionExpiration":{"NoncurrentDays":1}}]}'`,
    };
    /** Asks for a replacement whose condition cannot be met: the permission is looked at, and nothing is written. */
    async function requireWritable(): Promise<void> {
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
        throw new ArchiveError(
          'CONFIG_INVALID',
          `${location} does not keep to the conditions of a replacement`,
        );
    }
    async function replacedLongAgo(): Promise<boolean | 'unknown'> {
      try {
        const versions = await openConfiguredVersions({ ...config, store: location }, tools);
        let newer: number | undefined;
        for await (const { key, lastModified } of versions.versions(OFTEN_WRITTEN, budget)) {
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
  } catch (error) {
    // as it should be of what archives
    if (toArchiveError(error).code === 'STORE_DENIED') {
      return {
        name,
        status: 'warn',
        detail: `${location} cannot be read and written with these permissions; find, catalogue, facts and jobs need them`,
        fix: 'run doctor as who uses these commands, too; docs/aws-permissions.md lists what they need',
      };
    }
    return failed(name, error, `look at ${location}, its permissions and AWS_* settings`);
  }
}

function unseen(location: string): DoctorCheck {
  return {
    name: 'catalogue',
    status: 'skip',
    detail: `whether ${location} locks every object by default cannot be seen with these permissions (s3:GetBucketObjectLockConfiguration); if it does, ARCHIVE_CATALOGUE has to name another bucket`,
  };
}
