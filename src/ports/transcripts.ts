import type { Budget } from '../clock.ts';

/** One transcript as the platform made it. */
export interface FoundTranscript {
  readonly communicationId: string;
  /** The platform's own JSON. */
  readonly transcript: object;
}

/** What a look for the transcripts of a conversation found. */
export type TranscriptLook =
  | {
      readonly state: 'answered';
      /** By the canonical id of their recording. */
      readonly found: ReadonlyMap<string, FoundTranscript>;
      /** What is true of the recordings that are not among them. */
      readonly others: 'none' | 'forbidden';
    }
  /** They may still come. */
  | { readonly state: 'later'; readonly retryAfterMs: number };

/** What is known of a conversation before a look. */
export interface TranscriptHints {
  /** Of sessions that may have a transcript, the customer's first; the platform is asked for them where it is not said. */
  readonly communicationIds?: readonly string[] | undefined;
  /** Epoch ms. */
  readonly endedAt?: number | undefined;
}

export interface TranscriptSource {
  /** @throws `GENESYS_*`, `MEDIA_*`, `URL_REFUSED`. */
  look(conversationId: string, hints: TranscriptHints, budget: Budget): Promise<TranscriptLook>;
}
