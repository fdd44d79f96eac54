import { abortReason, type Clock } from '../../src/clock.ts';

interface Entry {
  at: number;
  readonly order: number;
  readonly act: () => void;
}

/** What `setTimeout` gives: enough of it for what the product does with it. */
export interface SimulatedTimer {
  refresh(): SimulatedTimer;
  ref(): SimulatedTimer;
  unref(): SimulatedTimer;
  hasRef(): boolean;
  close(): SimulatedTimer;
}

/**
 * Time that passes only when everybody waits, and then to the earliest of what is waited for. Everything that happens in a
 * simulation is an entry of one agenda, so that the same random numbers give the same order of events, always.
 */
export class SimulatedTime {
  now: number;
  readonly random: () => number;
  #agenda: Entry[] = [];
  #order = 0;

  /** @param random decides the jitter of the clock; everything else draws from it at its own places. */
  constructor(start: number, random: () => number) {
    this.now = start;
    this.random = random;
  }

  /** @returns what takes it off the agenda again. */
  schedule(delayMs: number, act: () => void): () => void {
    const entry = { at: this.now + Math.max(0, Math.round(delayMs)), order: this.#order, act };
    this.#order += 1;
    this.#agenda.push(entry);
    return () => this.#remove(entry);
  }

  readonly clock: Clock = {
    now: () => this.now,
    random: () => this.random(),
    sleep: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(abortReason(signal));
          return;
        }
        const cancel = this.schedule(ms, () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        });
        const onAbort = () => {
          cancel();
          reject(abortReason(signal));
        };
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
  };

  /**
   * Lets time pass until `done`.
   * @param idleTurns turns of the event loop after which nothing but time is waited for: 1 where there is no real I/O.
   * @throws Error when nothing is left that could happen, or `latest` (epoch ms) has come.
   */
  async run(done: () => boolean, latest: number, idleTurns = 1): Promise<void> {
    for (;;) {
      for (let turn = 0; turn < idleTurns; turn += 1) {
        // micro-tasks, and with them every chain of promises, are over before the next turn
        await new Promise((resolve) => setImmediate(resolve));
        if (done()) return;
      }
      const next = this.#earliest();
      if (next === undefined) throw new Error('nothing is left that could happen');
      if (next.at > latest) throw new Error('it is not over in time');
      this.#remove(next);
      this.now = Math.max(this.now, next.at);
      next.act();
    }
  }

  /**
   * Puts the timers and clocks of the whole process on this time until the returned function is called: deadlines and idle
   * timeouts of the product use `setTimeout` itself.
   */
  install(): () => void {
    const cancels = new WeakMap<object, () => void>();
    const fake = (act: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): SimulatedTimer => {
      const arm = () =>
        cancels.set(
          timer,
          this.schedule(ms, () => act(...args)),
        );
      const timer: SimulatedTimer = {
        refresh: () => {
          cancels.get(timer)?.();
          arm();
          return timer;
        },
        ref: () => timer,
        unref: () => timer,
        hasRef: () => false,
        close: () => {
          cancels.get(timer)?.();
          return timer;
        },
      };
      arm();
      return timer;
    };
    const restores: (() => void)[] = [];
    const replace = (target: object, name: string, value: unknown) => {
      const real = Object.getOwnPropertyDescriptor(target, name);
      Object.defineProperty(target, name, { value, configurable: true, writable: true });
      restores.push(() => {
        if (real === undefined) Reflect.deleteProperty(target, name);
        else Object.defineProperty(target, name, real);
      });
    };
    replace(globalThis, 'setTimeout', fake);
    replace(globalThis, 'clearTimeout', (timer: object | undefined) => {
      if (timer !== undefined) cancels.get(timer)?.();
    });
    replace(performance, 'now', () => this.now);
    replace(Date, 'now', () => this.now);
    return () => {
      for (const restore of restores) restore();
    };
  }

  #earliest(): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#agenda) {
      if (
        first === undefined ||
        entry.at < first.at ||
        (entry.at === first.at && entry.order < first.order)
      ) {
        first = entry;
      }
    }
    return first;
  }

  #remove(entry: Entry): void {
    const at = this.#agenda.indexOf(entry);
    if (at >= 0) this.#agenda.splice(at, 1);
  }
}

/** Mulberry32: small, fast, the same everywhere. Uniform in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
