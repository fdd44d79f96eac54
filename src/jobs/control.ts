/** What people want of a job: to run, to pause, to end, and at which rate. */
import type { Budget, Clock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { JobPlan, Rate } from './kind.ts';
import { controlKey, controlPrefix, parseControlKey } from './keys.ts';
import { jsonBytes, malformed, type PatientStore } from './patient-store.ts';

export type Wish = 'run' | 'pause' | 'cancel';

export interface Control {
  readonly wish: Wish;
  readonly rate: Rate;
}

interface NumberedControl extends Control {
  /** 0: as planned. */
  readonly n: number;
}

const MAX_CONTROL_NUMBER = 999_999;

/** The newest control of a job; as planned where no control stands. @throws `OBJECT_MALFORMED`, `STORE_*`. */
export async function readControl(
  store: PatientStore,
  plan: Pick<JobPlan, 'id' | 'rate'>,
  budget: Budget,
): Promise<NumberedControl> {
  let newest = 0;
  for await (const { key } of store.list(controlPrefix(plan.id), budget)) {
    newest = Math.max(newest, parseControlKey(key) ?? 0);
  }
  if (newest === 0) return { n: 0, wish: 'run', rate: plan.rate };
  const key = controlKey(plan.id, newest);
  const value = await store.getJson(key, budget);
  const wish = value?.['wish'];
  const rate = value?.['rate'];
  if ((wish !== 'run' && wish !== 'pause' && wish !== 'cancel') || !isRate(rate)) throw malformed(key);
  return { n: newest, wish, rate };
}

export function isRate(value: unknown): value is Rate {
  return value === 'yield' || (typeof value === 'number' && Number.isFinite(value) && value > 0);
}

/**
 * Adds a control. What the change leaves out stays as it is. A job that was cancelled stays so.
 *
 * @throws `JOB_CHANGED` when the job was cancelled; `STORE_*`.
 */
export async function addControl(
  { store, clock, budget }: { readonly store: PatientStore; readonly clock: Clock; readonly budget: Budget },
  plan: Pick<JobPlan, 'id' | 'rate'>,
  change: Partial<Control> & { readonly by: string },
): Promise<Control> {
  const nonce = Math.floor(clock.random() * 2 ** 48).toString(36);
  for (;;) {
    const { n, wish, rate } = await readControl(store, plan, budget);
    if (wish === 'cancel' && change.wish !== 'cancel') {
      throw new ArchiveError('JOB_CHANGED', `job ${plan.id} was cancelled`, {
        hint: 'plan it again: items that are done are skipped',
      });
    }
    const next: Control = { wish: change.wish ?? wish, rate: change.rate ?? rate };
    if (next.wish === wish && next.rate === rate) return next;
    if (n === MAX_CONTROL_NUMBER)
      throw new ArchiveError('UNEXPECTED', `job ${plan.id} has too many controls`);
    const key = controlKey(plan.id, n + 1);
    const at = new Date(clock.now()).toISOString();
    const { outcome } = await store.put(key, jsonBytes({ ...next, at, by: change.by, nonce }), budget);
    // another's control of that number: read it, and add behind it
    if (outcome === 'stored' || (await store.getJson(key, budget))?.['nonce'] === nonce) return next;
  }
}
