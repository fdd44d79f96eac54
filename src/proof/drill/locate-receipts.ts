/** Finds the receipts behind entries of the log, which know them by their hash alone. */
import type { Budget } from '../../clock.ts';
import type { ObjectStore } from '../../ports.ts';
import type { Layout } from '../../record/layout.ts';
import { MAX_RECEIPT_BYTES, parseReceipt, type SignedReceipt } from '../../record/receipt/schema.ts';
import { listDay } from '../day/list-day.ts';
import { sha256Hex } from '../formats/entry.ts';
import { mapWide } from '../log/map-wide.ts';
import { readBytes } from '../log/place.ts';

export interface LocatedReceipt {
  /** Of the object. */
  readonly key: string;
  readonly receipt: SignedReceipt;
}

/** Receipts that are read before it is looked whether all are found. */
const BATCH = 256;

/**
 * Reads receipts of a day until all are found.
 *
 * @param wanted SHA-256, hex.
 * @throws `STORE_*`, `OUT_OF_TIME`.
 */
export async function locateReceipts(
  { store, layout }: { readonly store: ObjectStore; readonly layout: Layout },
  { day, wanted }: { readonly day: string; readonly wanted: ReadonlySet<string> },
  budget: Budget,
): Promise<ReadonlyMap<string, LocatedReceipt>> {
  const located = new Map<string, LocatedReceipt>();
  const { receipts } = await listDay(store, layout, day, budget);
  const listed = [...receipts];
  for (let at = 0; at < listed.length && located.size < wanted.size; at += BATCH) {
    await mapWide(listed.slice(at, at + BATCH), async ([key, { key: receiptKey, size }]) => {
      if (size > MAX_RECEIPT_BYTES) return;
      const bytes = await readBytes(store, receiptKey, MAX_RECEIPT_BYTES, budget);
      const sha256 = bytes === undefined ? '' : sha256Hex(bytes);
      if (bytes === undefined || !wanted.has(sha256)) return;
      // what the log holds was read as a receipt before it was logged
      located.set(sha256, { key, receipt: parseReceipt(bytes.toString('utf8'), receiptKey) });
    });
  }
  return located;
}
