import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import {
  type Erasure,
  ERASURE_PREFIX,
  erasureKey,
  MAX_ERASURE_BYTES,
  parseErasure,
  subjectHash,
} from '../record/erasure.ts';
import { getSmall } from '../record/small-object.ts';
import { present } from '../present.ts';
import { forEachOf } from '../for-each-of.ts';

/** What was erased, by tombstone. */
export interface Erased {
  /** Ids of the tombstones of a day, in order. */
  tombstonesOf(day: string): readonly string[];
  isErased(day: string, recordingId: string): boolean;
  /** Days with a tombstone that was stored since then, epoch ms. */
  daysSince(at: number): readonly string[];
}

const READ_AT_ONCE = 16;

export const NOTHING_ERASED: Erased = {
  tombstonesOf: () => [],
  isErased: () => false,
  daysSince: () => [],
};

interface ErasedDay {
  readonly ids: string[];
  readonly recordings: Set<string>;
  storedAt: number;
}

/** Tombstones that were read before, by key: each is written once, and is not read again. */
export type KnownTombstones = Map<string, Pick<Erasure, 'id' | 'day' | 'recording'>>;

/**
 * Reads all tombstones that are not known yet. One that cannot be read ends it: without it, what it erased would appear again.
 *
 * @throws `OBJECT_MALFORMED` (not retryable); what the store throws.
 */
export async function readErased(
  store: ObjectStore,
  budget: Budget,
  known: KnownTombstones = new Map(),
): Promise<Erased> {
  const days = new Map<string, ErasedDay>();
  const listed: { readonly key: string; readonly lastModified: number }[] = [];
  for await (const { key, lastModified } of store.list(ERASURE_PREFIX, budget))
    listed.push({ key, lastModified });
  await forEachOf(listed, READ_AT_ONCE, async ({ key, lastModified }) => {
    const json = await getSmall(store, key, MAX_ERASURE_BYTES, budget);
    const tombstone = json === undefined ? undefined : parseErasure(json);
    if (tombstone === undefined || erasureKey(tombstone.id) !== key)
      throw new ArchiveError('OBJECT_MALFORMED', `${key} is not the tombstone of an erasure`);
    const day = days.get(tombstone.day) ?? { ids: [], recordings: new Set(), storedAt: 0 };
    day.ids.push(tombstone.id);
    if (tombstone.recording !== undefined) day.recordings.add(tombstone.recording);
    day.storedAt = Math.max(day.storedAt, lastModified);
    days.set(tombstone.day, day);
  });
  for (const { ids } of days.values()) ids.sort();
  return {
    tombstonesOf: (day) => days.get(day)?.ids ?? [],
    isErased: (day, recordingId) => days.get(day)?.recordings.has(subjectHash(recordingId)) ?? false,
    daysSince: (at) => [...days].filter(([, { storedAt }]) => storedAt >= at).map(([day]) => day),
  };
}

async function readTombstone(store: ObjectStore, key: string, budget: Budget) {
  const json = await getSmall(store, key, MAX_ERASURE_BYTES, budget);
  const tombstone = json === undefined ? undefined : parseErasure(json);
  if (tombstone === undefined || erasureKey(tombstone.id) !== key)
    throw new ArchiveError('OBJECT_MALFORMED', `${key} is not the tombstone of an erasure`);
  const { id, day, recording } = tombstone;
  return { id, day, ...present({ recording }) };
}
