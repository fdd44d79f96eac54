/** How fast a job goes and when it may end. Pure: takes the time. */

const MINUTE_MS = 60_000;
/** Minutes that are looked back on. */
const HISTORY_MINUTES = 6 * 60;
/** The weight of a minute halves with every so many that have passed since. */
const HALF_LIFE_MINUTES = 15;
/** The rates of spans of so many minutes are compared for the range. */
const SPAN_MINUTES = 10;
/** Before either, an estimate would be a guess. */
const MIN_ITEMS = 200;
const MIN_SPAN_MS = 2 * MINUTE_MS;

/** Items that were settled within the `seconds` before `at`. */
export interface WorkSample {
  /** Epoch ms. */
  readonly at: number;
  readonly seconds: number;
  readonly items: number;
  readonly bytes: number;
}

export interface Estimate {
  readonly itemsPerMinute: number;
  readonly bytesPerMinute: number;
  /** ms until the job is over, at the best and the worst of the last hours. `worst` is absent where nothing moved in the worst of them. */
  readonly left: { readonly best: number; readonly likely: number; readonly worst?: number };
}

/** Adds samples up by the minute; its size does not depend on their number. */
export class WorkHistory {
  readonly #now: number;
  readonly #items = new Float64Array(HISTORY_MINUTES);
  readonly #bytes = new Float64Array(HISTORY_MINUTES);
  #total = 0;
  #earliest = Number.POSITIVE_INFINITY;

  /** @param now epoch ms. */
  constructor(now: number) {
    this.#now = now;
  }

  add({ at, seconds, items, bytes }: WorkSample): void {
    // a store whose clock is ahead
    const end = Math.min(at, this.#now);
    const spanMs = Math.max(1_000, Math.min(seconds * 1000, HISTORY_MINUTES * MINUTE_MS));
    const begin = end - spanMs;
    this.#total += items;
    this.#earliest = Math.min(this.#earliest, begin);
    const newest = this.#minuteOf(end);
    const oldest = this.#minuteOf(begin);
    for (let minute = Math.max(0, newest); minute <= Math.min(oldest, HISTORY_MINUTES - 1); minute += 1) {
      const upper = this.#now - minute * MINUTE_MS;
      const share = (Math.min(end, upper) - Math.max(begin, upper - MINUTE_MS)) / spanMs;
      if (share <= 0) continue;
      this.#items[minute] = (this.#items[minute] ?? 0) + items * share;
      this.#bytes[minute] = (this.#bytes[minute] ?? 0) + bytes * share;
    }
  }

  /** `undefined` before 200 items or two minutes, and where nothing was settled in the last six hours. */
  estimate(itemsLeft: number): Estimate | undefined {
    const age = this.#now - this.#earliest;
    if (this.#total === 0 || (this.#total < MIN_ITEMS && age < MIN_SPAN_MS)) return undefined;
    // the last minute is whole for what began longer ago
    const minutes = Math.max(1, Math.min(HISTORY_MINUTES, Math.ceil(age / MINUTE_MS)));
    const span = age < MINUTE_MS ? age / MINUTE_MS : 1;
    const itemsPerMinute = average(this.#items, minutes) / span;
    if (itemsPerMinute <= 0) return undefined;
    const rates = spansOf(this.#items, minutes).map((rate) => rate / span);
    const slow = Math.min(itemsPerMinute, percentile(rates, 0.1));
    const fast = Math.max(itemsPerMinute, percentile(rates, 0.9));
    const msLeft = (rate: number) => Math.round((itemsLeft / rate) * MINUTE_MS);
    return {
      itemsPerMinute,
      bytesPerMinute: average(this.#bytes, minutes) / span,
      left: {
        best: msLeft(fast),
        likely: msLeft(itemsPerMinute),
        ...(slow > 0 ? { worst: msLeft(slow) } : {}),
      },
    };
  }

  /** Whole minutes before now. */
  #minuteOf(at: number): number {
    return Math.floor((this.#now - at) / MINUTE_MS);
  }
}

/** The mean of the newest `minutes`, weighted by their age. */
function average(values: Float64Array, minutes: number): number {
  let sum = 0;
  let weights = 0;
  for (let minute = 0; minute < minutes; minute += 1) {
    const weight = 2 ** (-minute / HALF_LIFE_MINUTES);
    sum += (values[minute] ?? 0) * weight;
    weights += weight;
  }
  return sum / weights;
}

/** Mean rates of whole spans, newest first; of one shorter span where there is no whole one. */
function spansOf(values: Float64Array, minutes: number): number[] {
  const length = Math.min(SPAN_MINUTES, minutes);
  const rates: number[] = [];
  for (let from = 0; from + length <= minutes; from += length) {
    let sum = 0;
    for (let minute = from; minute < from + length; minute += 1) sum += values[minute] ?? 0;
    rates.push(sum / length);
  }
  return rates;
}

/** By the nearest rank. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? 0;
}
