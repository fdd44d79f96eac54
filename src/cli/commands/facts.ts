import { LOOK_BACK_DAYS } from '../../backfill/due-days.ts';
import { isFactsDue, type FactsDay } from '../../backfill/facts/update-facts.ts';
import { requireReplaceable } from '../../create/catalogue-place.ts';
import { openFactsStore, updateFacts } from '../../create/facts.ts';
import { ArchiveError } from '../../errors.ts';
import { FACTS_PREFIX, parseFactsKey } from '../../record/facts-file.ts';
import { DAY_MS, dayOf, parseDay } from '../../recording/time.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { count, formatBytes, printable } from '../_format.ts';
import { fetchDays } from '../days/fetch-days.ts';
import { isWithin, readOverDays } from '../days/over-days.ts';
import { present } from '../../present.ts';
import type { FactsOptions } from '../options/backfill.ts';
import { requireAction } from '../_require-action.ts';

/** Fetches what the platform knows of the conversations of days, or tells of which days it is kept. */
export async function run(
  context: CommandContext,
  [word = '']: readonly string[],
  options: FactsOptions,
): Promise<number> {
  return requireAction('facts', word) === 'update'
    ? fetchFacts(context, options)
    : tellStatus(context, options);
}

async function fetchFacts(context: CommandContext, options: FactsOptions): Promise<number> {
  const range = readOverDays(options, context.clock.now());
  const config = await readSettings(context, 'archive');
  if (config.catalogue.facts !== 'analytics') {
    throw new ArchiveError('CONFIG_INVALID', `ARCHIVE_FACTS=${config.catalogue.facts} keeps no facts`, {
      hint: 'set ARCHIVE_FACTS=analytics',
    });
  }
  return fetchDays<FactsDay>(context, options, {
    update: async (budget, more) => {
      await requireReplaceable(config, more, budget);
      return updateFacts(config, budget, { ...range, ...more });
    },
    tellDay,
    conclude,
  });
}

function tellDay({ ui }: CommandContext, { day, outcome, conversations, error }: FactsDay): void {
  if (ui.json) {
    const failure = error === undefined ? {} : error.toJSON();
    ui.record('day', { day, outcome, ...present({ conversations }), ...failure });
    return;
  }
  if (outcome === 'written') ui.out(`written  ${day}  ${count(conversations ?? 0, 'conversation')}`);
  if (outcome === 'late') ui.say(`late     ${day}  the platform's data do not reach its end yet`);
  if (error !== undefined) ui.warn(`failed   ${day}  ${printable(error.message)} [${error.code}]`);
}

function conclude({ ui }: CommandContext, days: readonly FactsDay[]): number {
  const many = (outcome: FactsDay['outcome']) => days.filter((one) => one.outcome === outcome).length;
  const [written, fresh, late, failed] = (['written', 'fresh', 'late', 'failed'] as const).map(many);
  if (ui.json) ui.record('facts', { written, fresh, late, failed });
  else {
    ui.say(
      `${count(written ?? 0, 'day')} written, ${fresh} fresh${late === 0 ? '' : `, ${late} late: run this again tomorrow`}${failed === 0 ? '' : `, ${failed} failed`}`,
    );
  }
  return failed === 0 ? 0 : 3;
}

async function tellStatus(context: CommandContext, options: FactsOptions): Promise<number> {
  const { ui, clock, logger } = context;
  const range = readOverDays(options, clock.now());
  const config = await readSettings(context, 'store');
  const store = await openFactsStore(config, { clock, logger });
  const { budget, end } = openBudget(context);
  try {
    const days = new Map<string, { bytes: number; parts: number; writtenAt: number }>();
    for await (const { key, size, lastModified } of store.list(FACTS_PREFIX, budget)) {
      const named = parseFactsKey(key);
      if (named === undefined) continue;
      const known = days.get(named.day) ?? { bytes: 0, parts: 0, writtenAt: 0 };
      known.bytes += size;
      known.parts += 1;
      if (named.part === 1) known.writtenAt = lastModified;
      days.set(named.day, known);
    }
    const chosen = [...days].filter(([day]) => isWithin(range, day));
    if (chosen.length === 0) {
      throw new ArchiveError('NOTHING_FOUND', `there are no facts in ${store.location}`, {
        hint: 'fetch them with: genesys-archive facts update',
      });
    }
    for (const [day, { bytes, parts, writtenAt }] of chosen) {
      const isDue = isFactsDue(parseDay(day) ?? 0, writtenAt, clock.now());
      const writtenAtText = new Date(writtenAt).toISOString();
      if (ui.json) ui.record('day', { day, bytes, parts, writtenAt: writtenAtText, due: isDue });
      else
        ui.out(`${day}  ${formatBytes(bytes).padStart(10)}  ${writtenAtText}${isDue ? '  due again' : ''}`);
    }
    const missing = missingDays(days, clock.now());
    if (missing.length > 0) ui.say(`no facts of ${missing.join(', ')}: genesys-archive facts update`);
    return 0;
  } finally {
    end();
  }
}

function missingDays(days: ReadonlyMap<string, unknown>, now: number): readonly string[] {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  return Array.from({ length: LOOK_BACK_DAYS }, (_, at) => dayOf(today - (at + 1) * DAY_MS)).filter(
    (day) => !days.has(day),
  );
}
