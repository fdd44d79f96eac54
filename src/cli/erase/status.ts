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
    if (isFinished(standing)) finished += 1;
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

const isFinished = ({ left, replaced }: StandingErasure) => left.length === 0 && replaced.length === 0;

function tellOne({ ui }: CommandContext, standing: StandingErasure): void {
  const { erasure, left, replaced, isTrusted } = standing;
  const { id, day, at, reason } = erasure;
  const all = [...left, ...replaced];
  const until = Math.max(0, ...all.map(({ lock }) => lock?.retainUntil ?? 0));
  const isHeld = all.some(({ lock }) => lock?.legalHold === true);
  const state = isFinished(standing) ? 'finished' : 'unfinished';
  const lockedUntil = until === 0 ? undefined : new Date(until).toISOString();
  if (ui.json) {
    ui.record('erasure', {
      tombstone: id,
      day,
      at,
      reason,
      state,
      versions: left.length,
      replaced: replaced.length,
      lockedUntil,
      legalHold: isHeld,
      trusted: isTrusted,
    });
    return;
  }
  const why = [
    ...(left.length === 0 ? [] : [count(left.length, 'version')]),
    ...(replaced.length === 0 ? [] : [`${count(replaced.length, 'older version')} of what named it`]),
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

/** What can be gone on with: of a recording, or of what named it alone. */
interface Unfinished {
  readonly item: ErasureItem | undefined;
  readonly day: string;
  /** SHA-256 of the recording's id. */
  readonly recording: string;
}

/** Removes what is left of recordings that have a tombstone. @throws `USAGE` without `--yes` and their number. */
export async function finishErasures(
  context: CommandContext,
  { ports, layout, search, yes, by }: Finishing,
  budget: Budget,
): Promise<number> {
  const { ui, program } = context;
  const work = await unfinished(context, { ports, layout }, budget);
  if (work.length === 0) {
    await requireArchive(ports.store, search, ['present', 'other-layout'], budget);
    ui.say('nothing is left that can be removed now');
    return 0;
  }
  if (yes !== work.length) {
    for (const { item, day, recording } of work) {
      if (ui.json) ui.record('left', { recording: item?.recording ?? recording, day });
      else ui.out(`left  ${day}  ${printable(item?.recording ?? recording)}`);
    }
    throw new ArchiveError('USAGE', `something of ${count(work.length, 'recording')} is left`, {
      hint: `to remove it: ${program} erase finish --yes ${work.length}`,
    });
  }
  await noteAct(
    ports,
    { who: by, action: 'erase', query: `finish: ${work.length} recordings`, reason: undefined },
    budget,
  );
  const items = work.flatMap(({ item }) => item ?? []);
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
  done += await forgetReplaced(
    context,
    ports,
    work.filter(({ item }) => item === undefined),
    budget,
  );
  ui.say(`${done} finished, ${work.length - done} left`);
  return done === work.length ? 0 : UNFINISHED;
}

async function unfinished(
  { clock }: CommandContext,
  { ports, layout }: Pick<Finishing, 'ports' | 'layout'>,
  budget: Budget,
): Promise<readonly Unfinished[]> {
  const now = clock.now();
  const isLocked = ({ lock }: StandingErasure['left'][number]) =>
    lock?.legalHold === true || (lock?.retainUntil ?? 0) > now;
  const found: Unfinished[] = [];
  for await (const { erasure, item, left, replaced, isTrusted } of standingErasures(ports, layout, budget)) {
    const { day, recording = '' } = erasure;
    if (!isTrusted) continue;
    if (item !== undefined && !left.every(isLocked)) found.push({ item, day, recording });
    else if (left.length === 0 && !replaced.every(isLocked)) found.push({ item: undefined, day, recording });
  }
  return found;
}

/** Of recordings of which nothing else is left. @returns how many are finished with that. */
async function forgetReplaced(
  { ui }: CommandContext,
  ports: ErasePorts,
  work: readonly Unfinished[],
  budget: Budget,
): Promise<number> {
  const byDay = new Map<string, Unfinished[]>();
  for (const one of work) byDay.set(one.day, [...(byDay.get(one.day) ?? []), one]);
  let done = 0;
  for (const [day, ofDay] of byDay) {
    const erased = new Set(ofDay.map(({ recording }) => recording));
    const { kept } = await ports.forget(new Set([day]), erased, budget);
    if (kept.length === 0) done += ofDay.length;
    else ui.warn(`${day}: a lock keeps ${count(kept.length, 'older version')} of what named them`);
    for (const { recording } of ofDay)
      if (ui.json)
        ui.record('erased', { recording, state: kept.length === 0 ? 'erased' : 'kept', versions: 0 });
  }
  return done;
}
