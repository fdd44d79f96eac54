import { createSealer } from '../../create/sealer.ts';
import { ArchiveError } from '../../errors.ts';
import type { ReconciledDay } from '../../proof/day/reconcile-day.ts';
import { DAY_MS, dayOf } from '../../recording/time.ts';
import { endOf, statusOf } from '../../proof/day/calendar.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { count, printable } from '../_format.ts';
import type { Ui } from '../_ui.ts';
import { tellBlindSpot } from '../proof/blind-spot.ts';
import { requireBegun, requireDay } from '../proof/require-day.ts';
import { planBackfill } from '../proof/plan-backfill.ts';
import type { ReconcileOptions } from '../options/proof.ts';

const MAX_DAYS = 400;

/** Compares days of the archive with the platform, and writes nothing. */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  options: ReconcileOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  const days = daysOf(options, clock.now());
  const config = await readSettings(context, 'seal');
  const sealer = await createSealer(config, { clock, logger });
  const { budget, end } = openBudget(context);
  const found: Found = { differing: 0, missing: new Set() };
  const plan = async (): Promise<void> => {
    if (options.backfill === true) await planBackfill(context, config, [...found.missing].sort(), budget);
  };
  try {
    try {
      for (const day of days)
        await compare(ui, { ...(await sealer.reconcile(day, budget)), now: clock.now() }, found);
    } catch (error) {
      // what earlier days lack is planned all the same, unless the run was interrupted
      if (found.missing.size > 0 && !budget.signal.aborted) await plan();
      throw error;
    }
    await plan();
  } finally {
    end();
    sealer.close();
  }
  const { differing, missing } = found;
  if (ui.json) ui.record('summary', { days: days.length, differing, missing: missing.size });
  else ui.say(`${count(days.length, 'day')} compared, ${differing} with differences`);
  return differing === 0 ? 0 : 3;
}

interface Found {
  differing: number;
  /** Conversations. */
  readonly missing: Set<string>;
}

interface DayAsOf extends ReconciledDay {
  /** Epoch ms. */
  readonly now: number;
}

async function compare(ui: Ui, reconciled: DayAsOf, found: Found): Promise<void> {
  report(ui, reconciled);
  const { counts } = reconciled;
  if (counts.missing.total + counts.pending.total + counts.unexpected.total > 0) found.differing += 1;
  for (const { state, conversationId } of reconciled.differences)
    if (state === 'missing') found.missing.add(conversationId);
  await ui.drained();
}

function daysOf({ day, from, to }: ReconcileOptions, now: number): readonly string[] {
  if (day !== undefined && (from !== undefined || to !== undefined)) {
    throw new ArchiveError('USAGE', 'say --day, or --from and --to');
  }
  const yesterday = dayOf(now - DAY_MS);
  const first = requireDay(day === undefined ? '--from' : '--day', from ?? day ?? to ?? yesterday);
  const last = requireDay('--to', to ?? day ?? (from === undefined ? yesterday : dayOf(now)));
  if (to === undefined) requireBegun(first, now);
  if (first > last) throw new ArchiveError('USAGE', '--from is later than --to');
  const length = (last - first) / DAY_MS + 1;
  if (length > MAX_DAYS) {
    throw new ArchiveError('USAGE', `${length} days are more than ${MAX_DAYS}`, {
      hint: 'compare a year at a time',
    });
  }
  requireBegun(last, now);
  return Array.from({ length }, (_, at) => dayOf(first + at * DAY_MS));
}

function report(ui: Ui, { day, held, recordings, source, counts, differences, now }: DayAsOf): void {
  const { dataAvailableUntil } = source;
  if (ui.json) {
    for (const difference of differences) ui.record('difference', { day, ...difference });
    ui.record('day', {
      day,
      held,
      recordings,
      ...counts,
      visibility: source.visibility,
      notAsked: source.notAsked ?? {},
      dataAvailableUntil,
      ...statusOf({ day, now, pending: counts.pending.total, dataAvailableUntil }),
      orphans: source.orphans,
    });
    return;
  }
  for (const { state, reason = '', conversationId, recordingId, media } of differences) {
    ui.out(
      `${day}  ${state.padEnd(10)}  ${reason.padEnd(18)}  ${printable(media)}  ${printable(recordingId)}  of ${printable(conversationId)}`,
    );
  }
  const { missing, pending, excluded, unexpected, both } = counts;
  ui.say(
    `${day}: ${recordings} listed, ${held} held, ${both} by both; ${missing.total} missing, ${pending.total} pending, ${excluded.total} excluded, ${unexpected.total} only here`,
  );
  const reach = dataAvailableUntil ?? now;
  if (now < endOf(day)) ui.warn(`${day}: has not ended: what is recorded later is in neither number`);
  else if (reach < endOf(day))
    ui.warn(
      `${day}: the platform's data reach ${new Date(reach).toISOString()}: what is later may be in neither number`,
    );
  tellBlindSpot(ui, day, source.visibility.divisions);
  for (const [name, why] of Object.entries(source.notAsked ?? {}))
    ui.say(`${day}: not known: ${name} (${why})`);
}
