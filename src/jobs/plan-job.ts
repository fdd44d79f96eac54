import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { JobPlan } from './kind.ts';
import type { PlanRequest } from './requests.ts';
import { closedKey, MAX_SHARD_ITEMS, MAX_SHARDS, newJobId, openedKey, planKey, shardKey } from './keys.ts';
import { jsonBytes, type PatientStore, patientStore } from './patient-store.ts';
import { packLines } from './shards/lines.ts';
import { present } from '../present.ts';

/** Shards that are written at once; each more costs a megabyte or two and gains little. */
const WRITES_AHEAD = 2;
/** Characters of one item's line. */
const MAX_LINE = 8 * 1024;
/** Six random characters of thirty each: a second attempt is rare, a fourth is a broken source of chance. */
const MAX_ID_ATTEMPTS = 4;

/**
 * Writes a job: its items in shards, then `job.json`. The job exists once that is there; a plan that was broken off is never worked
 * on. Holds a few shards in memory, however many items there are.
 *
 * @throws `JOB_EMPTY` when there are no items (nothing but the index entry is written then); what `items` throws; `STORE_*`.
 */
export async function planJob<Item>(request: PlanRequest<Item>): Promise<JobPlan> {
  const { items, kind, clock, budget, onPlanned } = request;
  const store = patientStore(request.store, clock);
  const shardItems = Math.max(1, Math.min(request.shardItems ?? MAX_SHARD_ITEMS, MAX_SHARD_ITEMS));
  const writes = new Writes();
  let id: string | undefined;
  let planned = 0;
  let shards = 0;
  let lines: string[] = [];
  const flush = async () => {
    id ??= await openJob(store, request);
    if (shards === MAX_SHARDS) throw tooLarge(kind.name);
    const key = shardKey(id, shards);
    const full = lines;
    lines = [];
    shards += 1;
    await writes.add(async () => {
      await store.put(key, packLines(full), budget);
    });
    planned += full.length;
    onPlanned?.(planned);
  };
  try {
    for await (const item of items) {
      lines.push(lineOf(item, kind.name));
      if (lines.length === shardItems) await flush();
    }
    if (lines.length > 0) await flush();
    await writes.settle();
    writes.check();
  } catch (error) {
    await writes.settle();
    if (id !== undefined) await giveUp(store, id, budget);
    throw error;
  }
  if (id === undefined) throw nothingToDo(kind.name);
  const plan: JobPlan = {
    schemaVersion: 1,
    id,
    kind: kind.name,
    ...present({ name: request.name, selection: request.selection }),
    options: request.options ?? {},
    rate: request.rate ?? 'yield',
    createdBy: request.createdBy,
    createdAt: new Date(clock.now()).toISOString(),
    totals: { items: planned, shards },
    ...present({ retryOf: request.retryOf }),
  };
  await store.put(planKey(id), jsonBytes(plan), budget);
  return plan;
}

/** Notes that a plan was broken off, so that no list shows it as under way. Without the note it is shown for an hour. */
async function giveUp(store: PatientStore, id: string, budget: Budget): Promise<void> {
  await store.put(closedKey(id), jsonBytes({ state: 'given up' }), budget).catch(() => undefined);
}

/** Finds an id that no job has, and enters it in the index. */
async function openJob<Item>(store: PatientStore, request: PlanRequest<Item>): Promise<string> {
  const { clock, budget, kind, createdBy } = request;
  for (let attempt = 1; ; attempt += 1) {
    const id = newJobId(clock.now(), () => clock.random());
    const nonce = Math.floor(clock.random() * 2 ** 48).toString(36);
    const entry = { kind: kind.name, createdBy, nonce };
    const { outcome } = await store.put(openedKey(id), jsonBytes(entry), budget);
    // it may stand there because an attempt of this very call was stored and its answer lost
    if (outcome === 'stored' || (await store.getJson(openedKey(id), budget))?.['nonce'] === nonce) return id;
    if (attempt === MAX_ID_ATTEMPTS) {
      throw new ArchiveError('UNEXPECTED', 'no free id was found for the job');
    }
  }
}

function lineOf(item: unknown, kind: string): string {
  const line = JSON.stringify(item);
  if (line.length <= MAX_LINE) return line;
  throw new ArchiveError('UNEXPECTED', `an item of a ${kind} job is longer than ${MAX_LINE} characters`, {
    retryable: false,
  });
}

function tooLarge(kind: string): ArchiveError {
  return new ArchiveError(
    'USAGE',
    `the ${kind} job would have more than ${MAX_SHARDS * MAX_SHARD_ITEMS} items`,
    { hint: 'divide it: choose a shorter range' },
  );
}

function nothingToDo(kind: string): ArchiveError {
  return new ArchiveError('JOB_EMPTY', `the ${kind} job would have no items: nothing was planned`);
}

/** A few writes under way at once; the first failure is thrown by the next call. */
class Writes {
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  async add(write: () => Promise<void>): Promise<void> {
    while (this.#running.size >= WRITES_AHEAD) await Promise.race(this.#running);
    this.check();
    const running = write()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async settle(): Promise<void> {
    await Promise.all(this.#running);
  }

  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
