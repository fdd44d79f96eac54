import { type CommandContext, openBudget } from '../_context.ts';
import type { DoctorCheck } from '../_doctor-check.ts';
import { checkInstallation } from '../_doctor-checks.ts';
import { printable } from '../_format.ts';
import { exitCodeOf } from '../exit-codes.ts';

/** Long enough for a slow connection, short enough to wait for; one for all checks, s. */
const TIME_LIMIT_S = 30;

const MARKS = { ok: '✓', warn: '!', fail: '✗', skip: '-' } as const;
const COLORS = { ok: 'green', warn: 'yellow', fail: 'red', skip: 'dim' } as const;

/** Checks one thing after the other; exit code 4 when somebody refused us, 2 when anything else fails. */
export async function run(context: CommandContext): Promise<number> {
  const { ui } = context;
  const { budget, end } = openBudget(context, TIME_LIMIT_S);
  const checks: DoctorCheck[] = [];
  try {
    for await (const check of checkInstallation(context, budget)) {
      checks.push(check);
      const { name, status, detail, fix, code } = check;
      if (ui.json) ui.record('check', { name, status, detail, fix, code });
      else {
        ui.out(`${ui.style(COLORS[status], MARKS[status])} ${name.padEnd(14)} ${printable(detail)}`);
        if (fix !== undefined) ui.out(`  ${' '.repeat(14)} ${ui.style('cyan', 'fix:')} ${printable(fix)}`);
      }
      context.signal.throwIfAborted();
    }
  } finally {
    end();
  }
  const failed = checks.filter(({ status }) => status === 'fail');
  const exitCode =
    failed.length === 0 ? 0 : failed.some(({ code }) => code && exitCodeOf(code) === 4) ? 4 : 2;
  if (ui.json) ui.record('summary', { ok: failed.length === 0, failed: failed.length, exitCode });
  else ui.say(failed.length === 0 ? 'all is well' : `${failed.length} of ${checks.length} checks failed`);
  return exitCode;
}
