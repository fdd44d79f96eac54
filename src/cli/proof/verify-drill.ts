import type { StoreConfig } from '../../config/config.ts';
import { openConfiguredStore } from '../../create/archiver.ts';
import { drillKeys, openLog } from '../../create/log.ts';
import { ArchiveError } from '../../errors.ts';
import { checkReport, type CheckedReport } from '../../proof/drill/check-report.ts';
import { drillKey, drillKeyName, type DrillOfDay, type DrillReport } from '../../proof/drill/drill-report.ts';
import { listDrills, readReport } from '../../proof/drill/known-drills.ts';
import { requireDay } from './require-day.ts';
import { type CommandContext, openBudget } from '../_context.ts';
import { printable } from '../_format.ts';
import type { Ui } from '../_ui.ts';

const STANDING = {
  named: 'the statement after it names it',
  counted: 'the statement after it counts it among others',
  'not-yet': 'no statement was made since its day ended',
} as const;

/** Checks the reports of a day's drills: who signed each, that its sample is the one that its checkpoint decides, and who counts it. */
export async function verifyDrill(
  context: CommandContext,
  config: StoreConfig,
  day: string,
): Promise<number> {
  requireDay('--drill', day);
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
    const drills = (await listDrills(store, budget)).filter((drill) => drill.day === day);
    let failure: string | undefined;
    let reports = 0;
    for (const drill of drills) {
      const stored = await readReport(store, drill, budget);
      if (stored === undefined) continue;
      reports += 1;
      const checked = await checkReport(place, stored, keys, budget);
      tell(ui, drill, stored.report, checked);
      const [first] = checked.problems;
      if (first !== undefined) failure ??= `${keyOf(drill)}: ${first}`;
    }
    if (failure !== undefined) throw new ArchiveError('PROOF_INVALID', failure);
    if (reports === 0) {
      throw new ArchiveError(
        'OBJECT_NOT_FOUND',
        `there is no report of a drill ${drillKey(day)} in ${store.location}`,
      );
    }
    return 0;
  } finally {
    end();
  }
}

const keyOf = ({ day, number }: DrillOfDay) => drillKey(day, number);

function tell(ui: Ui, drill: DrillOfDay, report: DrillReport, { problems, standing }: CheckedReport): void {
  const { counts, checkpoint } = report;
  for (const problem of problems) {
    if (ui.json) ui.record('finding', { where: keyOf(drill), problem });
    else ui.out(`FAIL  ${keyOf(drill)}: ${printable(problem)}`);
  }
  if (ui.json) ui.record('drill', { ...drill, standing, checkpoint, ...counts, findings: problems.length });
  else if (problems.length === 0) {
    ui.out(
      `OK  ${keyOf(drill)}  ${counts.restored} of ${counts.drawn} restored, ${counts.failed} failed, ${counts.erased} erased, ${counts.unknown} not looked at`,
    );
    ui.say(`its sample is that of the checkpoint of ${checkpoint.size} entries; ${STANDING[standing]}`);
  }
}
