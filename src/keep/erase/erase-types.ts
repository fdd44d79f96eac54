import type { Budget, Clock } from '../../clock.ts';
import type { ErrorCode } from '../../errors.ts';
import type { ObjectVersion, VersionedStore } from '../../ports.ts';
import type { ReceiptSigner } from '../../record/receipt/receipt.ts';
import type { HoldTrust } from '../read-holds.ts';

/** A recording that is erased: all its files and versions, whichever of them was chosen. */
export interface ErasureItem {
  readonly recording: string;
  /** Of its objects' keys. */
  readonly day: string;
  /** Of its objects, as they were found. */
  readonly keys: readonly string[];
  /** Files of a recording that has others under an earlier day. */
  readonly isSecond?: boolean;
}

/** What stands in every tombstone of one erasure. */
export interface ErasureReason {
  readonly reason: string;
  /** Who erases, as they name themselves. */
  readonly by: string;
}

/** What is made anew without the erased: rows, people and facts of the catalogue, lines of the log's lists. */
export interface Forgotten {
  /** What old versions of it are kept by a lock: keys of the first few, and until when (epoch ms), where that is known. */
  readonly kept: readonly KeptPart[];
}

export interface ErasePorts extends HoldTrust {
  readonly clock: Clock;
  readonly signer: ReceiptSigner | undefined;
  /** Versions of what {@link HoldTrust.store} has. */
  readonly archive: VersionedStore;
  /** Other stores that have parts of recordings: the catalogue's, that of the keys. */
  readonly others: readonly VersionedStore[];
  /** @param days that recordings were erased of. @param erased hashes of their ids. */
  readonly forget: (
    days: ReadonlySet<string>,
    erased: ReadonlySet<string>,
    budget: Budget,
  ) => Promise<Forgotten>;
  /** Versions before the current ones of what {@link ErasePorts.forget} makes anew: what was erased is in them as long as they are there. */
  readonly replaced: (days: ReadonlySet<string>, budget: Budget) => AsyncIterable<ReplacedVersion>;
}

export interface ReplacedVersion {
  readonly store: VersionedStore;
  readonly version: ObjectVersion;
}

/** A version that the store's lock keeps. */
export interface KeptPart {
  readonly key: string;
  readonly store: string;
  readonly legalHold: boolean;
  /** Epoch ms. */
  readonly until: number | undefined;
}

/** What became of one recording. */
export interface ErasedItem {
  readonly item: ErasureItem;
  /** `already`: it had its tombstone, and nothing was left of it. `held`: not touched. `kept`: a lock keeps what can still be read. */
  readonly state: 'erased' | 'already' | 'held' | 'kept' | 'failed';
  /** Bytes and versions that were removed. */
  readonly bytes: number;
  readonly versions: number;
  readonly tombstone?: string;
  readonly heldBy?: readonly string[];
  readonly kept?: readonly KeptPart[];
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly retryable: boolean };
}
