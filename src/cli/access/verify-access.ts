/** Holds the access log against the sealed log. */
import { accessDays, describeAccessFilters } from '../../audit/read-access.ts';
import type { Budget } from '../../clock.ts';
import { openConfiguredStore } from '../../create/archiver.ts';
import { openLog } from '../../create/log.ts';
import { ArchiveError } from '../../errors.ts';
import { type CheckedAccessDay, checkAccessDay } from '../../proof/access/check-access-day.ts';
import { listStatements } from '../../proof/day/history.ts';
import type { LogPlace } from '../../proof/log/place.ts';
import { openProver, type Prover } from '../../proof/prove/prove-entry.ts';
import { noteAct } from '../../record/access-entry.ts';
import { type CommandContext, openBudget, readSettings, searchIn } from '../_context.ts';
import { entryDays } from '../_entries.ts';
import { count, printable } from '../_format.ts';
import { readArchive } from '../_nothing-found.ts';
import { requireVkeys } from '../proof/require-vkeys.ts';
import { whoActs } from '../_who-acts.ts';
import type { AccessOptions } from '../options/log.ts';

/** Exit codes: an entry is not as the log holds it; none of the days is sealed. */
const DIFFERS = 3;
const NOT_SEALED = 6;

/** Compares all entries of the days; what was looked for beforehand would hide what is gone. @returns the exit code. */
export async function verifyAccess(
  context: CommandContext,
  named: readonly string[],
  options: AccessOptions,
): Promise<number> {
  const { person, action, format, limit } = options;
  if (named.length > 0 || [person, action, format, limit].some((each) => each !== undefined)) {
    throw new ArchiveError('USAGE', 'access verify takes days alone: --from and --to', {
      hint: 'all entries of a day are compared; access list filters',
    });
  }
  const { ui, clock } = context;
  const range = entryDays(options, ui.json);
  const config = await readSettings(context, 'wrap');
  requireVkeys(config);
  const store = await openConfiguredStore(config, context);
  const place = openLog(config, store);
  const { budget, end } = openBudget(context);
  try {
    return await readArchive(store, async () => {
      const prover = await openProver(place, searchIn(config).layout, budget);
      const query = `verify ${describeAccessFilters(range)}`;
      const act = { who: whoActs(options.by), action: 'oversee', query, reason: options.reason } as const;
      await noteAct({ store, clock }, act, budget);
      const days = await daysToCheck(place, prover, { ...range, now: clock.now() }, budget);
      const totals = { days: 0, sealed: 0, entries: 0, findings: 0 };
      for (const day of days) {
        const checked = await checkAccessDay(place, prover, day, budget);
        tellDay(context, checked);
        totals.days += 1;
        totals.sealed += checked.standing === 'sealed' ? 1 : 0;
        totals.entries += checked.entries;
        totals.findings += checked.findings.length;
      }
      if (ui.json) ui.record('summary', totals);
      else
        ui.say(
          `${count(totals.entries, 'entry', 'entries')} of ${count(totals.days, 'day')}, ${totals.sealed} of them sealed; ${count(totals.findings, 'finding')}`,
        );
      if (totals.findings > 0) return DIFFERS;
      return totals.sealed === 0 ? NOT_SEALED : 0;
    });
  } finally {
    end();
  }
}

/** Days with entries, and days that the log states: of a day all entries may be gone. Oldest first. */
async function daysToCheck(
  place: LogPlace,
  { head }: Pick<Prover, 'head'>,
  {
    from,
    to,
    now,
  }: { readonly from: string | undefined; readonly to: string | undefined; readonly now: number },
  budget: Budget,
): Promise<readonly string[]> {
  const stated = [...(await listStatements(place, [place.keys.days], head.size, budget)).keys()];
  const isAsked = (day: string) => day >= (from ?? '') && day <= (to ?? '9999');
  const days = new Set([
    ...(await accessDays(place.store, { from, to }, now, budget)),
    ...stated.filter(isAsked),
  ]);
  return [...days].sort();
}

const WHY: Readonly<Record<CheckedAccessDay['standing'], string>> = {
  sealed: '',
  'not-sealed': 'the day is not sealed yet',
  'not-stated': 'the log does not state the access log of this day: it was sealed by an earlier version',
  unavailable: 'the sealer could not read the access log of this day',
};

function tellDay(
  { ui }: CommandContext,
  { day, standing, entries, listed, findings }: CheckedAccessDay,
): void {
  if (ui.json) {
    ui.record('day', { day, standing, entries, listed });
    for (const finding of findings) ui.record('finding', { day, ...finding });
    return;
  }
  for (const { key, problem } of findings) ui.out(`FAIL  ${printable(key)}: ${printable(problem)}`);
  if (standing !== 'sealed' && (entries > 0 || standing === 'unavailable'))
    ui.say(`${day}: ${count(entries, 'entry', 'entries')}, not compared: ${WHY[standing]}`);
  else if (findings.length === 0 && entries > 0) ui.out(`OK  ${day}  ${count(entries, 'entry', 'entries')}`);
}
