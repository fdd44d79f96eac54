/** A shard that this runner holds. */
import type { ArchiveError } from '../errors.ts';
import { leaseKey, type ShardTurn } from './keys.ts';
import { mustRenew } from './lease-policy.ts';
import { jsonBytes } from './patient-store.ts';
import type { Run } from './run-context.ts';
import { present } from '../present.ts';

export class Lease implements ShardTurn {
  readonly shard: number;
  #turn: number;
  /** Own time before the latest write that others see. */
  #lastSign: number;
  #lost = false;
  readonly #run: Run;

  private constructor(run: Run, shard: number, turn: number, lastSign: number) {
    this.#run = run;
    this.shard = shard;
    this.#turn = turn;
    this.#lastSign = lastSign;
  }

  get turn(): number {
    return this.#turn;
  }

  get isLost(): boolean {
    return this.#lost;
  }

  /** Takes a turn. @returns `undefined` when another runner was faster. */
  static async take(run: Run, { shard, turn }: ShardTurn): Promise<Lease | undefined> {
    const at = run.clock.now();
    return (await write(run, { shard, turn }, {})) ? new Lease(run, shard, turn, at) : undefined;
  }

  /** Says that a sign of life was written; `at` is the own time before the write. */
  signed(at: number): void {
    this.#lastSign = at;
  }

  /** Takes the next turn where it is time. @returns false when another runner has it. */
  async keep(): Promise<boolean> {
    if (this.#lost) return false;
    const at = this.#run.clock.now();
    if (!mustRenew(this.#lastSign, at, this.#run.timing)) return true;
    if (await write(this.#run, { shard: this.shard, turn: this.#turn + 1 }, {})) {
      this.#turn += 1;
      this.#lastSign = at;
      return true;
    }
    this.#lost = true;
    this.#run.tell({ what: 'lost-lease', shard: this.shard });
    return false;
  }

  /** Gives the shard back: another runner may take it once it has rested. */
  async release(restMs: number, why?: ArchiveError): Promise<void> {
    if (this.#lost) return;
    const more = { released: true, restMs, ...present({ code: why?.code }) };
    await write(this.#run, { shard: this.shard, turn: this.#turn + 1 }, more);
    this.#lost = true;
  }
}

/** @returns whether the turn is this runner's. */
async function write(run: Run, at: ShardTurn, more: object): Promise<boolean> {
  const { store, io, owner, clock, timing, plan } = run;
  const key = leaseKey(plan.id, at.shard, at.turn);
  // `until` is for people; no runner compares it with a clock
  const until = new Date(clock.now() + timing.leaseMs).toISOString();
  const nonce = Math.floor(clock.random() * 2 ** 48).toString(36);
  const result = await store.put(key, jsonBytes({ owner, until, nonce, ...more }), io);
  if (result.outcome === 'stored') {
    run.learnStoreTime(result.lastModified);
    return true;
  }
  // it may stand there because an attempt of this very call was stored and its answer lost
  return (await store.getJson(key, io))?.['nonce'] === nonce;
}
