import { createHash } from 'node:crypto';
import type { Budget } from '../clock.ts';
import type { ObjectStore } from '../ports.ts';
import {
  DATE_LAYOUT,
  type DayRange,
  isWithin,
  type Layout,
  objectOfReceipt,
  prefixesWithin,
  withQuarantined,
} from '../record/layout.ts';
import { receiptPrefix } from '../record/object-key.ts';

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
  /** Midnights, epoch ms: only recordings of these UTC days, and only they are listed where the layout lets them. */
  readonly days?: ReadonlySet<number> | undefined;
  /** Only keys of which this is true. */
  readonly isMeant?: ((key: string) => boolean) | undefined;
}

/**
 * The key of every object that is there, or that a receipt says should be, in ascending order, each once. The keys of one folder, in
 * the layout of the tutorial one day, are held in memory. Where both are listed, what was archived while the walk went on may be
 * missing.
 */
export async function* walkArchive(
  store: ObjectStore,
  options: WalkOptions,
  budget: Budget,
): AsyncGenerator<string, void, undefined> {
  const { range = {}, sample, after = '', days, isMeant } = options;
  const { layout = DATE_LAYOUT } = range;
  const isWanted = (key: string) => {
    const date = layout.parse(key)?.date ?? '';
    if (key <= after || !isWithin(date, range) || isMeant?.(key) === false) return false;
    return days === undefined || days.has(Date.parse(`${date}T00:00:00Z`));
  };
  const prefixes =
    days === undefined
      ? prefixesWithin(range)
      : withQuarantined([...new Set([...days].map((day) => layout.prefixOf(day)))], layout);
  // in the order of keys, where days without leading zeros are not in that of the calendar
  for (const prefix of prefixes.toSorted()) {
    for await (const folder of joinFolders(store, layout, prefix, budget)) {
      for (const key of [...folder].sort()) if (isWanted(key) && isSampled(key, sample)) yield key;
    }
  }
}

/** Evenly spread over any keys: the first 48 bits of SHA-256(seed ‖ 0 ‖ key), as a fraction. Pure. */
export function isSampled(key: string, sample: Sample | undefined): boolean {
  if (sample === undefined) return true;
  const digest = createHash('sha256').update(`${sample.seed}\0${key}`).digest();
  // the largest fraction there is lies below 1, so that a share of 1 is everything
  return digest.readUIntBE(0, 6) / 2 ** 48 < sample.share;
}

/**
 * Both listings are in the order of their folders, because all keys of a layout are equally deep, but not of their names within one:
 * `.enc` and `.json` sort differently.
 */
async function* joinFolders(
  store: ObjectStore,
  layout: Layout,
  prefix: string,
  budget: Budget,
): AsyncGenerator<ReadonlySet<string>, void, undefined> {
  const ownKey = (key: string) => (layout.parse(key) === undefined ? undefined : key);
  // below the root of all receipts stand those of other prefixes, too
  const ofReceipt = (key: string) => {
    const object = objectOfReceipt(layout, key);
    return object?.startsWith(prefix) === true ? object : undefined;
  };
  const objects = groupByFolder(store, prefix, ownKey, budget);
  const receipts = groupByFolder(store, receiptPrefix(prefix), ofReceipt, budget);
  try {
    let one = await objects.next();
    let other = await receipts.next();
    while (one.done !== true || other.done !== true) {
      const names = [one, other].flatMap(({ done, value }) => (done === true || !value ? [] : [value.name]));
      const [name] = names.sort();
      const keys = new Set<string>();
      if (one.done !== true && one.value.name === name) {
        for (const key of one.value.keys) keys.add(key);
        one = await objects.next();
      }
      if (other.done !== true && other.value.name === name) {
        for (const key of other.value.keys) keys.add(key);
        other = await receipts.next();
      }
      yield keys;
    }
  } finally {
    // a caller that stops early ends both listings: a directory stays open as long as it is listed
    await Promise.all([objects.return(), receipts.return()]);
  }
}

interface Folder {
  /** With the slash at its end, as it counts in the order of the listing. */
  readonly name: string;
  readonly keys: readonly string[];
}

async function* groupByFolder(
  store: ObjectStore,
  prefix: string,
  toObjectKey: (key: string) => string | undefined,
  budget: Budget,
): AsyncGenerator<Folder, void, undefined> {
  let current: { name: string; keys: string[] } | undefined;
  for await (const { key } of store.list(prefix, budget)) {
    const objectKey = toObjectKey(key);
    if (objectKey === undefined) continue;
    const name = objectKey.slice(0, objectKey.lastIndexOf('/') + 1);
    if (current?.name !== name) {
      if (current !== undefined) yield current;
      current = { name, keys: [] };
    }
    current.keys.push(objectKey);
  }
  if (current !== undefined) yield current;
}
