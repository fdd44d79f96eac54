import { createSealer } from '../../create/sealer.ts';
import { ArchiveError } from '../../errors.ts';
import { DAY_MS, dayOf } from '../../recording/time.ts';
import type { Statement } from '../../proof/formats/statement.ts';
import type { SealedDays } from '../../proof/seal-days.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { count, printable } from '../_format.ts';
import type { Ui } from '../_ui.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { tellBlindSpot } from '../proof/blind-spot.ts';
import { requireBegun, requireDay } from '../proof/require-day.ts';
import { present } from '../../present.ts';
import type { SealOptions } from '../options/proof.ts';

/** Begins the log, or seals what is due. */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  options: SealOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  requireSense(options, clock.now());
  const config = await readSettings(context, 'seal');
  const sealer = await createSealer(config, { clock, logger });
  const { budget, end } = openBudget(context, options.timeout);
  try {
    if (options.init === true) {
      const first = options.from ?? dayOf(clock.now() - DAY_MS);
      const { log, isNew } = await sealer.init({ first, recoveryVkey: options.recoveryVkey }, budget);
      if (ui.json) ui.record('log', { ...log, state: isNew ? 'begun' : 'exists' });
      else {
        ui.out(log.vkey);
        ui.say(
          `the log ${log.origin} ${isNew ? 'was begun' : 'had been begun already'}, first day ${log.first}`,
        );
        ui.say('publish this key where others find it without you; the archive cannot vouch for itself');
      }
      return 0;
    }
    const through = options.now === true ? dayOf(clock.now()) : options.day;
    const sealed = await sealer.sealDueDays(
      {
        ...present({ through }),
        everyDay: options.everyDay === true,
        unvouchedKey: options.unvouchedKey === true,
      },
      budget,
    );
    report(ui, sealed);
    const [failed] = sealed.failed;
    return failed === undefined ? 0 : exitCodeOf(failed.error.code);
  } finally {
    end();
    sealer.close();
  }
}

function requireSense({ init, from, recoveryVkey, now, day }: SealOptions, at: number): void {
  if (init !== true && (from !== undefined || recoveryVkey !== undefined)) {
    throw new ArchiveError('USAGE', '--from and --recovery-vkey belong to --init');
  }
  if (init === true && (now === true || day !== undefined)) {
    throw new ArchiveError('USAGE', '--init begins the log and seals nothing', {
      hint: 'run `seal` after it',
    });
  }
  if (now === true && day !== undefined) throw new ArchiveError('USAGE', 'say --now or --day, not both');
  for (const [flag, value] of [
    ['--from', from],
    ['--day', day],
  ] as const) {
    if (value !== undefined) requireBegun(requireDay(flag, value), at);
  }
}

function report(ui: Ui, { head, statements, anchored, failed }: SealedDays): void {
  for (const statement of statements) {
    if (ui.json) ui.record('statement', statement);
    else ui.out(describeStatement(statement));
    const trouble = describeAccess(statement);
    if (trouble !== undefined) ui.warn(trouble);
    if (!('unavailable' in statement.source))
      tellBlindSpot(ui, statement.day, statement.source.visibility.divisions);
  }
  for (const { kind, name, error } of failed) {
    ui.warn(`${kind} ${printable(name)}: ${printable(error.message)}; the next seal makes it up`);
  }
  const root = head.root.toString('base64');
  if (ui.json) {
    ui.record('summary', {
      size: head.size,
      root,
      statements: statements.length,
      anchored: anchored.map(({ kind, name, time }) => ({ kind, name, time })),
      failed: failed.map(({ kind, name, error }) => ({ kind, name, code: error.code })),
    });
    return;
  }
  const what =
    statements.length === 0 ? 'nothing to seal' : `${count(statements.length, 'statement')} sealed`;
  ui.say(`${what}; the log has ${count(head.size, 'entry', 'entries')}, root ${root}`);
  for (const { kind, name } of anchored) ui.say(`remembered by ${kind} ${printable(name)}`);
}

/** What an operator has to look at. */
function describeAccess({ day, access }: Statement): string | undefined {
  if (access === undefined) return undefined;
  if ('unavailable' in access) return `${day}: the access log may not be read  [${access.unavailable.code}]`;
  if (access.missing === 0) return undefined;
  const entries = count(access.missing, 'access entry', 'access entries');
  return `${day}: ${entries} that the log holds ${access.missing === 1 ? 'is' : 'are'} gone: \`access verify --from ${day} --to ${day}\` names what is`;
}

function describeStatement({ day, revision, status, archive, source, differences }: Statement): string {
  const held = `${count(archive.recordings, 'recording')} held`;
  if ('unavailable' in source || differences === undefined) {
    const code = 'unavailable' in source ? source.unavailable.code : 'UNKNOWN';
    return `${day}  revision ${revision}  ${status}  ${held}, the platform could not be asked  [${code}]`;
  }
  const { missing, pending, excluded, unexpected } = differences;
  return `${day}  revision ${revision}  ${status}  ${held}, ${source.recordings} listed: ${missing.total} missing, ${pending.total} pending, ${excluded.total} excluded, ${unexpected.total} only here`;
}
