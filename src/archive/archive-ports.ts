import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { Envelope, MediaOpener, MediaResolver, ObjectStore, ReferenceWriter } from '../ports.ts';
import type { Layout } from './layout.ts';
import type { ReceiptSigner } from './receipt.ts';

/** What archiving needs from outside. */
export interface ArchivePorts {
  readonly resolver: MediaResolver;
  readonly opener: MediaOpener;
  readonly envelope: Envelope;
  readonly store: ObjectStore;
  /** `undefined` when no reference is to be written back. */
  readonly references: ReferenceWriter | undefined;
  /** `undefined`: receipts are not signed. */
  readonly signer?: ReceiptSigner | undefined;
  /** Of the KMS key that new objects are written with, for their receipts. */
  readonly kmsKeyId?: string | undefined;
  readonly organizationId?: string | undefined;
  /** How objects are named; as in the tutorial where it is not said. */
  readonly layout?: Layout | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}
