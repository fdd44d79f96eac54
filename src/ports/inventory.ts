/** Lists that the platform keeps of its recordings, besides those of each conversation. */
import type { Budget } from '../clock.ts';

/** One recording of the platform's inventory. */
export interface InventoriedRecording {
  readonly conversationId: string;
  readonly recordingId: string;
  /** Epoch ms; absent where no date is set. */
  readonly deleteDate?: number;
  /** Epoch ms at which it is moved to the platform's archive, or was. */
  readonly archiveDate?: number;
  readonly createdAt?: number;
}

export interface OrphanRecording {
  readonly orphanId: string;
  /** In lower case, e.g. `call`, `screen`. */
  readonly media?: string;
  /** The platform's own word, e.g. `UNKNOWN_CONVERSATION`. */
  readonly status?: string;
  /** Epoch ms. */
  readonly createdAt?: number;
  readonly bytes?: number;
}

/** `forbidden` and `unknown` are no zero. */
export type Asked<T> =
  | ({ readonly state: 'known' } & T)
  | { readonly state: 'forbidden'; readonly hint?: string }
  | { readonly state: 'unknown'; readonly status: number };

export interface RecordingInventory {
  /**
   * All recordings, in the platform's order, page by page. Its meaning is not documented in full: a cross-check, and an order to work
   * in, never the proof that there is nothing else.
   *
   * @throws `GENESYS_FORBIDDEN`, `GENESYS_BAD_RESPONSE`, and what the API client throws.
   */
  recordings(budget: Budget): AsyncGenerator<InventoriedRecording, void, undefined>;
  /** Recordings that belong to no conversation. Throws as {@link recordings}. */
  orphans(budget: Budget): AsyncGenerator<OrphanRecording, void, undefined>;
  /**
   * Asks for the list of uploads since then that are in that state.
   * @returns a signed link to it, which is a secret; the format of what it leads to is not documented.
   */
  uploads(
    request: { readonly since: number; readonly status: 'Pending' | 'Failure' | 'WaitForConversation' },
    budget: Budget,
  ): Promise<Asked<{ readonly link: string }>>;
  /** Has the recordings of conversations within a time counted, without doing anything to them. */
  count(
    interval: { readonly from: number; readonly to: number },
    budget: Budget,
  ): Promise<Asked<{ readonly conversations: number; readonly recordings: number }>>;
}

/** Requests a minute that the platform allows the client, as it states it itself. */
export interface PlatformLimits {
  requestsPerMinute(budget: Budget): Promise<Asked<{ readonly perMinute: number }>>;
}

/** What ids of the organization are called now. */
export interface NameList {
  readonly status: 'known' | 'forbidden' | 'not-asked' | 'failed';
  readonly names?: Record<string, string>;
}

export interface OrganizationNames {
  list(what: 'queues' | 'wrapUps' | 'divisions' | 'users', budget: Budget): Promise<NameList>;
}
