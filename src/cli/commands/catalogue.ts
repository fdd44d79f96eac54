import { athenaDdl, duckdbDdl } from '../../catalogue/ddl.ts';
import { listDayFiles } from '../../catalogue/day/list-days.ts';
import { dayOf } from '../../catalogue/places.ts';
import type { CataloguePorts } from '../../catalogue/ports.ts';
import { updateCatalogue, type UpdateReport } from '../../catalogue/update-catalogue.ts';
import type { Budget } from '../../clock.ts';
import { openCatalogue } from '../../create/catalogue.ts';
import { requireReplaceable } from '../../create/catalogue-place.ts';
import { ArchiveError } from '../../errors.ts';
import { parseDay, parseRecordingTime } from '../../recording/time.ts';
import { openStore } from '../../store/open-store.ts';
import { type CommandContext, openBudget, readRange, readSettings } from '../_context.ts';
import { requireArchive } from '../_nothing-found.ts';
import { count, printable } from '../_format.ts';
import { exportRows, planExport } from '../catalogue/export.ts';
import { runSql } from '../catalogue/sql.ts';
import { tellStatus } from '../catalogue/status.ts';
import { resolveQuery } from '../find/people.ts';
import { type QueryOptions, queryOf } from '../find/query-options.ts';
import { readAskedIds } from '../restore/read-ids.ts';
import type { CatalogueOptions } from '../options/find.ts';
import { requireAction } from '../_require-action.ts';
import type { ActionOf } from '../specs/actions.ts';

interface CatalogueCall {
  readonly ports: CataloguePorts;
  readonly words: readonly string[];
  readonly options: CatalogueOptions;
  /** Opens another place for the catalogue. */
  readonly elsewhere: (location: string) => Promise<CataloguePorts>;
}

type Action = (context: CommandContext, work: CatalogueCall, budget: Budget) => Promise<number>;

const ACTIONS: Readonly<Record<ActionOf<'catalogue'>, Action>> = {
  update: (context, work, budget) => bringUpToDate(context, work.ports, work.options, budget),
  rebuild,
  status: (context, { ports, options }, budget) => tellStatus(context, ports, daysOf(options), budget),
  export: exportAsked,
  sql: (context, { ports, words }, budget) => runSql(context, ports, words.join(' '), budget),
  ddl,
};

/** Options of each action; the others take part in none. */
const TAKES: Readonly<Record<string, readonly (keyof CatalogueOptions)[]>> = {
  update: ['scope', 'from', 'to'],
  rebuild: ['from', 'to', 'asOf', 'into'],
  status: ['from', 'to'],
  sql: ['athena', 'timeout'],
  ddl: ['location'],
};

/** Keeps the catalogue, and hands it to other programs. */
export async function run(
  context: CommandContext,
  [word = '', ...words]: readonly string[],
  options: CatalogueOptions,
): Promise<number> {
  const action = requireAction('catalogue', word);
  requireFitting(action, words, options);
  if (options.athena === true) {
    const { runSqlInAthena } = await import('../catalogue/sql-athena.ts');
    const asked = { asked: words.join(' '), timeoutS: options.timeout };
    return runSqlInAthena(context, await readSettings(context, 'store'), asked);
  }
  const { clock, logger } = context;
  const config = await readSettings(context, 'wrap');
  const ports = await openCatalogue(config, { clock, logger });
  const elsewhere = async (location: string) => ({
    ...ports,
    catalogue: await openStore(location, { clock, logger, s3: { proxies: config.proxies } }),
  });
  const { budget, end } = openBudget(context);
  try {
    if (action === 'update' || (action === 'rebuild' && options.into === undefined))
      await requireReplaceable(config, { clock, logger }, budget);
    return await ACTIONS[action](context, { ports, words, options, elsewhere }, budget);
  } finally {
    end();
  }
}

