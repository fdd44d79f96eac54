import type { Budget, Clock } from '../../clock.ts';
import type { ErrorCode } from '../../errors.ts';
import type { SourceKeeper } from '../../ports.ts';
import type { ReceiptSigner } from '../../record/receipt/receipt.ts';
import type { HoldTrust } from '../read-holds.ts';
import type { CopyFacts, DeletionRefusal, DeletionRules, DrillFacts } from './policy.ts';

/** A recording that is deleted at the source: all its objects, as they were found. */
export interface SourceDeleteItem {
  readonly recording: string;
  readonly conversation: string;
  /** Of its objects' keys. */
  readonly day: string;
  readonly keys: readonly string[];
}

export interface InspectedCopy extends CopyFacts {
  readonly files: number;
  readonly bytes: number;
}

export interface SourceDeletePorts extends HoldTrust {
  readonly clock: Clock;
  readonly signer: ReceiptSigner | undefined;
  readonly source: SourceKeeper;
  /**
   * Looks at the archive's own copy: reads, decrypts and, where the rules ask for it, compares.
   * @throws what keeps from looking, which says nothing about the copy.
   */
  readonly inspect: (item: SourceDeleteItem, rules: DeletionRules, budget: Budget) => Promise<InspectedCopy>;
  /** Keys among these that a legal hold of the store itself is on. */
  readonly lockedAmong: (keys: readonly string[], budget: Budget) => Promise<readonly string[]>;
  readonly lastDrill: (budget: Budget) => Promise<DrillFacts>;
  /** Acts of one day, UTC, of all plans together. */
  readonly perDay: number;
}

export interface SourceDeleteRequest {
  readonly rules: DeletionRules;
  readonly by: string;
  readonly reason: string;
  /** Id of the plan. */
  readonly job: string;
}

/** What became of one recording. */
export interface SourceDeleted {
  readonly item: SourceDeleteItem;
  /**
   * `marked`: the date stands at the platform. `already`: it stood there. `gone`: the platform had it no more. `refused`: it is left at
   * the source, and why. `capped`: as many as a day may have were marked today. `failed`: it could not be looked at, or changed.
   */
  readonly state: 'marked' | 'already' | 'gone' | 'refused' | 'capped' | 'failed';
  readonly bytes: number;
  /** ISO 8601. */
  readonly deleteDate?: string;
  readonly reasons?: readonly DeletionRefusal[];
  readonly heldBy?: readonly string[];
  readonly error?: { readonly code: ErrorCode; readonly message: string; readonly retryable: boolean };
}
