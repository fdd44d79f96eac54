import { SimulatorError } from '../simulator-error.ts';
import { drawFor } from './draw.ts';

const DAY_MS = 86_400_000;
/** Calls come between 7 and 21 o'clock UTC. */
const OPENS_MS = 7 * 3_600_000;
const OPEN_MS = 14 * 3_600_000;
/** The last one of a busy day begins so late that it may end on the next. */
const LAST_START_MS = DAY_MS - 90_000;
const BUSY = 10;
const MAX_DAYS = 40_000;

export interface DaysOptions {
  readonly from: string;
  readonly to: string;
  readonly emptyDay?: string | undefined;
  readonly late?: { readonly day: string } | undefined;
}

/** Which conversation began when: the order of places is the order of time. */
export class PastDays {
  readonly #first: number;
  readonly #seed: number;
  /** Number of conversations before each day, and in all. */
  readonly #before: readonly number[];

  /** @throws SimulatorError when a day makes no sense. */
  constructor({ from, to, emptyDay, late }: DaysOptions, conversations: number, seed: number) {
    this.#first = parseDay(from, 'from');
    const days = (parseDay(to, 'to') - this.#first) / DAY_MS + 1;
    if (days < 1) throw new SimulatorError(`the past: it ends (${to}) before it begins (${from})`);
    if (days > MAX_DAYS) throw new SimulatorError(`the past: at most ${MAX_DAYS} days`);
    this.#seed = seed;
    const empty = emptyDay === undefined ? -1 : this.#dayOf(emptyDay, days, 'the empty day');
    if (late !== undefined) this.#dayOf(late.day, days, 'the late day');
    const weights = Array.from({ length: days }, (_, day) => (day === empty ? 0 : this.#weightOf(day)));
    const total = weights.reduce((sum, one) => sum + one, 0);
    if (total === 0) throw new SimulatorError('the past: its only day is the empty one');
    let sum = 0;
    const before = [0];
    for (const weight of weights) {
      sum += weight;
      before.push(Math.round((conversations * sum) / total));
    }
    this.#before = before;
  }

  /** Epoch ms. */
  startOf(index: number): number {
    const day = this.#dayAt(index);
    const [first = 0, next = 0] = this.#before.slice(day, day + 2);
    const [place, count] = [index - first, next - first];
    const start = this.#first + day * DAY_MS;
    if (count >= BUSY && place === count - 1) return start + LAST_START_MS;
    const share = (place + drawFor(this.#seed, index)('start')) / count;
    return start + OPENS_MS + Math.floor(share * OPEN_MS);
  }

  /** Place of the first conversation that began at or after `time`. */
  firstFrom(time: number): number {
    const day = Math.floor((time - this.#first) / DAY_MS);
    if (day < 0) return 0;
    let [low = 0, high] = this.#before.slice(day, day + 2);
    if (high === undefined) return this.#before.at(-1) ?? 0;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.startOf(middle) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  isOn(day: string, time: number): boolean {
    const start = Date.parse(`${day}T00:00:00Z`);
    return time >= start && time < start + DAY_MS;
  }

  counts(): ReadonlyMap<string, number> {
    const days = this.#before.slice(1).map((end, day) => {
      const name = new Date(this.#first + day * DAY_MS).toISOString().slice(0, 10);
      return [name, end - (this.#before[day] ?? 0)] as const;
    });
    return new Map(days);
  }

  /** Saturdays are quieter, Sundays more so, and no two days are the same. */
  #weightOf(day: number): number {
    const weekday = new Date(this.#first + day * DAY_MS).getUTCDay();
    const usual = weekday === 0 ? 0.2 : weekday === 6 ? 0.4 : 1;
    return usual * (0.85 + 0.3 * drawFor(this.#seed, day)('weight'));
  }

  #dayAt(index: number): number {
    let [low, high] = [0, this.#before.length - 2];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#before[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #dayOf(text: string, days: number, what: string): number {
    const day = (parseDay(text, what) - this.#first) / DAY_MS;
    if (day < 0 || day >= days) throw new SimulatorError(`the past: ${what} ${text} is not one of its days`);
    return day;
  }
}

function parseDay(text: string, what: string): number {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isFinite(time) && new Date(time).toISOString().startsWith(text)) return time;
  throw new SimulatorError(`the past: ${what} is not a day such as 2026-01-31`);
}
