/** Tombstones become entries. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { ERASURE_PREFIX, erasureKey, MAX_ERASURE_BYTES, parseErasure } from '../../record/erasure.ts';
import { isTrusted } from '../../record/find-erasure.ts';
import { sha256Hex } from '../formats/entry.ts';
import { mapWide } from '../log/map-wide.ts';
import { readBytes } from '../log/place.ts';
import type { KnownErasure } from './examine-day.ts';
import type { ReceiptPorts } from './read-receipts.ts';

/**
 * Reads the tombstones of all erasures, by the day of what was erased. What is no tombstone, or not signed as receipts are, is passed
 * over: nothing is erased by it.
 *
 * @throws `STORE_*`, `OUT_OF_TIME`.
 */
export async function readErasures(
  { store, receiptKeys }: Pick<ReceiptPorts, 'store' | 'receiptKeys'>,
  budget: Budget,
): Promise<ReadonlyMap<string, readonly KnownErasure[]>> {
  const keys: string[] = [];
  for await (const { key } of store.list(ERASURE_PREFIX, budget)) keys.push(key);
  const byDay = new Map<string, KnownErasure[]>();
  await mapWide(keys, async (key) => {
    const bytes = await readBytes(store, key, MAX_ERASURE_BYTES, budget).catch((error: unknown) => {
      if (error instanceof ArchiveError && error.code === 'LOG_MALFORMED') return undefined;
      throw error;
    });
    if (bytes === undefined) return;
    const erasure = parseErasure(bytes.toString('utf8'));
    if (erasure === undefined || erasureKey(erasure.id) !== key) return;
    if (!(await isTrusted({ store, keys: receiptKeys }, erasure, budget))) return;
    const entry = { kind: 'erasure', day: erasure.day, sha256: sha256Hex(bytes) } as const;
    const known = byDay.get(erasure.day) ?? [];
    known.push({ entry, recording: erasure.recording, receipt: erasure.receipt });
    byDay.set(erasure.day, known);
  });
  return byDay;
}
