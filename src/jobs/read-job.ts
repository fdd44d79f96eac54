/** Finds jobs and reads their plans. */
import * as z from 'zod';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { isRate } from './control.ts';
import type { JobPlan, Rate } from './kind.ts';
import { indexPrefix, isJobId, parseIndexKey, planKey } from './keys.ts';
import { malformed, type PatientStore } from './patient-store.ts';
import { present } from '../present.ts';

const count = z.number().int().min(0);

const planSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.string().refine(isJobId),
  kind: z.string().regex(/^[a-z][a-z-]{0,63}$/),
  name: z.string().optional(),
  selection: z.unknown().optional(),
  options: z.unknown(),
  rate: z.custom<Rate>(isRate),
  createdBy: z.string(),
  createdAt: z.iso.datetime(),
  totals: z.object({ items: count, shards: count.max(1_000_000) }),
  retryOf: z.string().refine(isJobId).optional(),
});

/** An entry of the index. */
export interface IndexedJob {
  readonly id: string;
  /** Its report is written. */
  readonly closed: boolean;
  /** The store's time at which its planning began, epoch ms. */
  readonly openedAt: number;
}

/** All jobs, oldest first, those too whose planning never ended. @param start the beginning of their ids. */
export async function* listJobs(
  store: PatientStore,
  budget: Budget,
  start = '',
): AsyncGenerator<IndexedJob, void, undefined> {
  let current: IndexedJob | undefined;
  // `closed` sorts before `opened`
  for await (const { key, lastModified } of store.list(indexPrefix(start), budget)) {
    const entry = parseIndexKey(key);
    if (entry === undefined) continue;
    if (current !== undefined && current.id !== entry.id) {
      yield current;
      current = undefined;
    }
    current = {
      id: entry.id,
      closed: entry.what === 'closed' || current?.closed === true,
      openedAt: lastModified,
    };
  }
  if (current !== undefined) yield current;
}

/** A job's plan; `undefined` when it has none: it is still being planned, or was given up. @throws `OBJECT_MALFORMED`. */
export async function readPlan(
  store: PatientStore,
  id: string,
  budget: Budget,
): Promise<JobPlan | undefined> {
  const value = await store.getJson(planKey(id), budget);
  if (value === undefined) return undefined;
  const parsed = planSchema.safeParse(value);
  if (!parsed.success || parsed.data.id !== id) throw malformed(planKey(id));
  const { name, selection, retryOf, ...plan } = parsed.data;
  return {
    ...plan,
    ...present({ name, selection, retryOf }),
  };
}

/** @throws `JOB_NOT_FOUND` when the job has no plan. */
export async function requirePlan(store: PatientStore, id: string, budget: Budget): Promise<JobPlan> {
  const plan = isJobId(id) ? await readPlan(store, id, budget) : undefined;
  if (plan !== undefined) return plan;
  throw new ArchiveError('JOB_NOT_FOUND', `there is no job ${shown(id)}`);
}

/**
 * The whole id of what people type: an id, its beginning, or the beginning of its last six characters.
 *
 * @throws `JOB_NOT_FOUND` when none or several fit.
 */
export async function resolveJobId(store: PatientStore, typed: string, budget: Budget): Promise<string> {
  const text = typed.trim().toLowerCase();
  if (isJobId(text)) return (await requirePlan(store, text, budget)).id;
  const fitting: string[] = [];
  if (/^[0-9a-z-]{1,20}$/.test(text)) {
    for await (const { id } of listJobs(store, budget)) {
      if (id.startsWith(text) || id.slice(-6).startsWith(text)) fitting.push(id);
    }
  }
  const [only, ...others] = fitting;
  if (only === undefined) throw new ArchiveError('JOB_NOT_FOUND', `there is no job ${shown(typed)}`);
  if (others.length > 0) {
    throw new ArchiveError('JOB_NOT_FOUND', `${fitting.length} jobs begin with ${shown(typed)}`, {
      hint: `write more of it: ${fitting.slice(0, 5).join(', ')}${fitting.length > 5 ? ', …' : ''}`,
    });
  }
  return (await requirePlan(store, only, budget)).id;
}

/** What was typed may be anything. */
function shown(text: string): string {
  const plain = text.replaceAll(/[^\x21-\x7e]/g, '?');
  return plain.length > 40 ? `${plain.slice(0, 40)}…` : plain === '' ? '""' : plain;
}
