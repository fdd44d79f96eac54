/** Who remembers a checkpoint outside of the archive's own store. */
import type { Budget } from '../clock.ts';

export interface AnchoredCheckpoint {
  readonly size: number;
  /** Base64 of the root. */
  readonly root: string;
  /** The signed checkpoint, verbatim. */
  readonly note: string;
}

export interface Anchor {
  /** `second-store`, `tsa`, `witness`. */
  readonly kind: string;
  /** For people: a host, a place. */
  readonly name: string;
  /**
   * What it remembers: the newest checkpoint, where it can be asked.
   *
   * @param head the newest one in the archive's own store; `undefined` of an empty log.
   */
  readonly recall?: (
    budget: Budget,
    head: AnchoredCheckpoint | undefined,
  ) => Promise<{ readonly size: number; readonly root?: string } | undefined>;
  /**
   * Hands a checkpoint over; does nothing where that was done before.
   *
   * @returns epoch ms, where it states a time.
   * @throws `ANCHOR_UNAVAILABLE`, `ANCHOR_REFUSED`, `STORE_*`.
   */
  readonly keep: (checkpoint: AnchoredCheckpoint, budget: Budget) => Promise<{ readonly time?: number }>;
}

/** `other-size`: the witness has cosigned a tree of `size` last, and not what the request named as the older one. */
export type WitnessAnswer =
  | { readonly state: 'cosigned'; readonly lines: string }
  | { readonly state: 'other-size'; readonly size: number };

/** One call of the witness protocol. https://c2sp.org/tlog-witness */
export interface WitnessDoor {
  /** For people: a host. */
  readonly name: string;
  /**
   * @param request an older size, a consistency proof, a checkpoint.
   * @throws `ANCHOR_UNAVAILABLE` where it did not answer, or could not; `ANCHOR_REFUSED` where it will not.
   */
  readonly addCheckpoint: (request: string, budget: Budget) => Promise<WitnessAnswer>;
}
