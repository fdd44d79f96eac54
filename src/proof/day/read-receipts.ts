/** Receipts become entries: each is read, checked, and held to the key it stands under. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ExpiredObjects, ObjectStore, ObjectSummary } from '../../ports.ts';
import { isSameId } from '../../recording/id.ts';
import type { Layout } from '../../record/layout.ts';
import type { ReceiptKeys } from '../../record/receipt/keys.ts';
import { MAX_RECEIPT_BYTES, parseReceipt, type SignedReceipt } from '../../record/receipt/schema.ts';
import { checkStoredSignature } from '../../record/stored-signature.ts';
import { type Entry, sha256Hex } from '../formats/entry.ts';
import { readBytes } from '../log/place.ts';

export interface ReceiptPorts {
  readonly store: ObjectStore;
  readonly layout: Layout;
  /** Public keys of receipts; with any, a receipt that none of them signed is not logged. */
  readonly receiptKeys: ReceiptKeys;
  readonly organization: string;
  /** Tells what a rule of retention has let go; without it, all that is gone is lost. */
  readonly expired?: ExpiredObjects | undefined;
}

/** Why a receipt that was seen is not logged. */
export type RefusedReason =
  | 'malformed'
  | 'other-day'
  | 'other-organization'
  | 'signature'
  | 'unsigned-terminal';

/** What is kept of a receipt while its day is looked at: a day has a hundred thousand of them, and one has up to 64 KB of leaves. */
export interface StatedFile {
  readonly kind: SignedReceipt['kind'];
  /** Why a terminal one says that there is nothing. */
  readonly reason: string | undefined;
  /** Of the object. */
  readonly key: string;
  /** Of the ciphertext. */
  readonly bytes: number | undefined;
}

export type ReadReceipt =
  | {
      readonly state: 'fit';
      readonly entry: Entry;
      readonly stated: StatedFile;
      readonly isUnsigned: boolean;
    }
  | { readonly state: 'refused'; readonly reason: RefusedReason }
  /** Removed since it was listed. */
  | { readonly state: 'gone' };

/**
 * Reads one receipt.
 *
 * @param key of its object.
 * @param day that the key stands under.
 */
export async function readForLog(
  ports: ReceiptPorts,
  { key, listed, day }: { readonly key: string; readonly listed: ObjectSummary; readonly day: string },
  budget: Budget,
): Promise<ReadReceipt> {
  const bytes = await readBytes(ports.store, listed.key, MAX_RECEIPT_BYTES, budget).catch(
    (error: unknown) => {
      if (error instanceof ArchiveError && error.code === 'LOG_MALFORMED') return Buffer.alloc(0);
      throw error;
    },
  );
  if (bytes === undefined) return { state: 'gone' };
  const receipt = parse(bytes, listed.key);
  if (receipt === undefined) return refused('malformed');
  const { recording, organization } = receipt.ids;
  const named = ports.layout.parse(key);
  const isOfKey = isSameId(recording, named?.recordingId) && (receipt.object?.key ?? key) === key;
  if (!isOfKey || !receipt.times.recorded.startsWith(day)) return refused('other-day');
  if (organization !== undefined && !isSameId(organization, ports.organization)) {
    return refused('other-organization');
  }
  const isUnsigned = receipt.signature === undefined;
  if (isUnsigned && receipt.kind === 'terminal') return refused('unsigned-terminal');
  if (ports.receiptKeys.size > 0) {
    const trust = { store: ports.store, keys: ports.receiptKeys };
    const verdict = await checkStoredSignature(trust, receipt, listed.key, budget);
    // an unsigned one is counted as such: it may be older than the key
    if (verdict !== 'valid' && verdict !== 'unsigned') return refused('signature');
  }
  const entry: Entry = { kind: receipt.kind, day, sha256: sha256Hex(bytes) };
  const { kind, reason, ciphertext } = receipt;
  const stated = { kind, reason, key, bytes: ciphertext?.bytes };
  return { state: 'fit', entry, stated, isUnsigned };
}

const refused = (reason: RefusedReason): ReadReceipt => ({ state: 'refused', reason });

function parse(bytes: Buffer, key: string): SignedReceipt | undefined {
  try {
    return parseReceipt(bytes.toString('utf8'), key);
  } catch {
    return undefined;
  }
}
