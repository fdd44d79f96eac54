import type { Budget } from '../../clock.ts';
import type { ArchiveConfig, StoreConfig } from '../../config/config.ts';
import { openConfiguredStore } from '../../create/archiver.ts';
import { readQuarantineRules, requireRemovable } from '../../create/quarantine-at-write.ts';
import type { CommandContext } from '../_context.ts';
import { count } from '../_format.ts';
import { type DoctorCheck, failed } from './check.ts';

/** Looks whether what rules put into quarantine could be erased again. `undefined` without rules. */
export async function checkQuarantine(
  { clock, logger }: CommandContext,
  config: StoreConfig & Partial<Pick<ArchiveConfig, 'quarantine'>>,
  budget: Budget,
): Promise<DoctorCheck | undefined> {
  const name = 'quarantine';
  const { quarantine } = config;
  if (quarantine === undefined) return undefined;
  try {
    const { rules } = await readQuarantineRules(quarantine);
    await requireRemovable(await openConfiguredStore(config, { clock, logger }), budget);
    const detail = `${count(rules.length, 'rule')}; ${config.store} locks nothing by itself`;
    return { name, status: 'ok', detail };
  } catch (error) {
    return failed(name, error, '`genesys-archive quarantine rules` checks the rules');
  }
}
