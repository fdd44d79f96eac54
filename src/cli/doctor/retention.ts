import type { Budget } from '../../clock.ts';
import type { ArchiveConfig, StoreConfig } from '../../config/config.ts';
import { openConfiguredVersions } from '../../create/archiver.ts';
import { rulesAtWrite } from '../../create/retention.ts';
import { toArchiveError } from '../../errors.ts';
import type { CommandContext } from '../_context.ts';
import { type DoctorCheck, failed } from './check.ts';

/** Looks whether the bucket can keep what the rules of retention say at the write. `undefined` where they say nothing. */
export async function checkRetention(
  { clock, logger }: CommandContext,
  config: StoreConfig & Partial<Pick<ArchiveConfig, 'retentionAtWrite' | 'retentionFile'>>,
  budget: Budget,
): Promise<DoctorCheck | undefined> {
  const name = 'retention';
  const { retentionFile } = config;
  let rules = config.retentionAtWrite;
  try {
    if (retentionFile !== undefined) rules = await rulesAtWrite(retentionFile);
  } catch (error) {
    return failed(name, error, '`genesys-archive retain rules` checks the file');
  }
  if (rules === undefined) return undefined;
  const of = Object.entries(rules.days).map(([kind, days]) => `${kind} ${days} d`);
  const said = `${rules.by}, ${of.join(', ')}`;
  try {
    const versions = await openConfiguredVersions(config, { clock, logger });
    if (!versions.location.startsWith('s3://')) {
      const detail = `${config.store} has neither locks nor tags: nothing keeps what the rules say (${said})`;
      return { name, status: 'warn', detail, fix: 'keep the archive in a bucket, or place holds' };
    }
    const { lock, defaultDays } = await versions.bucketLock(budget);
    if (rules.by === 'tags') {
      const detail = `new objects are tagged (${said}); what removes them are lifecycle rules of the bucket`;
      return { name, status: 'ok', detail };
    }
    if (lock === 'none') {
      return {
        name,
        status: 'fail',
        detail: `${config.store} has no Object Lock, and the rules lock every write: none succeeds`,
        fix: 'enable Object Lock on the bucket, or set "by": "tags" in the retention file',
        code: 'CONFIG_INVALID',
      };
    }
    const shortest = Math.min(...Object.values(rules.days));
    if (defaultDays !== undefined && defaultDays > shortest) {
      const detail = `the rules say ${shortest} days for some writes, and the default of the bucket ${defaultDays}: what the write says counts`;
      return { name, status: 'warn', detail, fix: 'take the default off the bucket, or lengthen the rules' };
    }
    return { name, status: 'ok', detail: `new objects are locked (${said}), and the bucket has Object Lock` };
  } catch (error) {
    if (toArchiveError(error).code === 'STORE_DENIED') {
      const detail = `whether ${config.store} has Object Lock cannot be seen with these permissions (${said})`;
      return {
        name,
        status: 'warn',
        detail,
        fix: 'allow s3:GetBucketObjectLockConfiguration, or run doctor as the auditor',
      };
    }
    return failed(name, error, `look at ${config.store}, its permissions and AWS_* settings`);
  }
}
