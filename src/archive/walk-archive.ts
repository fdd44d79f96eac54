import { createHash } from 'node:crypto';
import type { Budget } from '../clock.ts';
import type { ObjectStore } from '../ports.ts';
import type { DayRange } from './find-recording.ts';
import { datePrefixes, keyOfReceipt, MEDIA_PREFIX, parseObjectKey, RECEIPT_PREFIX } from './object-key.ts';

/** A part of the archive that is the same whenever it is chosen with the same seed. */
export interface Sample {
  /** Above 0, at most 1. */
  readonly share: number;
  readonly seed: string;
}

export interface WalkOptions {
  readonly range?: DayRange;
  readonly sample?: Sample | undefined;
  /** Only keys after this one. */
  readonly after?: string | undefined;
}

const DAY_MS = 86_400_000;
/** A longer range is listed as a whole and filtered, instead of day by day. */
const MOST_DAYS = 400;
/** `archive/` and `YYYY/MM/DD` */
const DAY_LENGTH = 'YYYY/MM/DD'.length;

/**
 * The key of every object that is there, or that a receipt says should be, in ascending order, each once. One day of keys is held
 * in memory. Where both are listed, what was archived while the walk went on may be missing.
 */
export async function* walkArchive(
  store: ObjectStore,
  options: WalkOptions,
  budget: Budget,
): AsyncGenerator<string, void, undefined> {
  const { range = {}, sample, after } = options;
  for (const prefix of prefixesOf(range)) {
    for await (const day of joinDays(store, prefix, budget)) {
      for (const key of [...day].sort()) {
        if ((after === undefined || key > after) && isWithin(key, range) && isSampled(key, sample)) yield key;
      }
    }
  }
}

/** Evenly spread whatever the keys are: the first 48 bits of SHA-256(seed ‖ 0 ‖ key), as a fraction. Pure. */
export function isSampled(key: string, sample: Sample | undefined): boolean {
  if (sample === undefined) return true;
  const digest = createHash('sha256').update(`${sample.seed}\0${key}`).digest();
  // the largest fraction there is lies below 1, so that a share of 1 is everything
  return digest.readUIntBE(0, 6) / 2 ** 48 < sample.share;
}

/** Without the prefix of the room: the same for objects and receipts. */
function prefixesOf({ from = -Infinity, to = Infinity }: DayRange): Iterable<string> {
  return to - from < MOST_DAYS * DAY_MS
    ? [...datePrefixes(from, to)].map((prefix) => prefix.slice(MEDIA_PREFIX.length))
    : [''];
}

function isWithin(key: string, { from = -Infinity, to = Infinity }: DayRange): boolean {
  const day = Date.parse(`${parseObjectKey(key)?.date}T00:00:00Z`);
  return day + DAY_MS > from && day <= to;
}

/** Both listings are in order of their days, not of their names within a day: `.enc` and `.json` sort differently. */
async function* joinDays(
  store: ObjectStore,
  prefix: string,
  budget: Budget,
): AsyncGenerator<ReadonlySet<string>, void, undefined> {
  const objects = groupByDay(store, MEDIA_PREFIX + prefix, (key) => parseObjectKey(key) && key, budget);
  const receipts = groupByDay(store, RECEIPT_PREFIX + prefix, keyOfReceipt, budget);
  try {
    let one = await objects.next();
    let other = await receipts.next();
    while (one.done !== true || other.done !== true) {
      const days = [one, other].flatMap(({ value }) => (value ? [value.day] : []));
      const [day] = days.sort();
      const keys = new Set<string>();
      if (one.done !== true && one.value.day === day) {
        for (const key of one.value.keys) keys.add(key);
        one = await objects.next();
      }
      if (other.done !== true && other.value.day === day) {
        for (const key of other.value.keys) keys.add(key);
        other = await receipts.next();
      }
      yield keys;
    }
  } finally {
    // whoever stops early ends both listings with it: a directory stays open as long as it is being listed
    await Promise.all([objects.return(), receipts.return()]);
  }
}

interface Day {
  readonly day: string;
  readonly keys: readonly string[];
}

async function* groupByDay(
  store: ObjectStore,
  prefix: string,
  toObjectKey: (key: string) => string | undefined,
  budget: Budget,
): AsyncGenerator<Day, void, undefined> {
  let current: { day: string; keys: string[] } | undefined;
  for await (const { key } of store.list(prefix, budget)) {
    const objectKey = toObjectKey(key);
    if (objectKey === undefined) continue;
    const day = objectKey.slice(MEDIA_PREFIX.length, MEDIA_PREFIX.length + DAY_LENGTH);
    if (current?.day !== day) {
      if (current !== undefined) yield current;
      current = { day, keys: [] };
    }
    current.keys.push(objectKey);
  }
  if (current !== undefined) yield current;
}
