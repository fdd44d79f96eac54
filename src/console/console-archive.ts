import type { ReceiptTrust } from '../audit/examine/ports.ts';
import type { CataloguePorts } from '../catalogue/ports.ts';
import type { Budget } from '../clock.ts';
import type { Envelope, EnvelopeReader, ObjectStore, RangeReader } from '../ports.ts';
import type { LogPlace } from '../proof/log/place.ts';
import type { Layout } from '../record/layout.ts';
import type { ReceiptSigner } from '../record/receipt/receipt.ts';

/** One archive as the console sees it. */
export interface ConsoleArchive {
  /** Among several; `undefined` for the only one. */
  readonly name: string | undefined;
  readonly store: ObjectStore;
  readonly layout: Layout;
  /** What receipts are held to. */
  readonly trust: ReceiptTrust;
  /** Opens recordings; `undefined` where no key is configured. */
  readonly reader: (EnvelopeReader & RangeReader) | undefined;
  /** Seals waveforms; `undefined` where nothing can be sealed. */
  readonly envelope: Envelope | undefined;
  readonly catalogue: CataloguePorts;
  /** Where jobs and waveforms are kept. */
  readonly derived: ObjectStore;
  /** Signs holds, as `hold place` does. */
  readonly signer: (budget: Budget) => Promise<ReceiptSigner | undefined>;
  /** A hold is released by another person than the one who placed it. */
  readonly twoPersons: boolean;
  readonly organizationId: string | undefined;
  /** The log that its days are sealed into; `undefined` where none is configured. */
  readonly log: LogPlace | undefined;
  /** PEM of the certificates that time stamps of the log lead to. */
  readonly timestampCa: string | undefined;
  readonly warnings: readonly string[];
}
