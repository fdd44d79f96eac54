import {
  type AuditQuery,
  listAuditDays,
  matchesAudit,
  type PlatformAct,
  readAuditDay,
} from '../../backfill/audits/read-audits.ts';
import type { Budget } from '../../clock.ts';
import { openCatalogue } from '../../create/catalogue.ts';
import { ArchiveError } from '../../errors.ts';
import { noteAct } from '../../record/access-entry.ts';
import { describeAccessFilters } from '../../audit/read-access.ts';
import { canonicalId } from '../../recording/id.ts';
import { DAY_MS, dayOf } from '../../recording/time.ts';
import { daysOf } from '../../backfill/sources/days.ts';
import { fetchAudits, tellAuditDays } from '../audit/audit-days.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { type EntryColumn, entryDays, tellEntries } from '../_entries.ts';
import { count } from '../_format.ts';
import { whoActs } from '../_who-acts.ts';
import { present } from '../../present.ts';
import type { AuditOptions } from '../options/log.ts';

/** Days named in a message. */
const SHOWN = 5;

/** Shows who did what to recordings at the platform, as the archive keeps it; fetches it; tells of which days there is any. */
export async function run(
  context: CommandContext,
  args: readonly string[],
  options: AuditOptions,
): Promise<number> {
  const [action] = args;
  if (action === 'update' || action === 'status') {
    requireFitting(action, args, options);
    return action === 'update' ? fetchAudits(context, options) : tellAuditDays(context, options);
  }
  if (options.day !== undefined || options.anew === true) {
    throw new ArchiveError('USAGE', '--day and --anew are for audit update', { hint: '--from DAY --to DAY' });
  }
  return showEntries(context, args, options);
}

function requireFitting(action: string, args: readonly string[], options: AuditOptions): void {
  if (args.length > 1) throw new ArchiveError('USAGE', `audit ${action} takes no ids`);
  const foreign = (['person', 'action', 'format', 'limit', 'reason', 'by'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (foreign !== undefined) throw new ArchiveError('USAGE', `--${foreign} does not go with audit ${action}`);
}

async function showEntries(
  context: CommandContext,
  args: readonly string[],
  options: AuditOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  const range = entryDays(options, ui.json);
  const config = await readSettings(context, 'wrap');
  const { archive, catalogue: store, reader, layout } = await openCatalogue(config, { clock, logger });
  if (reader === undefined) {
    throw new ArchiveError('CONFIG_INVALID', 'audits are sealed, and no key is configured that opens them', {
      hint: 'set the keys that recordings are read with; docs/configuration.md lists them',
    });
  }
  const { budget, end } = openBudget(context);
  try {
    const known = await listAuditDays(store, budget);
    const [first] = [...known.keys()].sort();
    if (first === undefined) {
      throw new ArchiveError('NOTHING_FOUND', `${store.location} has no audits`, {
        hint: 'fetch them with: genesys-archive audit update',
      });
    }
    const ids = args.map((one) => (one.includes('/') ? (layout.parse(one)?.recordingId ?? one) : one));
    const { person, action } = options;
    const query: AuditQuery = {
      person,
      ...(ids.length === 0 ? {} : { ids: new Set(ids.map(canonicalId)) }),
      ...present({
        actions: action === undefined ? undefined : new Set(action.map((one) => one.toLowerCase())),
      }),
    };
    const asked = { person, recording: ids.join(' ') || undefined, action: action?.join(' '), ...range };
    const act = {
      who: whoActs(options.by),
      action: 'oversee',
      query: `platform audit: ${describeAccessFilters(asked)}`,
      reason: options.reason,
    } as const;
    ui.say('the sealed audits are opened; this is written to the access log');
    await noteAct({ store: archive, clock }, act, budget);
    // a day that is over is asked about, whether the archive has its audit or not
    const yesterday = dayOf(clock.now() - DAY_MS);
    const days = daysOf(Date.parse(range.from ?? first), Date.parse(range.to ?? yesterday)).map(dayOf);
    const entries = readDays({ store, reader }, { days, known, query }, budget);
    const code = await tellEntries(
      context,
      { columns: COLUMNS, entries, type: 'audited', json: jsonOf },
      options,
    );
    tellUnknown(context, days, known);
    return code;
  } finally {
    end();
  }
}

async function* readDays(
  source: Parameters<typeof readAuditDay>[0],
  {
    days,
    known,
    query,
  }: {
    readonly days: readonly string[];
    readonly known: Awaited<ReturnType<typeof listAuditDays>>;
    readonly query: AuditQuery;
  },
  budget: Budget,
): AsyncGenerator<PlatformAct> {
  for (const day of days) {
    if (known.get(day)?.state !== 'read') continue;
    const acts = (await readAuditDay(source, day, budget)) ?? [];
    for (const act of acts.toReversed()) if (matchesAudit(act, query)) yield act;
  }
}

/** Days of which nothing is known are no days on which nothing was done. */
function tellUnknown(
  { ui }: CommandContext,
  days: readonly string[],
  known: Awaited<ReturnType<typeof listAuditDays>>,
): void {
  const forbidden = days.filter((day) => known.get(day)?.state === 'forbidden');
  const missing = days.filter((day) => !known.has(day));
  const read = days.length - forbidden.length - missing.length;
  if (ui.json) {
    ui.record('days', { read, forbidden, notFetched: missing });
    return;
  }
  ui.say(`${count(read, 'day')} read`);
  if (forbidden.length > 0)
    ui.warn(`the platform refused its audit of ${count(forbidden.length, 'day')}: ${shorten(forbidden)}`);
  if (missing.length > 0)
    ui.warn(`the audit of ${count(missing.length, 'day')} was not fetched: ${shorten(missing)}`);
}

function shorten(days: readonly string[]): string {
  const shown = days.slice(0, SHOWN).join(', ');
  return days.length > SHOWN ? `${shown} and ${days.length - SHOWN} more` : shown;
}

const COLUMNS: readonly EntryColumn<PlatformAct>[] = [
  { name: 'at', title: 'UTC', cell: ({ at }) => at },
  { name: 'action', title: 'action', cell: ({ action }) => action ?? '' },
  { name: 'entity_type', title: 'what', least: 8, cell: ({ entityType }) => entityType ?? '' },
  { name: 'entity_id', title: 'id', least: 8, cell: ({ entityId }) => entityId ?? '' },
  {
    name: 'conversation_id',
    title: 'conversation',
    least: 8,
    cell: ({ conversationId }) => conversationId ?? '',
  },
  { name: 'user_id', cell: ({ userId }) => userId ?? '' },
  { name: 'user_name', cell: ({ userName }) => userName ?? '' },
  { name: 'client_id', cell: ({ clientId }) => clientId ?? '' },
  {
    name: 'who',
    title: 'who',
    least: 8,
    cell: ({ userName, userId, clientId, level }) =>
      userName ?? userId ?? (clientId === undefined ? (level ?? '').toLowerCase() : `client ${clientId}`),
  },
  { name: 'service', cell: ({ service }) => service ?? '' },
  { name: 'level', cell: ({ level }) => level ?? '' },
  { name: 'status', title: 'status', cell: ({ status }) => status ?? '' },
  { name: 'remote_ips', cell: ({ remoteIps }) => remoteIps.join(' ') },
];

/** What the platform stated stays under its own names. */
function jsonOf({ entry, ...known }: PlatformAct): object {
  return { ...known, stated: entry };
}
