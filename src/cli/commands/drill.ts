import { createDriller } from '../../create/drill.ts';
import { ArchiveError } from '../../errors.ts';
import { DEFAULT_SAMPLE } from '../../proof/drill/sample-size.ts';
import type { DrilledRecording } from '../../proof/drill/drill-report.ts';
import type { FinishedDrill } from '../../proof/drill/run-drill.ts';
import { requireDay } from '../proof/require-day.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { count, formatBytes, printable } from '../_format.ts';
import { startProgress } from '../_progress.ts';
import type { Ui } from '../_ui.ts';
import { present } from '../../present.ts';
import type { DrillOptions } from '../options/proof.ts';

/** Restores a sample that the log decides, and reports what became of it. */
export async function run(
  context: CommandContext,
  _args: readonly string[],
  { sample = DEFAULT_SAMPLE, day, vkey }: DrillOptions,
): Promise<number> {
  const { ui, clock, logger } = context;
  if (day !== undefined) requireDay('--day', day);
  const driller = await createDriller(await readSettings(context, 'restore'), { clock, logger });
  const { budget, end } = openBudget(context);
  try {
    if (vkey === true) {
      const key = await driller.vkey(budget);
      if (ui.json) ui.record('key', { vkey: key });
      else ui.out(key);
      return 0;
    }
    const progress = startProgress(ui, 'restoring', { items: sample });
    try {
      const onRecording = (recording: DrilledRecording, key: string | undefined) => {
        progress.itemDone();
        tell(ui, recording, key);
      };
      return conclude(ui, await driller.run({ count: sample, day, onRecording }, budget));
    } finally {
      progress.end();
    }
  } finally {
    end();
  }
}

function tell(ui: Ui, recording: DrilledRecording, key: string | undefined): void {
  if (ui.json) {
    ui.record('drilled', { ...recording, ...present({ key }) });
    return;
  }
  const { result, bytes = 0, content, problem } = recording;
  const what = content === undefined ? '' : `  ${content.state} ${content.format}, ${formatBytes(bytes)}`;
  const why = problem === undefined ? '' : `  ${problem.step}: [${problem.code}]`;
  ui.out(`${result.padEnd(8)}  ${printable(key ?? `receipt ${recording.receipt}`)}${what}${why}`);
}

function conclude(ui: Ui, { report, key, outcome }: FinishedDrill): number {
  const { counts, checkpoint } = report;
  if (ui.json) ui.record('summary', { report: key, outcome, checkpoint, ...counts });
  else {
    ui.say(
      `${counts.restored} of ${count(counts.drawn, 'recording')} restored and what their receipts state: ${counts.decoded} decoded, ${counts.doubtful} doubtful, ${counts.hashed} only hashed; ${counts.failed} failed, ${counts.erased} erased, ${counts.unknown} not looked at`,
    );
    ui.say(`the sample is that of the checkpoint of ${count(checkpoint.size, 'entry', 'entries')}`);
  }
  if (outcome === 'stored') ui.say(`report ${key}`);
  else ui.warn(`${key} is the last report that is kept of one day: the report of this drill was not kept`);
  if (counts.failed > 0) {
    throw new ArchiveError(
      'RECEIPT_MISMATCH',
      `${count(counts.failed, 'recording')} could not be restored as archived`,
      {
        hint: 'docs/runbook.md, "Drill finding", says what to do',
      },
    );
  }
  if (counts.unknown > 0) {
    throw new ArchiveError('SOME_FAILED', `${count(counts.unknown, 'recording')} could not be looked at`, {
      hint: 'each is listed with its own code; the drill counts as not done',
    });
  }
  return 0;
}
