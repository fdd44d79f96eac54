/** A plan that removes something is carried out only for who has its whole name, and says how much it is. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { isJobId, shardKey } from '../../jobs/keys.ts';
import type { JobPlan } from '../../jobs/kind.ts';
import type { PatientStore } from '../../jobs/patient-store.ts';
import { requirePlan } from '../../jobs/read-job.ts';
import { unpackLines } from '../../jobs/shards/lines.ts';
import { isSealed, parsePlanName, type Sealed } from '../../keep/sealed-item.ts';
import { count } from '../_format.ts';

export interface Confirmation {
  /** `JOB.SECRET`, as the plan was told. */
  readonly name: string;
  /** Recordings that the plan is said to have. */
  readonly yes: number | undefined;
  readonly kind: string;
  /** e.g. `to erase`. */
  readonly purpose: string;
  /** What takes the name, and what prints it. */
  readonly takenBy: string;
  readonly printedBy: string;
}

export interface ConfirmedPlan {
  readonly id: string;
  readonly secret: string;
  readonly plan: JobPlan;
}

export interface PlannedItems<T extends object> {
  readonly parse: (value: unknown) => Sealed<T>;
  readonly changed: () => ArchiveError;
}

/**
 * The items of a confirmed plan, shard by shard.
 *
 * @throws what `changed` makes, for a shard that is gone, an item that was not planned, and at the end for another number of items.
 */
export async function* readConfirmed<T extends object>(
  store: PatientStore,
  { plan, secret }: Pick<ConfirmedPlan, 'plan' | 'secret'>,
  { parse, changed }: PlannedItems<T>,
  budget: Budget,
): AsyncGenerator<readonly Sealed<T>[], void, undefined> {
  let count = 0;
  for (let shard = 0; shard < plan.totals.shards; shard += 1) {
    const key = shardKey(plan.id, shard);
    const bytes = await store.get(key, budget);
    if (bytes === undefined) throw changed();
    const items = unpackLines(key, bytes).map(parse);
    if (items.some((item) => !isSealed(secret, plan.options, item))) throw changed();
    count += items.length;
    yield items;
  }
  if (count !== plan.totals.items) throw changed();
}

/** @throws `JOB_NOT_FOUND`; `USAGE` for another kind of job, and without the right count. */
export async function confirmPlan(
  store: PatientStore,
  { name, yes, kind, purpose, takenBy, printedBy }: Confirmation,
  budget: Budget,
): Promise<ConfirmedPlan> {
  const { id, secret } = parsePlanName(name);
  if (!isJobId(id)) {
    throw new ArchiveError('USAGE', 'that is not the name of a plan', {
      hint: `${takenBy} takes what \`genesys-archive ${printedBy}\` printed, such as 20261128t0738-k3f9qz.3q2-7w…`,
    });
  }
  const plan = await requirePlan(store, id, budget);
  if (plan.kind !== kind) {
    throw new ArchiveError('USAGE', `${id} is a ${plan.kind} job, and no plan ${purpose}`);
  }
  if (yes !== plan.totals.items) {
    throw new ArchiveError('USAGE', `the plan has ${count(plan.totals.items, 'recording')}`, {
      hint: `if that is what you mean: --yes ${plan.totals.items}`,
    });
  }
  return { id, secret, plan };
}
