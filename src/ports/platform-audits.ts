import type { Budget } from '../clock.ts';

/** An entry of the platform's audit. */
export interface AuditedAct {
  readonly id: string;
  /** Epoch ms. */
  readonly at: number;
  /** As the platform stated it. */
  readonly stated: Readonly<Record<string, unknown>>;
}

/** The platform's own audit of recordings. */
export interface PlatformAudits {
  /**
   * What was done on a day, each entry once, in no order. Ends only when everything has been read.
   *
   * @param day epoch ms of its midnight, UTC.
   * @throws `GENESYS_FORBIDDEN`, `GENESYS_BAD_RESPONSE`, `GENESYS_UNAVAILABLE`, and what the calls throw.
   */
  read(
    day: number,
    entityTypes: readonly string[],
    budget: Budget,
  ): AsyncGenerator<AuditedAct, void, undefined>;
}
