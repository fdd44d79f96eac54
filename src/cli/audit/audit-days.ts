/** Days of which the archive keeps the platform's audit: fetched, and told. */
import { LOOK_BACK_DAYS } from '../../backfill/due-days.ts';
import { isAuditDue } from '../../backfill/audits/update-audits.ts';
import { listAuditDays, type StoredAuditDay } from '../../backfill/audits/read-audits.ts';
import { type AuditDay, openFactsStore, updateAudits } from '../../create/facts.ts';
import { ArchiveError } from '../../errors.ts';
import { present } from '../../present.ts';
import { DAY_MS, dayOf, parseDay } from '../../recording/time.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { fetchDays } from '../days/fetch-days.ts';
import { isWithin, type OverDays, readOverDays } from '../days/over-days.ts';
import { count, formatBytes, printable } from '../_format.ts';

/** Days that the platform keeps its audit for at least. */
const PLATFORM_DAYS = 365;

export async function fetchAudits(
  context: CommandContext,
  options: OverDays & { readonly anew?: boolean },
): Promise<number> {
  const range = readOverDays(options, context.clock.now());
  const config = await readSettings(context, 'archive');
  if (config.catalogue.audits === 'none') {
    throw new ArchiveError('CONFIG_INVALID', 'ARCHIVE_AUDITS=none keeps no audits', {
      hint: 'set ARCHIVE_AUDITS=platform',
    });
  }
  if (config.genesys.api === 'media') {
    throw new ArchiveError('CONFIG_INVALID', 'the API of the tutorial has no audit', {
      hint: 'set GENESYS_ENVIRONMENT instead of GENESYS_API=media',
    });
  }
  return fetchDays<AuditDay>(context, options, {
    update: (budget, more) => updateAudits(config, budget, { ...range, ...more }),
    tellDay,
    conclude,
  });
}

function tellDay({ ui }: CommandContext, { day, outcome, entries, error }: AuditDay): void {
  if (ui.json) {
    ui.record('day', { day, outcome, ...present({ entries }), ...error?.toJSON() });
    return;
  }
  if (outcome === 'written') ui.out(`written  ${day}  ${count(entries ?? 0, 'entry', 'entries')}`);
  if (outcome === 'kept')
    ui.warn(
      `kept     ${day}  the platform has fewer entries by now (${entries ?? 0}): the archive keeps its own`,
    );
  if (error !== undefined) ui.warn(`failed   ${day}  ${printable(error.message)} [${error.code}]`);
}

function conclude({ ui }: CommandContext, days: readonly AuditDay[]): number {
  const many = (outcome: AuditDay['outcome']) => days.filter((one) => one.outcome === outcome).length;
  const [written, kept, fresh, failed] = (['written', 'kept', 'fresh', 'failed'] as const).map(many);
  if (ui.json) ui.record('audits', { written, kept, fresh, failed });
  else
    ui.say(
      `${count(written ?? 0, 'day')} written, ${fresh} fresh${failed === 0 ? '' : `, ${failed} failed`}`,
    );
  return failed === 0 ? 0 : 3;
}

export async function tellAuditDays(context: CommandContext, options: OverDays): Promise<number> {
  const { ui, clock, logger } = context;
  const range = readOverDays(options, clock.now());
  const config = await readSettings(context, 'store');
  const store = await openFactsStore(config, { clock, logger });
  const { budget, end } = openBudget(context);
  try {
    const days = await listAuditDays(store, budget);
    const chosen = [...days].filter(([day]) => isWithin(range, day));
    if (chosen.length === 0) {
      throw new ArchiveError('NOTHING_FOUND', `there are no audits in ${store.location}`, {
        hint: 'fetch them with: genesys-archive audit update',
      });
    }
    for (const [day, { state, bytes, writtenAt }] of chosen) {
      const due = isAuditDue(parseDay(day) ?? 0, state === 'read' ? writtenAt : undefined, clock.now());
      const at = new Date(writtenAt).toISOString();
      if (ui.json) ui.record('day', { day, state, bytes, writtenAt: at, due });
      else if (state === 'forbidden') ui.out(`${day}   forbidden  ${at}`);
      else ui.out(`${day}  ${formatBytes(bytes).padStart(10)}  ${at}${due ? '  due again' : ''}`);
    }
    tellMissing(context, days);
    return 0;
  } finally {
    end();
  }
}

/** The platform forgets after a year, so that days before the first run are worth a command. */
function tellMissing({ ui, clock }: CommandContext, days: ReadonlyMap<string, StoredAuditDay>): void {
  const today = Math.floor(clock.now() / DAY_MS) * DAY_MS;
  const missing = Array.from({ length: PLATFORM_DAYS - 1 }, (_, at) =>
    dayOf(today - (at + 1) * DAY_MS),
  ).filter((day) => days.get(day)?.state !== 'read');
  const [last] = missing;
  const first = missing.at(-1);
  if (ui.json) ui.record('missing', { days: missing });
  else if (first !== undefined && last !== undefined) {
    const reach = missing.length > LOOK_BACK_DAYS ? ` --from ${first} --to ${last}` : '';
    ui.say(
      `${count(missing.length, 'day')} of the last year are not here; the platform keeps a year: genesys-archive audit update${reach}`,
    );
  }
}
