/** What became of what was marked at the platform. */
import type { Budget } from '../../clock.ts';
import {
  type FollowPorts,
  followDeletion,
  type FollowedDeletion,
  listSourceDeletions,
} from '../../keep/source-delete/follow-up.ts';
import type { CommandContext, searchIn } from '../_context.ts';
import { printable } from '../_format.ts';
import { requireArchive } from '../_nothing-found.ts';

/** Something is not finished: the same command may say otherwise later. */
const UNFINISHED = 7;

const OPEN: ReadonlySet<FollowedDeletion['state']> = new Set(['begun', 'left', 'overdue', 'unknown']);

/** @returns the exit code: 7 where something is neither waiting for its day nor over. */
export async function tellSourceStatus(
  context: CommandContext,
  {
    ports,
    search,
    by,
  }: { readonly ports: FollowPorts; readonly search: ReturnType<typeof searchIn>; readonly by: string },
  budget: Budget,
): Promise<number> {
  const { ui } = context;
  const counts = new Map<FollowedDeletion['state'], number>();
  let noted = 0;
  for await (const history of listSourceDeletions(ports, budget)) {
    const followed = await followDeletion(ports, history, by, budget);
    counts.set(followed.state, (counts.get(followed.state) ?? 0) + 1);
    if (followed.isNew) noted += 1;
    tellOne(context, followed);
    await ui.drained();
  }
  // nothing marked is an answer of an archive; of another place it is none
  if (counts.size === 0) await requireArchive(ports.store, search, ['present', 'other-layout'], budget);
  if (ui.json) ui.record('summary', { ...Object.fromEntries(counts), noted });
  const told = [...counts].map(([state, times]) => `${times} ${state}`).join(', ');
  ui.say(told === '' ? 'nothing was marked at the platform' : `at the platform: ${told}`);
  if (noted > 0)
    ui.say(`${noted} noted as gone: the next seal states for their days why the platform no longer has them`);
  return [...counts.keys()].some((state) => OPEN.has(state)) ? UNFINISHED : 0;
}

function tellOne({ ui }: CommandContext, { last, state, isNew, reason, doubtful }: FollowedDeletion): void {
  const { recording } = last.ids;
  const { day, deleteDate, job } = last;
  if (ui.json) ui.record('deletion', { recording, day, state, deleteDate, new: isNew, job, reason });
  else {
    const on = deleteDate === undefined ? '' : deleteDate.slice(0, 10);
    ui.out([state.padEnd(10), day, recording, on, reason ?? ''].map(printable).join('  ').trimEnd());
  }
  if (doubtful.length > 0)
    ui.warn(
      `${doubtful.length} objects beside ${printable(doubtful[0] ?? '')} are not signed steps: they say nothing`,
    );
}
