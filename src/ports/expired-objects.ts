import type { Budget } from '../clock.ts';

/** Tells objects that a rule of retention has let go from those that are missing. Asked only about objects that are not there. */
export interface ExpiredObjects {
  /**
   * Which objects of a day a recorded rule lets go by now, with the time (epoch ms) from which on it did. One that a hold is on, or was
   * on since then, is not among them.
   *
   * @param day of the objects' keys, `YYYY-MM-DD`.
   * @throws `HOLD_DAMAGED` where it cannot be told what is held; `STORE_*`.
   */
  of(day: string, budget: Budget): Promise<ReadonlyMap<string, number>>;
}
