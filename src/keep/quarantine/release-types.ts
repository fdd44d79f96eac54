import type { Budget, Clock } from '../../clock.ts';
import type { KeepOnWrite, ObjectStat, RecordingIds, VersionedStore } from '../../ports.ts';
import type { QuarantineNote } from '../../record/quarantine/note.ts';
import type { SignedReceipt } from '../../record/receipt/schema.ts';
import type { ReceiptSigner } from '../../record/receipt/receipt.ts';
import type { HoldTrust } from '../read-holds.ts';

export interface ReleasePorts extends HoldTrust {
  readonly clock: Clock;
  readonly signer: ReceiptSigner | undefined;
  readonly organizationId: string | undefined;
  /** Versions of what {@link HoldTrust.store} has. */
  readonly archive: VersionedStore;
  /** Other stores that have parts of recordings. */
  readonly others: readonly VersionedStore[];
  /** Reads the object to its end. @throws what keeps from looking. */
  readonly verify: (key: string, budget: Budget) => Promise<VerifiedFile>;
  /** How long an object stays by its own write. @param recordedAt epoch ms. */
  readonly keepOf: (contentType: string | undefined, recordedAt: number) => KeepOnWrite | undefined;
  /** Writes the platform's reference, once; `undefined` where none is written. @throws `INTERACTION_NOT_FOUND`, `GENESYS_*`. */
  readonly link:
    | ((
        archived: {
          readonly ids: RecordingIds;
          readonly key: string;
          readonly dialect: QuarantineNote['dialect'];
        },
        budget: Budget,
      ) => Promise<boolean>)
    | undefined;
}

export interface VerifiedFile {
  /** Kinds of what is wrong with it; empty when it is what was archived. */
  readonly findings: readonly string[];
  /** Of its bytes, hex; `undefined` where they were not read, or nothing states what they should be. */
  readonly sha256: string | undefined;
}

export interface ReleasedFile {
  /** In quarantine. */
  readonly key: string;
  /** The one that it has from now on. */
  readonly released: string;
  /**
   * `held`: it stays where it is. `kept`: it is released, and the store's own lock keeps what lies in quarantine as well.
   */
  readonly state: 'released' | 'held' | 'kept';
  readonly heldBy?: readonly string[];
  /** `gone`: the platform does not know the conversation any more. */
  readonly reference?: 'written' | 'none' | 'gone';
  /** Keys of what a lock keeps in quarantine. */
  readonly left?: readonly string[];
}

/** What is about to be written under the key that the recording keeps. */
export interface Moving {
  /** In quarantine. */
  readonly stat: ObjectStat;
  readonly receipt: SignedReceipt;
  readonly ids: RecordingIds;
  readonly reason: string;
}
