import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { examineRetention } from '../../keep/retention/examine.ts';
import { extendRetention } from '../../keep/retention/extend.ts';
import type { RetentionMode } from '../../ports.ts';
import { noteAct } from '../../record/access-entry.ts';
import { DAY_MS, parseDay } from '../../recording/time.ts';
import type { CommandContext } from '../_context.ts';
import { count, printable } from '../_format.ts';
import { whoActs } from '../_who-acts.ts';
import type { RetainWork } from './retain-work.ts';
import type { RetainOptions } from '../options/keep.ts';

/** Exit code: some of it is not kept longer. */
const SOME_FAILED = 3;
const MAX_REASON = 1000;

/** Keeps objects longer. Without `--yes` it tells what it would do, and writes nothing. */
export async function extendChosen(
  context: CommandContext,
  { ports, chosen, options }: RetainWork,
  budget: Budget,
): Promise<number> {
  const { ui, clock } = context;
  const { keys, selection } = chosen;
  const day = readUntil(options, clock.now());
  const reason = requireReason(options);
  const by = whoActs(options.by);
  const mode: RetentionMode =
    options.mode ?? (ports.rules?.by === 'compliance' ? 'compliance' : 'governance');
  const until = new Date(day).toISOString().slice(0, 10);
  if (options.yes === undefined || options.dryRun === true) {
    return tellPlan(context, { ports, chosen, day, mode }, budget);
  }
  if (options.yes !== keys.length) {
    throw new ArchiveError('USAGE', `${count(keys.length, 'object')} would be kept until ${until}`, {
      hint: `if that is meant: --yes ${keys.length}`,
    });
  }
  const query = `${count(keys.length, 'object')} until ${until} in ${mode} mode: ${selection}`.slice(
    0,
    MAX_REASON,
  );
  await noteAct(ports, { who: by, action: 'extend', query, reason }, budget);
  const seen = new Map<string, number>();
  for await (const { key, outcome } of extendRetention(ports, keys, { day, mode }, budget)) {
    seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    if (ui.json) ui.record('extended', { key, outcome, until, mode: outcome === 'locked' ? mode : null });
    else ui.out(`${outcome.padEnd(11)}  ${printable(key)}`);
    await ui.drained();
  }
  const times = (outcome: string) => seen.get(outcome) ?? 0;
  if (ui.json) ui.record('summary', { objects: keys.length, until, ...Object.fromEntries(seen) });
  ui.say(
    `${count(keys.length, 'object')} until ${until}: ${times('locked')} locked, ${times('tagged')} tagged, ${times('longer')} kept longer already`,
  );
  if (times('tagged') > 0)
    ui.warn('the bucket has no Object Lock: no rule removes these before, and others still can');
  if (times('unsupported') > 0)
    ui.warn(
      `${count(times('unsupported'), 'object')}: the store has neither locks nor tags; place a hold instead`,
    );
  if (times('absent') > 0) ui.warn(`${count(times('absent'), 'object')} not there`);
  if (times('quarantined') > 0)
    ui.warn(
      `${count(times('quarantined'), 'object')} in quarantine: nothing locks them before their release`,
    );
  return times('absent') + times('unsupported') + times('quarantined') > 0 ? SOME_FAILED : 0;
}

async function tellPlan(
  { ui }: CommandContext,
  {
    ports,
    chosen,
    day,
    mode,
  }: Pick<RetainWork, 'ports' | 'chosen'> & { readonly day: number; readonly mode: RetentionMode },
  budget: Budget,
): Promise<number> {
  const until = new Date(day).toISOString().slice(0, 10);
  let longer = 0;
  for await (const { key, mustUntil } of examineRetention(ports, chosen.keys, budget)) {
    const isLonger = (mustUntil ?? 0) >= day + DAY_MS;
    if (isLonger) longer += 1;
    const now = mustUntil === undefined ? undefined : new Date(mustUntil).toISOString();
    if (ui.json) ui.record('extension', { dryRun: true, key, until, mode, mustStayUntil: now ?? null });
    else
      ui.out(
        `${isLonger ? 'kept longer' : 'would keep'}  ${printable(key)}  now until ${now?.slice(0, 10) ?? 'today'}`,
      );
    await ui.drained();
  }
  const { length } = chosen.keys;
  ui.say(
    `${count(length, 'object')} to keep until ${until} (${chosen.selection}), ${longer} longer already; nothing was written`,
  );
  ui.say(
    mode === 'compliance'
      ? `in compliance mode no one can take it back: if that is meant, --yes ${length}`
      : `if that is meant, --yes ${length}`,
  );
  return 0;
}

/** The beginning of the last day. */
function readUntil({ until }: RetainOptions, now: number): number {
  const hint = '--until 2036-12-31';
  if (until === undefined) throw new ArchiveError('USAGE', 'say until when', { hint });
  const day = parseDay(until);
  if (day === undefined) throw new ArchiveError('USAGE', '--until is not a day', { hint });
  if (day <= now) throw new ArchiveError('USAGE', '--until is over already', { hint });
  return day;
}

function requireReason({ reason }: RetainOptions): string {
  if (reason !== undefined && reason.trim() !== '' && reason.length <= MAX_REASON) return reason;
  throw new ArchiveError(
    'USAGE',
    reason === undefined
      ? 'say why: it stands in the access log'
      : `--reason is ${reason.trim() === '' ? 'empty' : `longer than ${MAX_REASON} characters`}`,
    { hint: '--reason TEXT' },
  );
}
