import { openConfiguredStore, openConfiguredVersions, readTrust } from '../../create/archiver.ts';
import { MIN_ORPHAN_AGE_MS, type RecordState, sweepKeyRecords } from '../../rekey/sweep-key-records.ts';
import { type CommandContext, openBudget, readSettings, searchIn } from '../_context.ts';
import { count, formatDuration, printable } from '../_format.ts';
import { readArchive, requireArchive } from '../_nothing-found.ts';

/** Removes key records that no object has, and tells of those of which it cannot be told. */
export async function sweepKeys(
  context: CommandContext,
  options: { readonly olderThan?: number; readonly dryRun?: boolean },
): Promise<number> {
  const { ui, clock, logger } = context;
  const config = await readSettings(context, 'store');
  const store = await openConfiguredStore(config, { clock, logger });
  const records = await openConfiguredVersions(config, { clock, logger }, 'key records');
  const trust = await readTrust(config);
  const dryRun = options.dryRun === true;
  const { budget, end } = openBudget(context);
  const states = new Map<RecordState, number>();
  const sweepAll = async () => {
    const how = { minAgeMs: options.olderThan ?? MIN_ORPHAN_AGE_MS, dryRun };
    for await (const swept of sweepKeyRecords({ store, records, clock, ...trust }, how, budget)) {
      const { key, state, removed, storedAt } = swept;
      states.set(state, (states.get(state) ?? 0) + 1);
      if (state === 'needed' || state === 'young') continue;
      const age = formatDuration(clock.now() - storedAt);
      const word = state === 'orphan' ? (dryRun ? 'would remove' : 'removed') : state;
      if (ui.json) {
        const at = new Date(storedAt).toISOString();
        ui.record('keyRecord', { key, state, removed, storedAt: at });
      } else ui.out(`${word.padEnd(12)}  ${printable(key)}  stored ${age} ago`);
      await ui.drained();
    }
    // an archive without key records is as it should be; a place without an archive is not
    if (states.size === 0)
      await requireArchive(store, searchIn(config, {}), ['present', 'other-layout'], budget);
  };
  try {
    await readArchive(store, sweepAll);
  } finally {
    end();
  }
  const of = (state: RecordState) => states.get(state) ?? 0;
  const found = of('orphan');
  const kept = {
    needed: of('needed'),
    young: of('young'),
    unsettled: of('unsettled'),
    unreadable: of('unreadable'),
  };
  if (ui.json) ui.record('summary', { removed: dryRun ? 0 : found, found, ...kept });
  else {
    const what = `${count(found, 'key record')} ${dryRun ? 'to remove' : 'removed'}`;
    ui.say(
      `${what}, ${kept.needed} needed, ${kept.young} too young, ${kept.unsettled} unsettled, ${kept.unreadable} unreadable, in ${printable(records.location)}`,
    );
  }
  return kept.unreadable === 0 ? 0 : 5;
}
