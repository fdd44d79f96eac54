import type { StoreConfig } from '../../config/config.ts';
import { openConfiguredStore } from '../../create/archiver.ts';
import { drillKeys, openLog } from '../../create/log.ts';
import { ArchiveError } from '../../errors.ts';
import { checkReport } from '../../proof/drill/check-report.ts';
import { drillKey, drillKeyName } from '../../proof/drill/drill-report.ts';
import { readReport } from '../../proof/drill/known-drills.ts';
import { parseDay } from '../../recording/time.ts';
import { type CommandContext, openBudget } from '../_context.ts';
import { printable } from '../_format.ts';

const STANDING = {
  named: 'the statement after it names it',
  counted: 'the statement after it counts it among others',
  'not-yet': 'no statement was made since its day ended',
} as const;

/** Checks the report of a drill: who signed it, that its sample is the one that its checkpoint decides, and who counts it. */
export async function verifyDrill(
  context: CommandContext,
  config: StoreConfig,
  day: string,
): Promise<number> {
  if (parseDay(day) === undefined) {
    throw new ArchiveError('USAGE', '--drill is not a day', { hint: 'write 2026-05-20' });
  }
  const { ui, clock, logger } = context;
  const store = await openConfiguredStore(config, { clock, logger });
  const place = openLog(config, store);
  const keys = drillKeys(config);
  if (keys.length === 0 || place.trusted.length === 0) {
    throw new ArchiveError(
      'CONFIG_INVALID',
      'ARCHIVE_PROOF_VKEYS needs a public key of the log, and one of its drills',
      {
        hint: `the keys of drills are named ${drillKeyName(place.origin)}; genesys-archive drill --vkey prints one where drills are made`,
      },
    );
  }
  const { budget, end } = openBudget(context);
  try {
    const stored = await readReport(store, day, budget);
    if (stored === undefined) {
      throw new ArchiveError(
        'OBJECT_NOT_FOUND',
        `there is no report of a drill ${drillKey(day)} in ${store.location}`,
      );
    }
    const { problems, standing } = await checkReport(place, stored, keys, budget);
    const { counts, checkpoint } = stored.report;
    for (const problem of problems) {
      if (ui.json) ui.record('finding', { where: drillKey(day), problem });
      else ui.out(`FAIL  ${drillKey(day)}: ${printable(problem)}`);
    }
    if (ui.json) ui.record('drill', { day, standing, checkpoint, ...counts, findings: problems.length });
    const [first] = problems;
    if (first !== undefined) throw new ArchiveError('PROOF_INVALID', `${drillKey(day)}: ${first}`);
    if (!ui.json) {
      ui.out(
        `OK  ${drillKey(day)}  ${counts.restored} of ${counts.drawn} restored, ${counts.failed} failed, ${counts.erased} erased, ${counts.unknown} not looked at`,
      );
      ui.say(`its sample is that of the checkpoint of ${checkpoint.size} entries; ${STANDING[standing]}`);
    }
    return 0;
  } finally {
    end();
  }
}