/** @throws `USAGE`. */
function requireFitting(action: string, words: readonly string[], options: CatalogueOptions): void {
  const takes = TAKES[action];
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  // `--no-hold` makes commander say hold: true where it is not given
  const odd = given.find(
    ([name, value]) =>
      takes !== undefined && !takes.includes(name as never) && !(name === 'hold' && value === true),
  );
  if (odd !== undefined) {
    const flag = `--${odd[0].replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new ArchiveError('USAGE', `catalogue ${action} does not take ${flag}`);
  }
  if (options.timeout !== undefined && options.athena !== true)
    throw new ArchiveError('USAGE', '--timeout is for --athena');
  if (words.length > 0 && !['export', 'sql', 'ddl'].includes(action))
    throw new ArchiveError('USAGE', `catalogue ${action} takes nothing more`);
}

function daysOf(options: QueryOptions): {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
} {
  const { from, to } = readRange(options);
  return { from: from === undefined ? undefined : dayOf(from), to: to === undefined ? undefined : dayOf(to) };
}

async function bringUpToDate(
  { ui }: CommandContext,
  ports: CataloguePorts,
  options: CatalogueOptions & { readonly anew?: boolean; readonly at?: number | undefined },
  budget: Budget,
): Promise<number> {
  const { scope, anew, at } = options;
  const search = { ...readRange(options), layout: ports.layout };
  const isFirst = scope === undefined && (await listDayFiles(ports, budget)).length === 0;
  // before anything is written: a place that is mistyped stays as it is
  if (isFirst) await requireArchive(ports.archive, search, ['present', 'other-days'], budget);
  const report = await updateCatalogue(
    ports,
    {
      ...daysOf(options),
      // the first time there is everything to do
      scope: scope ?? (isFirst ? 'all' : 'recent'),
      anew,
      asOf: at,
      onDay: ({ day, shard, outcome, rows, read, unreadable }) => {
        const name = shard.of === 1 ? day : `${day} ${shard.index} of ${shard.of}`;
        if (ui.json)
          ui.record('day', {
            day,
            shard: shard.index,
            of: shard.of,
            outcome,
            rows,
            receiptsRead: read,
            unreadable,
          });
        else if (outcome !== 'unchanged') ui.out(`${outcome.padEnd(9)}  ${name}  ${count(rows, 'row')}`);
      },
      onFailed: (day, error) => {
        if (ui.json) ui.record('day', { day, outcome: 'failed', code: error.code, message: error.message });
        else
          ui.out(
            `${ui.style('red', 'failed'.padEnd(9))}  ${day}  ${printable(error.message)}  [${error.code}]`,
          );
      },
    },
    budget,
  );
  if (ui.json) ui.record('summary', report);
  else {
    const { days, written, unchanged, lost, failed, receiptsRead } = report;
    ui.say(
      `${count(days, 'day')}: ${written} written, ${unchanged} unchanged, ${lost} left to others, ${failed} failed; ${count(receiptsRead, 'receipt')} read`,
    );
  }
  // nothing to write down is an answer of an archive; of another place it is none
  if (report.days === 0) await requireArchive(ports.archive, search, ['present', 'other-days'], budget);
  if (report.unreadable > 0)
    ui.warn(`${count(report.unreadable, 'receipt')} cannot be read: find --state unreceipted names them`);
  requireComplete(report);
  return 0;
}

/** @throws `SOME_FAILED`, `CATALOGUE_CONTENDED`. */
function requireComplete({ failed, lost }: Pick<UpdateReport, 'failed' | 'lost'>): void {
  if (failed > 0)
    throw new ArchiveError('SOME_FAILED', `${count(failed, 'day')} could not be brought up to date`);
  if (lost > 0)
    throw new ArchiveError('CATALOGUE_CONTENDED', `${count(lost, 'file')} was written by others each time`);
}

async function rebuild(
  context: CommandContext,
  { ports, options, elsewhere }: CatalogueCall,
  budget: Budget,
): Promise<number> {
  const { into, asOf } = options;
  const at = asOf === undefined ? undefined : parseTime(asOf);
  if (at !== undefined && into === undefined) {
    throw new ArchiveError('USAGE', '--as-of is for another place than the catalogue that is in use', {
      hint: 'such as --into file:/tmp/catalogue; then ARCHIVE_CATALOGUE=file:/tmp/catalogue genesys-archive find …',
    });
  }
  const target = into === undefined ? ports : await elsewhere(into);
  if (into !== undefined && target.catalogue.location === ports.catalogue.location)
    throw new ArchiveError('USAGE', '--into names the catalogue that is in use');
  // facts stand in the catalogue’s store, and are not rebuilt
  const facts = target === ports ? ports : { ...target, facts: ports.catalogue };
  return bringUpToDate(context, facts, { ...options, scope: 'all', anew: true, at }, budget);
}

function parseTime(text: string): number {
  const at = parseDay(text) ?? parseRecordingTime(text);
  if (at !== undefined) return at;
  throw new ArchiveError('USAGE', '--as-of is neither a day nor a time with a zone', {
    hint: 'write 2026-05-20 or 2026-05-20T14:00:00Z',
  });
}

async function exportAsked(
  context: CommandContext,
  { ports, words, options }: CatalogueCall,
  budget: Budget,
): Promise<number> {
  const { ids, reveal = false, reason } = options;
  const plan = planExport(options);
  const listed = await readAskedIds(ids, context.stdin);
  const stated = queryOf([...words, ...listed], options);
  if (reveal) context.ui.say('the sealed files of people are opened; this is written to the access log');
  const access = { action: reveal ? 'export' : 'search', reason, always: reveal } as const;
  const query = await resolveQuery(ports, stated, access, budget);
  return exportRows(context, ports, { query, options, plan }, budget);
}

async function ddl(
  { ui, clock }: CommandContext,
  { ports, words, options }: CatalogueCall,
  budget: Budget,
): Promise<number> {
  const [engine, ...more] = words;
  if ((engine !== 'athena' && engine !== 'duckdb') || more.length > 0)
    throw new ArchiveError('USAGE', 'say for which program', {
      hint: 'catalogue ddl athena, or catalogue ddl duckdb',
    });
  const location = options.location ?? ports.catalogue.location;
  if (engine === 'duckdb') {
    ui.out(`${duckdbDdl(location)};`);
    return 0;
  }
  const isOwn = location === ports.catalogue.location;
  const [first] = isOwn && location.startsWith('s3:') ? await listDayFiles(ports, budget) : [];
  ui.out(`${athenaDdl(location, first?.day ?? dayOf(clock.now()))};`);
  return 0;
}
