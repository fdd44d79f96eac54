/** Takes dates back at the platform, while they have not come. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { parsePlanName } from '../../keep/sealed-item.ts';
import { listHolds } from '../../keep/read-holds.ts';
import {
  type FollowPorts,
  isPending,
  listSourceDeletions,
  takeBack,
} from '../../keep/source-delete/follow-up.ts';
import { recordingOfKey } from '../../record/find-erasure.ts';
import { heldKeys } from '../../record/read-hold.ts';
import { canonicalId } from '../../recording/id.ts';
import type { CommandContext } from '../_context.ts';
import { count, printable } from '../_format.ts';

export interface CancellingDeletion {
  readonly ports: FollowPorts;
  readonly by: string;
  readonly named: readonly string[];
  readonly plan?: string;
  readonly held?: boolean;
  readonly all?: boolean;
  readonly reason?: string;
  readonly dryRun?: boolean;
}

type Pending = Parameters<typeof takeBack>[1][number];

/** Recordings of one access entry. */
const BATCH = 200;
/** Exit code: some of it stands. */
const SOME_FAILED = 3;

/** @returns the exit code. @throws `USAGE` when the choice is not clear; `NOTHING_FOUND`. */
export async function cancelSourceDeletions(
  context: CommandContext,
  { ports, by, named, plan, held, all, reason, dryRun }: CancellingDeletion,
  budget: Budget,
): Promise<number> {
  const { ui } = context;
  const ways = [named.length > 0, plan !== undefined, held === true, all === true].filter(Boolean).length;
  if (ways !== 1) {
    throw new ArchiveError('USAGE', 'say what to take back', {
      hint: 'ids or keys of recordings, --plan PLAN, --held, or --all: one of them',
    });
  }
  const ids = new Set(named.map((one) => canonicalId(recordingOfKey(one) ?? one)));
  // the whole name of a plan, or its id alone
  const job = plan === undefined ? undefined : parsePlanName(plan).id || plan;
  const wanted: Pending[] = [];
  const pending: Pending[] = [];
  for await (const history of listSourceDeletions(ports, budget)) {
    if (!isPending(history.last, ports.clock.now())) continue;
    pending.push(history);
    const isNamed = ids.has(canonicalId(history.last.ids.recording));
    if (all === true || isNamed || (job !== undefined && history.last.job === job)) wanted.push(history);
  }
  if (held === true) wanted.push(...(await heldOnes(ports, pending, budget)));
  if (wanted.length === 0) {
    throw new ArchiveError('NOTHING_FOUND', 'nothing of that is marked at the platform', {
      hint: '`genesys-archive source-delete status` shows what is',
    });
  }
  if (dryRun === true) {
    for (const { last } of wanted) ui.out(`would take back  ${last.day}  ${printable(last.ids.recording)}`);
    ui.say(`${count(wanted.length, 'recording')} to take back; dry run: nothing was changed`);
    return 0;
  }
  let done = 0;
  for (let at = 0; at < wanted.length; at += BATCH) {
    for (const one of await takeBack(ports, wanted.slice(at, at + BATCH), { by, reason }, budget)) {
      const { last, state, error } = one;
      const { recording } = last.ids;
      if (state === 'taken-back') done += 1;
      if (ui.json) ui.record('taken-back', { recording, day: last.day, state, code: error?.code });
      else if (state === 'late') ui.warn(`${printable(recording)}: too late, the platform no longer has it`);
      else if (state === 'failed')
        ui.warn(`${printable(recording)}: ${error?.message ?? ''} [${error?.code ?? ''}]`);
      await ui.drained();
    }
  }
  ui.say(`${done} taken back, ${wanted.length - done} not`);
  ui.say('what a plan has not marked yet goes on with it: `genesys-archive jobs cancel PLAN` ends the plan');
  return done === wanted.length ? 0 : SOME_FAILED;
}

/** Recordings that a hold of the register is on, by the ids in the keys that it names. */
async function heldOnes(
  ports: FollowPorts,
  pending: readonly Pending[],
  budget: Budget,
): Promise<readonly Pending[]> {
  const held = await heldRecordings(ports, budget);
  return pending.filter(({ last }) => held.has(canonicalId(last.ids.recording)));
}

async function heldRecordings(ports: FollowPorts, budget: Budget): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for await (const { hold, release } of listHolds(ports, budget)) {
    if (release !== undefined) continue;
    for await (const keys of heldKeys(ports.store, hold, budget)) {
      for (const key of keys) {
        const recording = recordingOfKey(key);
        if (recording !== undefined) found.add(canonicalId(recording));
      }
    }
  }
  return found;
}
