/** What the platform's analytics know of conversations, as a day's job tells it. */
import type { Budget } from '../clock.ts';

export interface AnalyzedWrapUp {
  readonly code: string;
  readonly note?: string;
  readonly tags?: string[];
  readonly start?: string;
  readonly end?: string;
}

/** Times are ISO 8601, UTC, with milliseconds. */
export interface AnalyzedSession {
  readonly id: string;
  /** In lower case, e.g. `voice`. */
  readonly media?: string;
  readonly direction?: string;
  readonly provider?: string;
  readonly ani?: string;
  readonly dnis?: string;
  readonly addressFrom?: string;
  readonly addressTo?: string;
  /** Whether a recording was started; absent where it is not stated. */
  readonly recording?: boolean;
  readonly start?: string;
  readonly end?: string;
  readonly queueIds: string[];
  readonly holds: { start: string; end?: string }[];
  readonly wrapUps: AnalyzedWrapUp[];
}

export interface AnalyzedParticipant {
  readonly id: string;
  readonly purpose?: string;
  readonly name?: string;
  readonly userId?: string;
  readonly teamId?: string;
  readonly externalContactId?: string;
  readonly attributes?: Record<string, string>;
  readonly sessions: AnalyzedSession[];
}

/** One conversation, without what the platform did not state. Personal data is in it. */
export interface AnalyzedConversation {
  readonly conversationId: string;
  readonly start: string;
  /** Absent while it goes on, as far as the platform knew. */
  readonly end?: string;
  readonly direction?: string;
  readonly divisionIds: string[];
  readonly externalTag?: string;
  readonly media: string[];
  readonly recorded: { readonly audio: boolean; readonly screen: boolean; readonly snippet: boolean };
  readonly ani?: string;
  readonly dnis?: string;
  readonly agentIds: string[];
  readonly queueIds: string[];
  readonly wrapUpCodes: string[];
  readonly durations: {
    readonly totalMs?: number;
    readonly talkMs?: number;
    readonly holdMs?: number;
    readonly acwMs?: number;
  };
  readonly participants: AnalyzedParticipant[];
  readonly evaluationIds: string[];
  readonly surveyIds: string[];
}

/** Which conversations a job of the analytics lists. */
export interface DetailsQuery {
  /** Epoch ms of midnight, UTC. */
  readonly day: number;
  /** `started`: those that began on that day. `active`: also those that began earlier and went on. */
  readonly of: 'started' | 'active';
  /** Told up to when (epoch ms) the data were complete as a page was read. */
  readonly onAvailability?: (until: number) => void;
}

/** When the data of the analytics end. */
export type Availability =
  /** Epoch ms until which they are complete. */
  | { readonly state: 'known'; readonly until: number }
  | { readonly state: 'forbidden' }
  | { readonly state: 'unknown' };

/** Epoch ms. */
export interface ConversationTimes {
  readonly startedAt: number;
  readonly endedAt: number;
}

export interface ConversationAnalytics {
  /**
   * When conversations began and ended, by their id in the archive's spelling. One that is missing is not known, goes on, or is not this
   * client's to see.
   *
   * @throws what the platform's API client throws.
   */
  times(conversationIds: readonly string[], budget: Budget): Promise<ReadonlyMap<string, ConversationTimes>>;
  /** @throws what the platform's API client throws. */
  availability(budget: Budget): Promise<Availability>;
  /**
   * The conversations of one day, each once, a page at a time.
   *
   * @throws `GENESYS_FORBIDDEN`, `GENESYS_BAD_RESPONSE`, `OUT_OF_TIME`, and what the API client throws.
   */
  conversations(query: DetailsQuery, budget: Budget): AsyncGenerator<AnalyzedConversation, void, undefined>;
}
