/** Finds shards that this runner may work on. */
import { ArchiveError } from '../../errors.ts';
import type { RunEnd } from '../requests.ts';
import {
  cursorsPrefix,
  donePrefix,
  leasesPrefix,
  parseCursorKey,
  parseDoneKey,
  parseLeaseKey,
} from '../keys.ts';
import { Lease } from '../lease.ts';
import { judgeLease, type LeaseSight } from '../lease-policy.ts';
import type { Run } from '../run-context.ts';

export type NextShard =
  | { readonly lease: Lease }
  /** All shards are finished. */
  | { readonly end: 'over' }
  /** Nothing is free: `busy` where other runners hold what is left, `resting` where it has to wait. */
  | { readonly end: Extract<RunEnd, 'busy' | 'resting'>; readonly waitMs: number };

/** A shard that was looked at and could not be taken. */
interface Seen {
  readonly signature: string;
  /** Own time since when it looks like that. */
  readonly since: number;
  /** Own time before which it is not looked at again. */
  readonly skipUntil: number;
  readonly resting: boolean;
}

interface Sight extends LeaseSight {
  readonly signature: string;
}

export class ShardFinder {
  readonly #run: Run;
  readonly #finished: Uint8Array;
  readonly #mine = new Set<number>();
  readonly #seen = new Map<number, Seen>();
  #first = 0;
  #listed = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(run: Run) {
    this.#run = run;
    this.#finished = new Uint8Array(run.plan.totals.shards);
  }

  /** One worker at a time looks. */
  find(): Promise<NextShard> {
    const found = this.#turn.then(() => this.#find());
    this.#turn = found.catch(() => undefined);
    return found;
  }

  /** The worker has left the shard. @param skipMs it is not looked at for so long. */
  left(shard: number, how: 'finished' | 'given-back', skipMs = 0): void {
    this.#mine.delete(shard);
    if (how === 'finished') this.#finish(shard);
    if (skipMs > 0) {
      const now = this.#run.clock.now();
      this.#seen.set(shard, { signature: '', since: now, skipUntil: now + skipMs, resting: true });
    }
  }

  async #find(): Promise<NextShard> {
    const { clock, timing } = this.#run;
    const now = clock.now();
    if (!this.#listed) {
      await this.#listFinished();
      this.#listed = true;
    }
    let wait: { readonly waitMs: number; readonly resting: boolean } | undefined;
    let others = false;
    const consider = (waitMs: number, resting: boolean) => {
      if (wait === undefined || waitMs < wait.waitMs) wait = { waitMs, resting };
      if (!resting) others = true;
    };
    const { shards } = this.#run.plan.totals;
    for (let shard = this.#first; shard < shards; shard += 1) {
      if (this.#finished[shard] === 1 || this.#mine.has(shard)) continue;
      const seen = this.#seen.get(shard);
      if (seen !== undefined && seen.skipUntil > now) {
        consider(seen.skipUntil - now, seen.resting);
        continue;
      }
      if (this.#run.mayNot() !== undefined) break;
      const lease = await this.#tryShard(shard);
      if (lease !== undefined) {
        this.#mine.add(shard);
        this.#seen.delete(shard);
        return { lease };
      }
      const after = this.#seen.get(shard);
      if (after !== undefined) consider(Math.max(0, after.skipUntil - now), after.resting);
    }
    if (this.#first >= shards) return { end: 'over' };
    if (this.#mine.size > 0) others = true;
    // the runner that finishes last must see that it was the last
    await this.#listFinished();
    if (this.#first >= shards) return { end: 'over' };
    return { end: others ? 'busy' : 'resting', waitMs: wait?.waitMs ?? timing.lookMs };
  }

  async #listFinished(): Promise<void> {
    const { store, io, plan } = this.#run;
    for await (const { key } of store.list(donePrefix(plan.id), io)) {
      const marker = parseDoneKey(key);
      if (marker !== undefined) this.#finish(marker.shard);
    }
  }

  #finish(shard: number): void {
    if (shard >= this.#finished.length) return;
    this.#finished[shard] = 1;
    this.#seen.delete(shard);
    while (this.#finished[this.#first] === 1) this.#first += 1;
  }

  async #tryShard(shard: number): Promise<Lease | undefined> {
    const run = this.#run;
    const { store, io, plan, clock, timing } = run;
    for await (const { key } of store.list(donePrefix(plan.id, shard), io)) {
      if (parseDoneKey(key) === undefined) continue;
      this.#finish(shard);
      return undefined;
    }
    const sight = await this.#look(shard);
    const now = clock.now();
    const before = this.#seen.get(shard);
    const since = sight !== undefined && before?.signature === sight.signature ? before.since : now;
    const answer = judgeLease({
      sight,
      storeNow: sight === undefined ? undefined : await run.storeNow(),
      unchangedMs: now - since,
      leaseMs: timing.leaseMs,
    });
    if ('take' in answer) {
      const lease = await Lease.take(run, { shard, turn: answer.take });
      if (lease !== undefined) return lease;
    }
    const resting = sight?.released === true && 'waitMs' in answer;
    const waitMs = 'waitMs' in answer ? answer.waitMs : timing.lookMs;
    // one that is held may be finished or given back early; one that rests is not
    const skipUntil = now + (resting ? waitMs : Math.min(waitMs, timing.lookMs));
    this.#seen.set(shard, { signature: sight?.signature ?? '', since, skipUntil, resting });
    return undefined;
  }

  async #look(shard: number): Promise<Sight | undefined> {
    const { store, io, plan } = this.#run;
    let newest: { readonly key: string; readonly turn: number; readonly lastModified: number } | undefined;
    for await (const { key, lastModified } of store.list(leasesPrefix(plan.id, shard), io)) {
      const turn = parseLeaseKey(key);
      if (turn !== undefined && turn > (newest?.turn ?? 0)) newest = { key, turn, lastModified };
    }
    if (newest === undefined) return undefined;
    const { turn } = newest;
    const lease = await store.getJson(newest.key, io).catch(unlessMalformed);
    const rest = lease?.['restMs'];
    const restMs = typeof rest === 'number' && rest >= 0 ? rest : 0;
    if (lease?.['released'] === true) {
      return { turn, released: true, restMs, lastSign: newest.lastModified, signature: newest.key };
    }
    let sign = newest.key;
    let lastSign = newest.lastModified;
    for await (const { key, lastModified } of store.list(cursorsPrefix(plan.id, shard), io)) {
      if (parseCursorKey(key)?.turn !== turn) continue;
      sign = key;
      lastSign = Math.max(lastSign, lastModified);
    }
    return { turn, released: false, restMs: 0, lastSign, signature: sign };
  }
}

/** A lease that cannot be read counts as held. */
function unlessMalformed(error: unknown): undefined {
  if (error instanceof ArchiveError && error.code === 'OBJECT_MALFORMED') return undefined;
  throw error;
}
