import type { ArchivedRecordings, ObjectStore } from '../ports.ts';
import { RECEIPT_PREFIX } from '../record/object-key.ts';
import { type Layout, objectOfReceipt } from '../record/layout.ts';
import { canonicalId } from '../recording/id.ts';

/**
 * What the archive has, by the names of its receipts: who writes a receipt has stored the object. All of them are listed for each lot of
 * ids, so a lot is as large as memory allows.
 */
export function archivedByReceipts(store: ObjectStore, layout: Layout): ArchivedRecordings {
  return {
    async which(recordingIds, budget) {
      const asked = new Map(recordingIds.map((id) => [canonicalId(id), id]));
      const found = new Set<string>();
      for await (const { key } of store.list(RECEIPT_PREFIX, budget)) {
        const object = objectOfReceipt(layout, key);
        const id = object === undefined ? undefined : layout.parse(object)?.recordingId;
        const known = id === undefined ? undefined : asked.get(canonicalId(id));
        if (known !== undefined) found.add(known);
        if (found.size === asked.size) break;
      }
      return found;
    },
  };
}
