/** Which recordings of a day this archive has deleted at the platform. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { listSourceHistories } from '../../record/read-source-deletion.ts';
import { isByUs, sourceDeletionPrefix } from '../../record/source-deletion.ts';
import type { ReceiptPorts } from './read-receipts.ts';

/**
 * By `subjectHash`. Only of those for which a date that this archive set has come; steps that are not signed as receipts are say nothing.
 * Empty where the role may not look: then nothing is said of why they are gone.
 *
 * @throws `STORE_*`, `OUT_OF_TIME`.
 */
export async function readDeletedByUs(
  { store, receiptKeys, now }: Pick<ReceiptPorts, 'store' | 'receiptKeys'> & { readonly now: () => number },
  day: string,
  budget: Budget,
): Promise<ReadonlySet<string>> {
  const deleted = new Set<string>();
  try {
    const trust = { store, keys: receiptKeys };
    for await (const { recording, last } of listSourceHistories(trust, sourceDeletionPrefix(day), budget)) {
      if (isByUs(last, now())) deleted.add(recording);
    }
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'STORE_DENIED') throw error;
  }
  return deleted;
}
