/** Rules of retention in the world of `keeping-world.ts`: what applies them, who extends them, and the bucket that removes by tag. */
import { unlimited } from '../../../src/clock.ts';
import type { ErasePorts } from '../../../src/keep/erase/erase-types.ts';
import { applyRetention } from '../../../src/keep/retention/apply.ts';
import type { RetentionPorts } from '../../../src/keep/retention/examine.ts';
import { extendRetention } from '../../../src/keep/retention/extend.ts';
import { createExpiredObjects, type RemovalNoting } from '../../../src/keep/retention/removal-notes.ts';
import { listHolds } from '../../../src/keep/read-holds.ts';
import { heldKeys } from '../../../src/record/read-hold.ts';
import { HOLD_PREFIX } from '../../../src/record/hold.ts';
import { REMOVAL_TAG } from '../../../src/record/keep-on-write.ts';
import { DATE_LAYOUT } from '../../../src/record/layout.ts';
import { parseRetentionFile } from '../../../src/record/retention-file.ts';
import { DAY_MS } from '../../../src/recording/time.ts';
import { listedOnce } from '../listed-once.ts';
import type { VersionedMemory } from '../versioned-memory.ts';

export const RETENTION_WEAKNESSES = [
  'an application of rules looks for holds once',
  'an extension leaves the tag of a rule',
  'what a rule may remove is not written down',
] as const;

const REMOVE_DAYS = 1;
const RULES = parseRetentionFile(
  `{"schema":"genesys-media-archive/retention/v1","by":"tags","rules":[],"otherwise":{"keep":"0d","remove":"${REMOVE_DAYS}d"}}`,
  'rules',
);

export const dayOf: RemovalNoting['dayOf'] = (key) => DATE_LAYOUT.parse(key)?.date;

export interface RetentionOptions {
  readonly memory: VersionedMemory;
  readonly now: () => number;
  readonly day: string;
  /** Of the recordings, epoch ms. */
  readonly at: number;
  readonly weakness: string | undefined;
  /** The hold that is known to stand on a key. */
  readonly holdOn: (key: string) => string | undefined;
  readonly report: (problem: string) => void;
}

export class RetentionActs {
  /** Removed by the bucket. */
  readonly removed = new Set<string>();
  /** Until when a person was told that it stays. */
  readonly #extended = new Map<string, number>();
  /** Applications that are under way, or were killed: until another one has ended it is not sure what they left. */
  readonly #open = new Map<string, number>();
  /** An extension was begun, which counts from its first note on, whether or not it ended. */
  readonly #begun = new Set<string>();
  readonly #options: RetentionOptions;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  #ports({ store, archive }: ErasePorts): RetentionPorts {
    const { at, weakness, now } = this.#options;
    const leavesTag = weakness === 'an extension leaves the tag of a rule';
    return {
      store:
        weakness === 'an application of rules looks for holds once' ? listedOnce(store, HOLD_PREFIX) : store,
      keys: new Map(),
      versions: leavesTag
        ? {
            ...archive,
            setTag: (key, name, value, budget) =>
              name === REMOVAL_TAG && value === undefined
                ? Promise.resolve('same')
                : archive.setTag(key, name, value, budget),
          }
        : archive,
      rules: RULES,
      noting:
        weakness === 'what a rule may remove is not written down'
          ? undefined
          : { dayOf, signer: () => Promise.resolve(undefined) },
      clock: { now } as RetentionPorts['clock'],
      factsOf: (keys) =>
        Promise.resolve(
          new Map(keys.map((key) => [key, { at, media: 'call', queues: [], divisions: [] }] as const)),
        ),
    };
  }

  async apply(keys: readonly string[], ports: ErasePorts): Promise<void> {
    const before = new Map(keys.map((key) => [key, this.#open.get(key) ?? 0]));
    for (const key of keys) this.#open.set(key, (this.#open.get(key) ?? 0) + 1);
    for await (const _ of applyRetention(this.#ports(ports), keys, unlimited));
    for (const key of keys) {
      const left = (this.#open.get(key) ?? 1) - 1;
      // one that began after all others had ended puts right what they left
      this.#open.set(key, before.get(key) === left ? 0 : left);
    }
  }

  async extend(keys: readonly string[], days: number, ports: ErasePorts): Promise<void> {
    const day = Math.floor(this.#options.now() / DAY_MS + days) * DAY_MS;
    const extension = { day, mode: 'governance' } as const;
    for (const key of keys) this.#begun.add(key);
    for await (const { key, outcome } of extendRetention(this.#ports(ports), keys, extension, unlimited))
      if (outcome === 'tagged' || outcome === 'longer')
        this.#extended.set(key, Math.max(this.#extended.get(key) ?? 0, day + DAY_MS));
  }

  /** As S3 does: by the tag and the time of the write, whatever anybody holds. */
  lifecycle(keys: readonly string[]): void {
    const { memory, now, at } = this.#options;
    for (const key of keys) {
      const object = memory.all.get(key)?.[0];
      const days = Number(memory.tagsOf(key)[REMOVAL_TAG]);
      if (object === undefined || Number.isNaN(days) || memory.isLocked(key)) continue;
      if (now() < (Math.floor(object.stat.lastModified / DAY_MS) + days + 1) * DAY_MS) continue;
      if (now() < at + REMOVE_DAYS * DAY_MS) this.#options.report(`${key} went before its rule lets it go`);
      const why = this.#mustStay(key);
      if (why !== undefined) this.#options.report(`${key} was removed by the bucket, and ${why}`);
      memory.take(key);
      this.removed.add(key);
      this.#extended.delete(key);
    }
  }

  /** An accident: what was to stay must not be taken for what its rule let go. */
  async lose(key: string): Promise<void> {
    const { memory, now, at } = this.#options;
    if (memory.all.get(key) === undefined || memory.isLocked(key)) return;
    const why = now() < at + REMOVE_DAYS * DAY_MS ? 'it was too early' : this.#mustStay(key);
    const expired = await this.#expired();
    if (why !== undefined && expired.has(key))
      this.#options.report(`${key} would be called expired, and ${why}`);
    memory.take(key);
    this.removed.delete(key);
    this.#extended.delete(key);
  }

  /** What the bucket removed is told from what is missing. */
  async verdicts(isErased: (key: string) => boolean): Promise<void> {
    const expired = await this.#expired();
    // one that was told of the rule too late, or was not told for its program was killed, counts as well
    const held = await this.#everHeld();
    for (const key of this.removed) {
      if (this.#options.memory.all.has(key) || isErased(key) || expired.has(key)) continue;
      if (!held.has(key) && !this.#begun.has(key))
        this.#options.report(`${key} was removed by its rule, and is called missing`);
    }
  }

  async #everHeld(): Promise<ReadonlySet<string>> {
    const { store } = this.#options.memory;
    const held = new Set<string>();
    for await (const { hold } of listHolds({ store, keys: new Map() }, unlimited))
      for await (const keys of heldKeys(store, hold, unlimited)) for (const key of keys) held.add(key);
    return held;
  }

  #expired() {
    const { memory, now, day } = this.#options;
    return createExpiredObjects({ store: memory.store, keys: new Map(), clock: { now } }).of(day, unlimited);
  }

  #mustStay(key: string): string | undefined {
    if ((this.#open.get(key) ?? 0) > 0) return undefined;
    const hold = this.#options.holdOn(key);
    if (hold !== undefined) return `${hold} holds it`;
    const until = this.#extended.get(key) ?? 0;
    return this.#options.now() < until ? 'a person has extended it' : undefined;
  }
}
