/** What the platform says was recorded on a day: the other side of the comparison that a statement makes. */
import type { Budget } from '../clock.ts';

/** As the platform names them, in lower case: `call`, `screen`, `chat`, `email`, `message`; `unknown` where it does not say. */
export type SourceMedia = string;

/**
 * `available`: it can be downloaded now. `pending`: the platform does not have it ready yet. `excluded`: there is nothing to archive, or
 * it must not be, and `reason` says why.
 */
export interface SourceRecording {
  readonly conversationId: string;
  readonly recordingId: string;
  readonly media: SourceMedia;
  /** Epoch ms, where the platform states it. */
  readonly startedAt?: number;
  readonly divisionId?: string;
  readonly state: 'available' | 'pending' | 'excluded';
  /** One of the closed lists of docs/proof.md for this state; absent with `available`. */
  readonly reason?: string;
}

/** How the platform was asked, and what it said of its own answer. */
export interface SourceFacts {
  /** For example `conversation-job+recordings`. */
  readonly method: string;
  /** Host. */
  readonly api: string;
  /** As the platform names it. */
  readonly organization?: string;
  /** Id of the OAuth client. */
  readonly client?: string;
  /** The query, as it was sent; a statement holds its hash. */
  readonly query: string;
  readonly interval: string;
  readonly jobId?: string;
  /** Epoch ms: the platform’s data are complete up to here. Absent where it does not say. */
  readonly dataAvailableUntil?: number;
  readonly pages: number;
  readonly conversations: number;
  readonly visibility: {
    /** `all`, the ids of the divisions that the client sees, or `unknown` where that could not be asked. */
    readonly divisions: 'all' | 'unknown' | readonly string[];
    readonly permissions: readonly string[];
  };
  /** Recordings of the day that belong to no conversation, and so cannot be archived. Absent where they were not counted. */
  readonly orphans?: number;
  /**
   * Sources that were not asked, or refused: name (`uploads`, `orphans`, …) and why (`forbidden`, `not-asked`, …). One that is absent
   * here was asked.
   */
  readonly notAsked?: Readonly<Record<string, string>>;
}

export interface SourceDay {
  readonly facts: SourceFacts;
  /** Each recording once. Those that the archive files under this day, by its layout; a few of the days beside it do no harm. */
  readonly recordings: readonly SourceRecording[];
}

/** A day that is counted in several runs, because the platform answers for one conversation at a time. */
export interface CountProgress {
  /** What earlier runs have counted, by conversation. Those are not asked about again. */
  readonly known: ReadonlyMap<string, readonly SourceRecording[]>;
  /** Told of each conversation that this run has counted. */
  onCounted(conversationId: string, recordings: readonly SourceRecording[]): void;
}

export interface SourceInventory {
  /**
   * Lists what the platform says was recorded on a UTC day. Never an answer that is shorter than the platform's own.
   *
   * @param day `YYYY-MM-DD`.
   * @param progress where the count may take several runs.
   * @throws `GENESYS_*`, `SOURCE_UNAVAILABLE`, `OUT_OF_TIME` when it could not be asked, or not to the end.
   */
  listDay(day: string, budget: Budget, progress?: CountProgress): Promise<SourceDay>;
}
