/** Works on one shard, from where the last runner left it to the end. */
import { abortReason, followAbort, sharedSignal } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { formatCursor, readCursor } from './cursor.ts';
import { writeFailures } from './failed-list.ts';
import type { Limit, Outcome, WorkContext } from './kind.ts';
import { cursorKey, doneKey, shardKey } from './keys.ts';
import type { Lease } from './lease.ts';
import { jsonBytes, malformed } from './patient-store.ts';
import type { Run } from './run-context.ts';
import { unpackLines } from './shards/lines.ts';
import { dueOf, expire, FRESH, pendingOf, restOf, settle, type ShardState } from './shards/state.ts';
import { Suspects } from './suspects.ts';
import { type BatchHandling, workBatch } from './work-batch.ts';
import { present } from '../present.ts';

/** Items after which a cursor is written. */
const CURSOR_ITEMS = 100;
const DEFAULT_BATCH = 100;

export type ShardEnd =
  | { readonly how: 'finished' }
  /** What is left of it has to wait, ms. */
  | { readonly how: 'resting'; readonly restMs: number }
  /** Another runner has it. */
  | { readonly how: 'lost' }
  /** This runner must stop. */
  | { readonly how: 'given-back' };

/**
 * Works on a shard that this runner holds.
 *
 * @throws what ends the runner; the shard is given back before.
 */
export async function workShard(run: Run, lease: Lease): Promise<ShardEnd> {
  const work = new ShardWork(run, lease);
  const beating = new AbortController();
  let beats: Promise<void> = Promise.resolve();
  try {
    await work.open();
    beats = work.beat(beating.signal);
    return await work.run();
  } catch (error) {
    if (lease.isLost) return { how: 'lost' };
    const failure = toArchiveError(error);
    await work.giveBack(failure);
    throw failure;
  } finally {
    beating.abort();
    await beats;
    work.close();
  }
}

interface Line {
  /** As the shard has it. */
  readonly value: unknown;
  /** `undefined`: no item of this kind. */
  readonly item: { readonly parsed: unknown } | undefined;
}

class ShardWork implements BatchHandling {
  readonly #run: Run;
  readonly #lease: Lease;
  readonly #abort = new AbortController();
  readonly #unfollow: () => void;
  #lines: readonly Line[] = [];
  #state: ShardState = FRESH;
  #suspects = new Suspects();
  /** Outcomes that no cursor has. */
  #unsaved = 0;
  #cursors = 0;
  #ms = 0;
  #limit: Limit | undefined;
  #saving: Promise<unknown> = Promise.resolve();
  #beatFailure: { readonly error: unknown } | undefined;

  constructor(run: Run, lease: Lease) {
    this.#run = run;
    this.#lease = lease;
    this.#unfollow = followAbort(run.signal, this.#abort);
  }

  close(): void {
    this.#unfollow();
  }

