import type { ExpiredObjects, ObjectStore } from '../../ports.ts';
import type { Layout } from '../../record/layout.ts';
import type { ReceiptKeys } from '../../record/receipt/keys.ts';

/** What an object and its receipt are held to. */
export interface ReceiptTrust {
  /**
   * Public keys of receipts, by their `signingKeyId`. With any, a receipt has to exist and to be signed by one of them; without,
   * signatures are not looked at.
   */
  readonly keys?: ReceiptKeys | undefined;
  /** Of the archive; that of the tutorial where it is not said. */
  readonly layout?: Layout | undefined;
  /** The organization that the archive belongs to, where it is known. */
  readonly organizationId?: string | undefined;
}

export interface ExaminePorts extends ReceiptTrust {
  readonly store: ObjectStore;
  /** Hashes of the ids of erased recordings, where they are known: an object of one of them is a finding. */
  readonly erased?: ReadonlySet<string> | undefined;
  /** Tells what a rule of retention has let go; without it, all that is gone is missing. */
  readonly expired?: ExpiredObjects | undefined;
}
