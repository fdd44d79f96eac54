/** What lies in the store under one day: receipts and objects, as two listings show them. */
import type { Budget } from '../../clock.ts';
import type { ObjectStore, ObjectSummary } from '../../ports.ts';
import { canonicalId } from '../../recording/id.ts';
import { type Layout, objectOfReceipt } from '../../record/layout.ts';
import { receiptPrefix } from '../../record/object-key.ts';
import { isQuarantineKey, quarantineKey } from '../../record/quarantine/key.ts';
import { startOf } from './calendar.ts';

export interface DayListing {
  /** Receipts by the key of their object. */
  readonly receipts: ReadonlyMap<string, ObjectSummary>;
  /** Objects by their key. */
  readonly objects: ReadonlyMap<string, ObjectSummary>;
  /** Canonical ids of recordings that wait in quarantine: the log gets their receipts once they are released. */
  readonly quarantined: ReadonlySet<string>;
}

/** Lists a day. @param day `YYYY-MM-DD`. */
export async function listDay(
  store: ObjectStore,
  layout: Layout,
  day: string,
  budget: Budget,
): Promise<DayListing> {
  const prefix = layout.prefixOf(startOf(day));
  const isOfDay = (key: string) => layout.parse(key)?.date === day;
  const objects = new Map<string, ObjectSummary>();
  for await (const found of store.list(prefix, budget)) if (isOfDay(found.key)) objects.set(found.key, found);
  const receipts = new Map<string, ObjectSummary>();
  for await (const found of store.list(receiptPrefix(prefix), budget)) {
    const key = objectOfReceipt(layout, found.key);
    if (key !== undefined && isOfDay(key) && !isQuarantineKey(key)) receipts.set(key, found);
  }
  const quarantined = new Set<string>();
  for await (const { key } of store.list(quarantineKey(prefix), budget))
    if (isOfDay(key)) quarantined.add(recordingOf(layout, key));
  return { receipts, objects, quarantined };
}

/** Returns the canonical id of the recording that a key names. */
export function recordingOf(layout: Layout, key: string): string {
  return canonicalId(layout.parse(key)?.recordingId ?? key);
}
