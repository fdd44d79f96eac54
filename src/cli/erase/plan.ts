/** Writes down what would be erased. Nothing is touched. */
import { randomBytes } from 'node:crypto';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { ERASE } from '../../job-kinds/unnamed-erase.ts';
import { openJobStore } from '../../create/job-runner.ts';
import type { WrapConfig } from '../../config/config.ts';
import { planJob } from '../../jobs/plan-job.ts';
import type { ErasePorts } from '../../keep/erase/erase-types.ts';
import { examineErasures, groupByRecording, type PlannedErasure } from '../../keep/erase/plan-erasure.ts';
import { sealItem } from '../../keep/sealed-item.ts';
import { findErasure, recordingErased } from '../../record/find-erasure.ts';
import { createLayout } from '../../record/layout.ts';
import type { CommandContext } from '../_context.ts';
import { count, formatBytes, printable } from '../_format.ts';
import { runnerName } from '../jobs/job-settings.ts';
import type { ChosenErasure } from './choose-erased.ts';
import { present } from '../../present.ts';

/** Held recordings named in a message. */
const SHOWN = 5;

export interface Planning {
  readonly config: WrapConfig;
  readonly ports: ErasePorts;
  readonly chosen: ChosenErasure;
  readonly reason: string;
  readonly by: string;
  readonly leaveHeld: boolean;
  readonly dryRun: boolean;
  readonly request: string | undefined;
}

interface Sum {
  readonly planned: PlannedErasure[];
  readonly held: PlannedErasure[];
  /** Nothing is left of them. */
  readonly erased: string[];
  versions: number;
  bytes: number;
  lockedUntil: number;
  locked: number;
}

/** @throws `HOLD_STANDS` where a hold is on any of it, without `--leave-held`. */
export async function planErasure(
  context: CommandContext,
  planning: Planning,
  budget: Budget,
): Promise<number> {
  const { ui } = context;
  const { config, ports, chosen, dryRun, leaveHeld } = planning;
  const layout = createLayout(config.layout);
  const items = groupByRecording(layout, chosen.keys);
  const sum: Sum = { planned: [], held: [], erased: [], versions: 0, bytes: 0, lockedUntil: 0, locked: 0 };
  for await (const planned of examineErasures(ports, items, budget)) {
    ui.status(`looking: ${sum.planned.length + sum.held.length} of ${items.length}`);
    if (planned.versions === 0 && planned.isBegun) {
      sum.erased.push(planned.item.recording);
      continue;
    }
    if (planned.heldBy.length > 0) sum.held.push(planned);
    else addUp(sum, planned);
    tellOne(context, planned);
    await ui.drained();
  }
  ui.status(undefined);
  if (sum.held.length > 0 && !leaveHeld) throw refuseHeld(sum.held);
  if (sum.planned.length === 0) {
    await refuseErased(ports, sum, budget);
    throw new ArchiveError('JOB_EMPTY', 'nothing is left to erase: a hold is on each of these recordings');
  }
  const { reason, by, request } = planning;
  const options = {
    store: ports.store.location,
    layout: layout.source,
    reason,
    by,
    leaveHeld,
    ...present({ request }),
  };
  let name: string | undefined;
  if (!dryRun) {
    const secret = randomBytes(12).toString('base64url');
    const plan = await planJob({
      store: await openJobStore(config, context),
      kind: { name: ERASE },
      items: sum.planned.map(({ item }) => sealItem(secret, options, item)),
      options,
      selection: { chosen: chosen.selection, left: sum.held.length },
      rate: config.jobRate,
      createdBy: runnerName('command line'),
      clock: context.clock,
      budget,
    });
    name = `${plan.id}.${secret}`;
  }
  tellPlan(context, planning, sum, name);
  return 0;
}

function addUp(sum: Sum, planned: PlannedErasure): void {
  sum.planned.push(planned);
  sum.versions += planned.versions;
  sum.bytes += planned.bytes;
  if (planned.lockedUntil === undefined || planned.losesKey) return;
  sum.locked += 1;
  sum.lockedUntil = Math.max(sum.lockedUntil, planned.lockedUntil);
}

function tellOne({ ui }: CommandContext, planned: PlannedErasure): void {
  const { item, versions, bytes, byKind, heldBy, lockedUntil, losesKey, isBegun } = planned;
  if (!ui.json) {
    const words = [
      heldBy.length > 0 ? 'held      ' : 'would erase',
      item.day,
      item.recording,
      count(versions, 'version'),
      ...(heldBy.length > 0 ? [heldBy.join(', ')] : []),
      ...(isBegun ? ['begun before'] : []),
    ];
    ui.out(words.map(printable).join('  '));
    return;
  }
  ui.record('erasure', {
    recording: item.recording,
    day: item.day,
    versions,
    bytes,
    parts: byKind,
    heldBy,
    lockedUntil: lockedUntil === undefined ? undefined : new Date(lockedUntil).toISOString(),
    losesKey,
    begun: isBegun,
  });
}

function tellPlan(
  { ui, program }: CommandContext,
  { chosen, ports, dryRun }: Planning,
  { planned, held, versions, bytes, locked, lockedUntil }: Sum,
  name: string | undefined,
): void {
  const until = locked === 0 ? undefined : new Date(lockedUntil).toISOString();
  if (ui.json) {
    ui.record('plan', {
      plan: name,
      recordings: planned.length,
      held: held.length,
      versions,
      bytes,
      locked,
      lockedUntil: until,
      selection: chosen.selection,
      dryRun,
    });
  }
  ui.say(
    `${count(planned.length, 'recording')} to erase (${chosen.selection}): ${count(versions, 'version')}, ${formatBytes(bytes)}`,
  );
  ui.say(
    'of each: every version of its objects, contexts, transcripts, waveforms, keys and marks; rows, people, facts; lines of the log’s lists',
  );
  ui.say('what stays: the receipt (ids, hashes, no name and no number) and a tombstone; docs/keeping.md');
  if (held.length > 0) ui.say(`${count(held.length, 'recording')} left out: a hold is on them`);
  if (until !== undefined)
    ui.warn(
      `${count(locked, 'recording')} stay until ${until}: S3 Object Lock keeps their bytes, which are not read from now on`,
    );
  ui.say(
    `only you can clear: replicas of ${printable(ports.store.location)}, backups, what was restored or exported, and the platform itself`,
  );
  if (name === undefined) ui.say('dry run: nothing was written down');
  else {
    if (!ui.json) ui.out(name);
    ui.say(`nothing is erased yet. To do it: ${program} erase --confirm ${name} --yes ${planned.length}`);
  }
}

/** @throws `RECORDING_ERASED` where nothing is left of any of them. */
async function refuseErased(ports: ErasePorts, { held, erased }: Sum, budget: Budget): Promise<void> {
  const [first] = erased;
  const erasure =
    first === undefined || held.length > 0 ? undefined : await findErasure(ports, first, budget);
  if (erasure !== undefined) throw recordingErased(erasure);
}

function refuseHeld(held: readonly PlannedErasure[]): ArchiveError {
  const shown = held.slice(0, SHOWN).map(({ item, heldBy }) => `${item.recording} (${heldBy.join(', ')})`);
  const more = held.length > SHOWN ? ` and ${held.length - SHOWN} more` : '';
  return new ArchiveError('HOLD_STANDS', `held: ${shown.join(', ')}${more}`);
}
