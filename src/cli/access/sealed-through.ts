import type { Budget } from '../../clock.ts';
import type { StoreConfig } from '../../config/config.ts';
import { openLog } from '../../create/log.ts';
import { toArchiveError } from '../../errors.ts';
import type { ObjectStore } from '../../ports.ts';
import { findHead, readLastStatement } from '../../proof/log/head.ts';

/**
 * Returns the last day that the log states. `undefined` where no log is configured with its public key, none was begun, or it may not
 * be read: the access log is shown without it.
 *
 * @throws `STORE_*` other than `STORE_DENIED`, `OUT_OF_TIME`.
 */
export async function sealedThrough(
  config: Pick<StoreConfig, 'organizationId' | 'proof'>,
  store: ObjectStore,
  budget: Budget,
): Promise<string | undefined> {
  const { organizationId, proof } = config;
  if (organizationId === undefined || proof.origin === undefined || proof.vkeys.length === 0)
    return undefined;
  const place = openLog(config, store);
  try {
    const { size } = await findHead(place, budget);
    return (await readLastStatement(place, size, budget))?.statement.log.through;
  } catch (error) {
    const { code } = toArchiveError(error);
    if (code === 'STORE_DENIED' || code.startsWith('LOG_')) return undefined;
    throw error;
  }
}
