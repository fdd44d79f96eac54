/** How far erasures have come, and going on with those that are not finished. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { eraseRecordings } from '../../keep/erase/erase-recordings.ts';
import type { ErasePorts, ErasureItem } from '../../keep/erase/erase-types.ts';
import { type StandingErasure, standingErasures } from '../../keep/erase/left-over.ts';
import { noteAct } from '../../record/access-entry.ts';
import type { Layout } from '../../record/layout.ts';
import type { CommandContext, searchIn } from '../_context.ts';
import { count, printable } from '../_format.ts';
import { requireArchive } from '../_nothing-found.ts';

/** Something is still there: the same command may say otherwise later. */
const UNFINISHED = 7;
const BATCH = 200;

export interface ErasureStatus {
  readonly ports: ErasePorts;
  readonly layout: Layout;
  readonly search: ReturnType<typeof searchIn>;
}

/** @returns the exit code: 7 where something is left. */
export async function tellStatus(
  context: CommandContext,
  { ports, layout, search }: ErasureStatus,
  budget: Budget,
): Promise<number> {
  const { ui } = context;
  let finished = 0;
  let unfinished = 0;
  for await (const standing of standingErasures(ports, layout, budget)) {
    if (standing.left.length === 0) finished += 1;
    else unfinished += 1;
    tellOne(context, standing);
    await ui.drained();
  }
  // no erasure is an answer of an archive; of another place it is none
  if (finished + unfinished === 0)
    await requireArchive(ports.store, search, ['present', 'other-layout'], budget);
  ui.say(
    `${count(finished, 'erasure')} finished, ${unfinished} unfinished, in ${printable(ports.store.location)}`,
  );
  return unfinished > 0 ? UNFINISHED : 0;
}

function tellOne({ ui }: CommandContext, { erasure, left, isTrusted }: StandingErasure): void {
  const { id, day, at, reason } = erasure;
  const until = Math.max(0, ...left.map(({ lock }) => lock?.retainUntil ?? 0));
  const isHeld = left.some(({ lock }) => lock?.legalHold === true);
  const state = left.length === 0 ? 'finished' : 'unfinished';
  const lockedUntil = until === 0 ? undefined : new Date(until).toISOString();
  if (ui.json) {
    ui.record('erasure', {
      tombstone: id,
      day,
      at,
      reason,
      state,
      versions: left.length,
      lockedUntil,
      legalHold: isHeld,
      trusted: isTrusted,
    });
    return;
  }
  const why = [
    ...(left.length === 0 ? [] : [count(left.length, 'version')]),
    ...(lockedUntil === undefined ? [] : [`locked until ${lockedUntil}`]),
    ...(isHeld ? ['under a legal hold'] : []),
  ];
  ui.out([id, state, day, at.slice(0, 10), reason, ...why].map(printable).join('  '));
  if (!isTrusted) ui.warn(`${id} is not signed as receipts are: it erases nothing`);
}

export interface Finishing extends ErasureStatus {
  readonly yes: number | undefined;
  readonly by: string;
}

/** Removes what is left of recordings that have a tombstone. @throws `USAGE` without `--yes` and their number. */
export async function finishErasures(
  context: CommandContext,
  { ports, layout, search, yes, by }: Finishing,
  budget: Budget,
): Promise<number> {
  const { ui, program } = context;
  const now = context.clock.now();
  const items: ErasureItem[] = [];
  for await (const { item, left, isTrusted } of standingErasures(ports, layout, budget)) {
    const isLocked = left.every(({ lock }) => lock?.legalHold === true || (lock?.retainUntil ?? 0) > now);
    if (item === undefined || !isTrusted || isLocked) continue;
    items.push(item);
  }
  if (items.length === 0) {
    await requireArchive(ports.store, search, ['present', 'other-layout'], budget);
    ui.say('nothing is left that can be removed now');
    return 0;
  }
  if (yes !== items.length) {
    for (const { day, recording } of items) {
      if (ui.json) ui.record('left', { recording, day });
      else ui.out(`left  ${day}  ${printable(recording)}`);
    }
    throw new ArchiveError('USAGE', `something of ${count(items.length, 'recording')} is left`, {
      hint: `to remove it: ${program} erase finish --yes ${items.length}`,
    });
  }
  await noteAct(
    ports,
    { who: by, action: 'erase', query: `finish: ${items.length} recordings`, reason: undefined },
    budget,
  );
  let done = 0;
  for (let at = 0; at < items.length; at += BATCH) {
    const batch = items.slice(at, at + BATCH);
    // their tombstones are there, with the reason of each
    const reason = { reason: 'finished', by };
    for (const one of await eraseRecordings(ports, batch, reason, budget)) {
      const isDone = one.state === 'erased' || one.state === 'already';
      if (isDone) done += 1;
      if (ui.json)
        ui.record('erased', { recording: one.item.recording, state: one.state, versions: one.versions });
      else if (!isDone) ui.warn(`${one.item.recording}: ${one.error?.message ?? one.state}`);
    }
  }
  ui.say(`${done} finished, ${items.length - done} left`);
  return done === items.length ? 0 : UNFINISHED;
}
