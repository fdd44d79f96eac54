/** Tells what waits in quarantine. */
import type { Budget } from '../../clock.ts';
import {
  listQuarantine,
  type QuarantinedFile,
  type QuarantineTrust,
} from '../../keep/quarantine/list-quarantine.ts';
import { describeReasons } from '../../record/quarantine/note.ts';
import type { CommandContext } from '../_context.ts';
import { count, printable } from '../_format.ts';
import { requireArchive } from '../_nothing-found.ts';
import { chooseQuarantined, type QuarantineChoice } from './choose.ts';

export async function tellQuarantine(
  context: CommandContext,
  trust: QuarantineTrust,
  choice: QuarantineChoice,
  budget: Budget,
): Promise<number> {
  const { ui } = context;
  const { named, options } = choice;
  const isNamed = named.length > 0 || options.ids !== undefined;
  const files = isNamed
    ? await chooseQuarantined(context, trust, { named, options: { ...options, overdue: false } }, budget)
    : listQuarantine(trust, budget);
  let [seen, waiting, overdue, released] = [0, 0, 0, 0];
  for await (const file of files) {
    seen += 1;
    if (options.overdue === true && !file.isOverdue) continue;
    waiting += 1;
    if (file.isOverdue) overdue += 1;
    if (file.isReleased) released += 1;
    if (ui.json) ui.record('quarantined', recordOf(file));
    else ui.out(lineOf(file));
    await ui.drained();
  }
  // nothing waiting is an answer of an archive; of another place it is none
  if (seen === 0) await requireArchive(trust.store, { layout: trust.layout }, ['present'], budget);
  if (ui.json) ui.record('summary', { files: waiting, overdue, released });
  ui.say(`${count(waiting, 'file')} in quarantine, ${overdue} overdue`);
  if (overdue > 0)
    ui.warn(
      `${count(overdue, 'file')} overdue: nothing is deleted or locked by itself; release or erase them`,
    );
  if (released > 0)
    ui.warn(
      `${count(released, 'file')} released already: \`quarantine release\` again removes the rest of them`,
    );
  return 0;
}

/** One line of a file. */
export function lineOf(file: QuarantinedFile): string {
  const { recordingId, channel, heldBy, isOverdue, isReleased, note } = file;
  const until = file.decideBy === undefined ? 'until ?' : `until ${dayOf(file.decideBy)}`;
  return [
    recordingId + (channel === undefined ? '' : `.${channel}`),
    note === undefined ? 'since ?' : `since ${dayOf(note.since)}`,
    isOverdue ? `${until} (overdue)` : until,
    note === undefined ? 'nothing says why' : describeReasons(note),
    ...(isReleased ? ['released'] : []),
    ...(heldBy.length === 0 ? [] : [`held by ${heldBy.join(', ')}`]),
  ]
    .map(printable)
    .join('  ');
}

export function recordOf(file: QuarantinedFile) {
  const { key, recordingId, channel, date, bytes, note, isOverdue, isReleased, heldBy } = file;
  return {
    key,
    recordingId,
    channel,
    date,
    bytes: bytes ?? null,
    since: note === undefined ? null : new Date(note.since).toISOString(),
    until: file.decideBy === undefined ? null : new Date(file.decideBy).toISOString(),
    overdue: isOverdue,
    released: isReleased,
    reasons: note?.reasons ?? null,
    otherRules: note?.others ?? 0,
    heldBy,
  };
}

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
