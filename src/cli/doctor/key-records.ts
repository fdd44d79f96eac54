import type { Budget } from '../../clock.ts';
import type { ArchiveConfig, StoreConfig } from '../../config/config.ts';
import { openConfiguredStore, openConfiguredVersions } from '../../create/archiver.ts';
import { toArchiveError } from '../../errors.ts';
import { KEY_PREFIX } from '../../record/key-record.ts';
import type { CommandContext } from '../_context.ts';
import { type DoctorCheck, failed } from './check.ts';

/** Looks at where key records are kept: they must be able to be destroyed. `undefined` where none are. */
export async function checkKeyRecords(
  { clock, logger }: CommandContext,
  config: StoreConfig & Partial<Pick<ArchiveConfig, 'keyPlacement'>>,
  budget: Budget,
): Promise<DoctorCheck | undefined> {
  const { keyRecords, keyPlacement } = config;
  if (keyRecords === undefined && keyPlacement !== 'records') return undefined;
  const name = 'key records';
  const where = keyRecords ?? config.store;
  try {
    const store = await openConfiguredStore(config, { clock, logger });
    for await (const _ of store.list(KEY_PREFIX, budget)) break;
    const versions = await openConfiguredVersions(config, { clock, logger }, 'key records');
    const { defaultDays } = await versions.bucketLock(budget);
    if (defaultDays !== undefined) {
      return {
        name,
        status: 'fail',
        detail: `${where} locks what is written to it for ${defaultDays} days: no key could be destroyed before`,
        fix: 'set ARCHIVE_KEY_RECORDS to a bucket without a default retention, and copy the records there',
        code: 'CONFIG_INVALID',
      };
    }
    const written = keyPlacement === 'records' ? 'new data keys are kept there' : 'it is only read';
    return { name, status: 'ok', detail: `${where} answers, and locks nothing; ${written}` };
  } catch (error) {
    const { code } = toArchiveError(error);
    // as it should be of what archives
    if (code === 'STORE_DENIED') {
      const detail = `${where} cannot be looked at with these permissions, as is right for a writer`;
      return { name, status: 'warn', detail, fix: 'run doctor as the auditor, too' };
    }
    return failed(name, error, `look at ${where}, its permissions and AWS_* settings`);
  }
}
