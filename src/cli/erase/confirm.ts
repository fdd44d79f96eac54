/** Erases what a plan names, for who has its whole name. */
import type { Budget } from '../../clock.ts';
import type { WrapConfig } from '../../config/config.ts';
import { ArchiveError } from '../../errors.ts';
import { changedPlan, eraseJobs, eraseOptions, parseErasureItem } from '../../job-kinds/erase.ts';
import { ERASE } from '../../job-kinds/unnamed-erase.ts';
import { readOptions } from '../../job-kinds/job-options.ts';
import { shardKey } from '../../jobs/keys.ts';
import type { JobPlan } from '../../jobs/kind.ts';
import type { PatientStore } from '../../jobs/patient-store.ts';
import { isCarriedOut } from '../../jobs/report.ts';
import type { ErasedItem, ErasePorts } from '../../keep/erase/erase-types.ts';
import { heldAmong } from '../../keep/read-holds.ts';
import type { VersionedStore } from '../../ports.ts';
import { noteAct } from '../../record/access-entry.ts';
import type { CommandContext } from '../_context.ts';
import { count, formatBytes } from '../_format.ts';
import { confirmPlan, readConfirmed } from '../jobs/confirm-plan.ts';
import { runJobHere } from '../jobs/run-here.ts';

export interface Confirming {
  readonly config: WrapConfig;
  readonly ports: ErasePorts;
  /** Of the store of the jobs. */
  readonly jobs: { readonly store: PatientStore; readonly versions: VersionedStore };
  /** `JOB.SECRET`, as the plan was told. */
  readonly name: string;
  readonly yes: number | undefined;
  readonly by: string;
}

/** Shards whose keys are looked up among those that are held with one reading of all holds. */
const BATCH_SHARDS = 10;

/**
 * @returns the exit code.
 * @throws `JOB_CHANGED` for a plan that is not the one that was confirmed; `HOLD_STANDS`; `USAGE`; what keeps the access entry from being
 *   written: nothing is erased without.
 */
export async function confirmErasure(
  context: CommandContext,
  { ports, jobs, name, yes, by }: Confirming,
  budget: Budget,
): Promise<number> {
  const { ui } = context;
  const told = { purpose: 'to erase', takenBy: '--confirm', printedBy: 'erase' };
  const { id, secret, plan } = await confirmPlan(jobs.store, { name, yes, kind: ERASE, ...told }, budget);
  const options = readOptions(eraseOptions, plan.options);
  const first = await jobs.store.get(shardKey(id, 0), budget);
  if (first === undefined && (await isCarriedOut(jobs.store, id, budget))) {
    ui.say('the plan was carried out before, and its lists are gone: nothing is left to do');
    return 0;
  }
  await requirePlanned(ports, jobs.store, { plan, secret, leaveHeld: options.leaveHeld }, budget);
  const query = `plan ${id}: ${plan.totals.items} recordings`;
  await noteAct(ports, { who: by, action: 'erase', query, reason: options.reason }, budget);
  const done = { erased: 0, already: 0, left: 0, versions: 0, bytes: 0 };
  const onErased = (one: ErasedItem) => {
    if (one.state === 'erased') done.erased += 1;
    else if (one.state === 'already') done.already += 1;
    else done.left += 1;
    done.versions += one.versions;
    done.bytes += one.bytes;
    if (ui.json) tellErased(context, one);
  };
  try {
    const code = await runJobHere(context, plan, { kinds: [eraseJobs(secret, onErased)] });
    if (done.left === 0 && (await isCarriedOut(jobs.store, id, budget))) {
      await forgetPlan(jobs.versions, id, budget);
    }
    return code;
  } finally {
    if (ui.json) ui.record('summary', { plan: id, ...done });
    ui.say(
      `${done.erased} erased, ${done.already} had been before, ${done.left} left: ${count(done.versions, 'version')}, ${formatBytes(done.bytes)}; the next seal writes each erasure into the log`,
    );
  }
}

function tellErased({ ui }: CommandContext, one: ErasedItem): void {
  const { item, state, versions, bytes, tombstone, heldBy, kept, error } = one;
  ui.record('erased', {
    recording: item.recording,
    day: item.day,
    state,
    versions,
    bytes,
    tombstone,
    heldBy,
    kept: kept?.map(({ until, ...each }) => ({
      ...each,
      until: until === undefined ? undefined : new Date(until).toISOString(),
    })),
    code: error?.code,
  });
}

/** Everything is looked at before anything is touched: a hold on any part blocks the whole. */
async function requirePlanned(
  ports: ErasePorts,
  store: PatientStore,
  {
    plan,
    secret,
    leaveHeld,
  }: { readonly plan: JobPlan; readonly secret: string; readonly leaveHeld: boolean },
  budget: Budget,
): Promise<void> {
  let keys = new Set<string>();
  const check = async () => {
    const held =
      keys.size === 0 || leaveHeld
        ? new Map<string, readonly string[]>()
        : await heldAmong(ports, keys, budget);
    keys = new Set();
    const [first] = held;
    if (first === undefined) return;
    throw new ArchiveError(
      'HOLD_STANDS',
      `${held.size} objects of the plan are held by now, such as ${first[0]} (${first[1].join(', ')})`,
    );
  };
  let shards = 0;
  const kind = { parse: parseErasureItem, changed: changedPlan };
  for await (const items of readConfirmed(store, { plan, secret }, kind, budget)) {
    for (const one of items.flatMap((item) => item.keys)) keys.add(one);
    shards += 1;
    if (shards % BATCH_SHARDS === 0) await check();
  }
  await check();
}

/** The plan names what is gone: its lists go too, in every version; `job.json` and the report name nothing. */
async function forgetPlan(versions: VersionedStore, id: string, budget: Budget): Promise<void> {
  for (const part of ['shards', 'failed', 'cursor']) {
    for await (const version of versions.versions(`jobs/${id}/${part}/`, budget))
      await versions.remove(version, budget);
  }
}