  /** Reads the items and what is known of them. */
  async open(): Promise<void> {
    const { store, plan, kind, io } = this.#run;
    const key = shardKey(plan.id, this.#lease.shard);
    const bytes = await store.get(key, io);
    if (bytes === undefined) throw malformed(key);
    this.#lines = unpackLines(key, bytes).map((value) => ({ value, item: parseItem(kind, value) }));
    const cursor = await readCursor(store, plan.id, this.#lease.shard, io);
    if (cursor === undefined || cursor.state.after > this.#lines.length) return;
    this.#state = cursor.state;
    this.#ms = cursor.seconds * 1000;
  }

  async run(): Promise<ShardEnd> {
    const { clock, kind } = this.#run;
    for (;;) {
      this.#become(expire(this.#state, clock.now()));
      const batch = this.#nextBatch(kind.batchSize ?? DEFAULT_BATCH);
      if (batch.length === 0 && !this.#clearSuspects()) break;
      if (batch.length === 0) continue;
      if (this.#run.mayNot() !== undefined) return this.#stopHere();
      const began = clock.now();
      await workBatch(this.#run, this, batch);
      this.#ms += Math.max(0, clock.now() - began);
      if (this.#beatFailure !== undefined) throw this.#beatFailure.error;
      if (this.#lease.isLost) return { how: 'lost' };
      if (this.#abort.signal.aborted) return this.#stopHere();
    }
    const restMs = restOf(this.#state, clock.now());
    if (restMs === undefined) return this.#finish();
    if (!(await this.save())) return { how: 'lost' };
    await this.#lease.release(restMs);
    return { how: 'resting', restMs };
  }

  get signal(): AbortSignal {
    return sharedSignal(this.#abort);
  }

  context(): WorkContext {
    return {
      signal: this.signal,
      options: this.#run.plan.options,
      job: this.#run.plan.id,
      rate: () => this.#run.control.rate,
      limitedBy: (what) => {
        this.#limit = what;
      },
      now: () => this.#run.clock.now(),
    };
  }

  itemAt(index: number): unknown {
    return this.#lines[index]?.item?.parsed;
  }

  /** Takes what became of one item. @throws the error that ends the runner. */
  async settle(outcome: Outcome): Promise<void> {
    for (const settled of this.#suspects.judge(outcome)) this.#record(settled);
    if (this.#unsaved >= CURSOR_ITEMS) await this.save();
  }

  /** Writes a cursor, where there is anything new, or renews the lease. @returns false when the lease is lost. */
  save(): Promise<boolean> {
    const saved = this.#saving.then(() => this.#save());
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  /** Looks after control, cursor and lease until the shard is left. */
  async beat(over: AbortSignal): Promise<void> {
    const { clock, timing } = this.#run;
    try {
      for (;;) {
        await clock.sleep(timing.beatMs, over);
        await this.#run.refreshControl();
        const mustStop = this.#run.mustBreakOff();
        if (!(await this.save()) || mustStop) {
          this.#abort.abort(new ArchiveError('INTERRUPTED', 'the work on this shard ends'));
          return;
        }
      }
    } catch (error) {
      if (over.aborted) return;
      this.#beatFailure = { error };
      this.#abort.abort(abortReason(undefined));
    }
  }

  /** Writes down what is known and gives the shard back; a store that fails keeps the lease until it ends. */
  async giveBack(why: ArchiveError): Promise<void> {
    try {
      if (await this.save()) await this.#lease.release(0, why);
    } catch {
      // the error that is on its way matters more
    }
  }

  async #stopHere(): Promise<ShardEnd> {
    if (!(await this.save())) return { how: 'lost' };
    await this.#lease.release(0);
    return { how: 'given-back' };
  }

  async #save(): Promise<boolean> {
    const { store, plan, clock, io, owner } = this.#run;
    if (!(await this.#lease.keep())) {
      this.#abort.abort(new ArchiveError('INTERRUPTED', 'another runner has this shard'));
      return false;
    }
    if (this.#unsaved === 0) return true;
    const count = this.#unsaved;
    const at = clock.now();
    this.#cursors += 1;
    const cursor = {
      state: this.#state,
      seconds: Math.round(this.#ms / 1000),
      owner,
      ...present({ limitedBy: this.#limit }),
    };
    const result = await store.put(cursorKey(plan.id, this.#lease, this.#cursors), formatCursor(cursor), io);
    this.#unsaved -= count;
    this.#lease.signed(at);
    if (result.outcome === 'stored') this.#run.learnStoreTime(result.lastModified);
    this.#run.tell({ what: 'checkpoint', shard: this.#lease.shard });
    return true;
  }

  async #finish(): Promise<ShardEnd> {
    const { store, plan, io, kind } = this.#run;
    await this.#saving;
    if (!(await this.#lease.keep())) return { how: 'lost' };
    const { counts, failed } = this.#state;
    const at = { shard: this.#lease.shard, turn: this.#lease.turn };
    if (failed.length > 0) {
      const lines = failed.map(({ index, ...failure }) => {
        const line = this.#lines[index];
        const name = line?.item === undefined ? `line ${index + 1}` : kind.nameOf(line.item.parsed);
        return { name, ...failure, item: line?.value };
      });
      await writeFailures(store, { id: plan.id, at }, lines, io);
    }
    const done = { ...at, ...counts, failed: failed.length, seconds: Math.round(this.#ms / 1000) };
    await store.put(doneKey(plan.id, done), jsonBytes({ owner: this.#run.owner }), io);
    this.#run.tell({
      what: 'finished-shard',
      shard: at.shard,
      done: counts.done + counts.already,
      failed: failed.length,
      bytes: counts.bytes,
    });
    return { how: 'finished' };
  }

  /** First what was not tried, then what may be tried again. */
  #nextBatch(size: number): number[] {
    const pending = pendingOf(this.#state, this.#lines.length).filter((index) => !this.#suspects.has(index));
    for (const index of pending) {
      if (this.#lines[index]?.item !== undefined) continue;
      const reason = `the line is no item of a ${this.#run.plan.kind} job`;
      this.#record({ index, state: 'failed', bytes: 0, code: 'OBJECT_MALFORMED', reason, retryable: false });
    }
    const sound = pending.filter((index) => this.#lines[index]?.item !== undefined);
    const next = sound.length > 0 ? sound : dueOf(this.#state, this.#run.clock.now());
    return next.filter((index) => !this.#suspects.has(index)).slice(0, size);
  }

  /** @returns whether there were any. */
  #clearSuspects(): boolean {
    const cleared = this.#suspects.clear();
    for (const outcome of cleared) this.#record(outcome);
    return cleared.length > 0;
  }

  /** Takes the next state, and counts what it settles. */
  #become(state: ShardState): void {
    const before = this.#state;
    if (state === before) return;
    this.#state = state;
    this.#unsaved += 1;
    const { counts } = this.#run;
    counts.failed += state.failed.length - before.failed.length;
    for (const name of ['done', 'already', 'bytes'] as const) {
      counts[name] += state.counts[name] - before.counts[name];
    }
  }

  #record(outcome: Outcome): void {
    this.#become(settle(this.#state, outcome, this.#run.clock.now()));
    if (outcome.state !== 'failed') return;
    const item = this.#lines[outcome.index]?.item;
    this.#run.tell({
      what: 'item-failed',
      shard: this.#lease.shard,
      item: item === undefined ? `line ${outcome.index + 1}` : this.#run.kind.nameOf(item.parsed),
      ...present({ code: outcome.code }),
    });
  }
}

function parseItem(kind: Run['kind'], value: unknown): Line['item'] {
  if (value === undefined) return undefined;
  try {
    return { parsed: kind.parse(value) };
  } catch {
    return undefined;
  }
}
