import type { SimulatedTime } from './simulated-time.ts';

/** What an S3 operation is answered with. `lost`: it took effect, and its sender is not told. */
export type S3Mishap = 'throttled' | 'internal' | 'reset' | 'lost' | 'conflict';

/** What became of a request, seen from the one who sent it. */
export interface RequestFate {
  /** The answer has arrived. */
  answered: boolean;
}

export interface ActorOptions {
  readonly time: SimulatedTime;
  readonly random: () => number;
  /** Chance in [0, 1] that a request meets with a mishap, at the time it is sent. */
  readonly mishapRate: () => number;
  /** Everything takes so many times as long; default 1. */
  readonly slowness?: number;
}

const MISHAPS: readonly S3Mishap[] = ['throttled', 'internal', 'reset', 'lost', 'conflict'];

/** One process: everything it asks of the world takes time, may fail, and is never answered once it has been killed. */
export class Actor {
  alive = true;
  /** It ended without being able to clean up. */
  killed = false;
  readonly options: ActorOptions;
  #abortsFailed = 0;

  constructor(options: ActorOptions) {
    this.options = options;
  }

  kill(): void {
    this.alive = false;
    this.killed = true;
  }

  /** Its work is done; nothing it left running is heard of any more. */
  retire(): void {
    this.alive = false;
  }

  /** With the chance of a mishap times `weight`. */
  strikes(weight = 1): boolean {
    return this.options.random() < this.options.mishapRate() * weight;
  }

  pick<T>(choices: readonly T[]): T {
    const chosen = choices[Math.floor(this.options.random() * choices.length)];
    if (chosen === undefined) throw new Error('there is nothing to choose from');
    return chosen;
  }

  drawS3Mishap(operation: string): S3Mishap | undefined {
    if (!this.strikes()) return undefined;
    if (operation === 'AbortMultipartUpload') {
      // an abort that fails three times is given up, and its upload is left to `gc` and the bucket's lifecycle rule
      this.#abortsFailed = (this.#abortsFailed + 1) % 3;
      if (this.#abortsFailed === 0) return undefined;
    }
    return this.pick(MISHAPS);
  }

  /**
   * One request: it arrives, takes `effect`, and is answered, each after some time.
   * @param mishap what the answer is instead of what `effect` returned.
   */
  async request<T>(
    effect: (delivery: RequestFate) => T,
    mishap?: Error,
    signal?: AbortSignal,
    slowness = 1,
  ): Promise<T> {
    const { time, random } = this.options;
    const longest = 300 * slowness * (this.options.slowness ?? 1);
    const delivery: RequestFate = { answered: false };
    return new Promise<T>((resolve, reject) => {
      if (!this.alive) return;
      const onAbort = () => reject(Object.assign(new Error('aborted'), { name: 'AbortError' }));
      if (signal?.aborted === true) {
        onAbort();
        return;
      }
      signal?.addEventListener('abort', onAbort, { once: true });
      const answer = (give: () => void) =>
        time.schedule(random() * longest, () => {
          if (!this.alive) return;
          signal?.removeEventListener('abort', onAbort);
          if (signal?.aborted !== true) give();
        });
      time.schedule(random() * longest, () => {
        try {
          const value = effect(delivery);
          answer(() => {
            if (mishap !== undefined) {
              reject(mishap);
              return;
            }
            delivery.answered = true;
            resolve(value);
          });
        } catch (error) {
          answer(() => reject(mishap ?? (error as Error)));
        }
      });
    });
  }
}
