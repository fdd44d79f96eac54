import { unlimited } from '../../src/clock.ts';
import { silentLogger } from '../../src/log.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { type SweptRecord, sweepKeyRecords } from '../../src/rekey/sweep-key-records.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import { brokenKeys } from './key-invariants.ts';
import { PROMPT_CALLER } from './memory-s3.ts';
import type { SimulatedTime } from './simulated-time.ts';
import type { World } from './world.ts';
import { signingKeys } from './world.ts';

const DAY_MS = 86_400_000;
const EVERY_MS = 7 * 60_000;

/** `gc` at work on the key records of a world while others write, and once more after they have come to rest. */
export class Sweeping {
  readonly #world: World;
  readonly #time: SimulatedTime;
  /** The clock is a day ahead: every record looks old enough. */
  readonly #early: boolean;
  readonly #wrong: string[] = [];
  #over = false;

  constructor(world: World, time: SimulatedTime, early: boolean) {
    this.#world = world;
    this.#time = time;
    this.#early = early;
  }

  begin(): void {
    this.#time.schedule(EVERY_MS, () => {
      if (!this.#over) void this.#round();
    });
  }

  async #round(): Promise<void> {
    const swept = await this.#sweep(this.#early ? DAY_MS + 1 : 0);
    if (!this.#early && swept.some(({ removed }) => removed))
      this.#wrong.push('I11 a young record was swept');
    this.begin();
  }

  /** What is wrong once nobody writes any more: a record that an object needs was swept, or one that none needs was not. */
  async end(): Promise<string[]> {
    this.#over = true;
    // as the rule of the bucket does: an upload that nobody ends keeps the records of its key until then
    this.#world.s3.uploads.clear();
    await this.#sweep(DAY_MS + 1);
    const { objects } = this.#world.s3;
    const count = (prefix: string) => [...objects.keys()].filter((key) => key.startsWith(prefix)).length;
    const needed = count('archive/') + count('context/');
    if (count('keys/') !== needed)
      this.#wrong.push(`I11 ${count('keys/')} key records for ${needed} objects`);
    return [...this.#wrong, ...brokenKeys(this.#world.s3)];
  }

  async #sweep(aheadMs: number): Promise<SweptRecord[]> {
    const { s3 } = this.#world;
    const now = () => this.#time.now + aheadMs;
    const clock = { ...this.#time.clock, now };
    const store: ObjectStore = {
      ...createS3Store({ client: s3.client(PROMPT_CALLER), bucket: 'bucket', clock, logger: silentLogger }),
      list: async function* list(prefix) {
        for (const [key, { size, lastModified }] of [...s3.objects].sort(([a], [b]) => (a < b ? -1 : 1)))
          if (key.startsWith(prefix)) yield { key, size, lastModified };
      },
      listUploads: async function* listUploads() {
        for (const [id, { key }] of s3.uploads) yield { key, id, startedAt: 0 };
      },
    };
    const records = {
      remove: ({ key }: { readonly key: string }) => {
        s3.objects.delete(key);
        return Promise.resolve('removed' as const);
      },
    };
    const swept: SweptRecord[] = [];
    const options = { minAgeMs: 0, dryRun: false };
    for await (const one of sweepKeyRecords({ store, records, clock, keys: signingKeys }, options, unlimited))
      swept.push(one);
    return swept;
  }
}
