import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type {
  Envelope,
  EnvelopeReader,
  MediaOpener,
  MediaResolver,
  ObjectStore,
  ReferenceWriter,
} from '../ports.ts';
import type { Layout } from '../record/layout.ts';
import type { Opens } from './open-object.ts';
import type { QuarantineAtWrite } from './quarantine-recording.ts';
import type { RetentionAtWrite } from '../record/keep-on-write.ts';
import type { ReceiptSigner } from '../record/receipt/receipt.ts';
import type { ReceiptKeys } from '../record/receipt/keys.ts';

/** What archiving needs from outside. */
export interface ArchivePorts {
  readonly resolver: MediaResolver;
  readonly opener: MediaOpener;
  readonly envelope: Envelope;
  readonly store: ObjectStore;
  /** `undefined` when no reference is written back. */
  readonly references: ReferenceWriter | undefined;
  /** `undefined`: receipts are not signed, and objects carry no mark. */
  readonly signer?: ReceiptSigner | undefined;
  /** Public keys that receipts and marks may be signed with, besides the signer's own, by their `signingKeyId`. */
  readonly receiptKeys?: ReceiptKeys | undefined;
  /** Opens objects whose keys this process holds; absent where it can only write. */
  readonly reader?: EnvelopeReader | undefined;
  /** Which objects `reader` has the keys of: what it is not asked to open proves nothing. */
  readonly opens?: Opens | undefined;
  /** Of the KMS key that new objects are written with, for their receipts. */
  readonly kmsKeyId?: string | undefined;
  readonly organizationId?: string | undefined;
  /** How objects are named; as in the tutorial where it is not said. */
  readonly layout?: Layout | undefined;
  /** How long new objects are kept by their own write; `undefined` where no rule says so. */
  readonly retention?: RetentionAtWrite | undefined;
  /** Which recordings wait in quarantine; `undefined`: none, and none is looked for there. */
  readonly quarantine?: QuarantineAtWrite | undefined;
  /** Takes what is left to do for a recording that is archived and linked; without it, the recording waits for that. */
  readonly afterwards?: Afterwards | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The promise never rejects, and ends with the budget at the latest; the process must not end before it. */
export type Afterwards = (work: Promise<void>) => void;
