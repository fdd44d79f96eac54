/** What is kept at the source, and until when: dates of deletion, and the platform's own protection. */
import type { Budget } from '../clock.ts';
import type { ErrorCode } from '../errors.ts';

/** A recording as the platform states it now. */
export type SourceStanding =
  | {
      readonly state: 'listed';
      /** The platform's word, such as `AVAILABLE`. */
      readonly fileState: string;
      /** As stated, to be sent back unchanged. */
      readonly dates: SourceDates;
      /** The platform will export it, and has not. */
      readonly exportPending: boolean;
    }
  /** `DELETED`: a stub is left. `not-found`: the platform says that the conversation has no such recording. */
  | { readonly state: 'gone'; readonly answer: 'DELETED' | 'not-found' }
  /** It could not be told: the conversation is not found either, or a permission is missing. */
  | { readonly state: 'unknown'; readonly code: ErrorCode; readonly reason: string };

export interface SourceDates {
  readonly deleteDate: string | undefined;
  readonly archiveDate: string | undefined;
}

export interface SourceIds {
  readonly conversationId: string;
  readonly recordingId: string;
}

/** What the platform answered to new dates. */
export type SourceChange =
  | { readonly state: 'accepted' }
  /** Changed at the same time by others: look again. */
  | { readonly state: 'conflict' }
  | { readonly state: 'refused'; readonly code: ErrorCode; readonly reason: string };

/** `unknown`: refused, or the conversation is not found. */
export type Protection = 'protected' | 'none' | 'unknown';

export type ProtectionChange =
  | { readonly state: 'done' }
  /** Of one conversation or of several; `full`: the organization protects as many as it may. */
  | {
      readonly state: 'refused';
      readonly code: ErrorCode;
      readonly reason: string;
      readonly isFull: boolean;
    };

export interface SourceKeeper {
  /** @throws `GENESYS_*` that are not about this recording, `OUT_OF_TIME`. */
  look(ids: SourceIds, budget: Budget): Promise<SourceStanding>;
  /** Sets both dates; one that is `undefined` is taken away. @throws as {@link look}. */
  setDates(ids: SourceIds, dates: SourceDates, budget: Budget): Promise<SourceChange>;
  /** Any number of conversations. @throws as {@link look}. */
  protectionOf(conversationIds: readonly string[], budget: Budget): Promise<ReadonlyMap<string, Protection>>;
  /** @param conversationIds at most {@link MAX_PROTECTION_IDS}. @throws as {@link look}. */
  protect(conversationIds: readonly string[], on: boolean, budget: Budget): Promise<ProtectionChange>;
  /** Whether the client gets recordings unredacted in every division. */
  seesUnredacted(budget: Budget): Promise<'yes' | 'no' | 'unknown'>;
}

/** Conversations of one call. */
export const MAX_PROTECTION_IDS = 100;
