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
  /** What it remembers: the newest checkpoint, where it can be asked. */
  readonly recall?: (
    budget: Budget,
  ) => Promise<{ readonly size: number; readonly root?: string } | undefined>;
  /**
   * Hands a checkpoint over; does nothing where that was done before.
   *
   * @returns epoch ms, where it states a time.
   * @throws `ANCHOR_UNAVAILABLE`, `ANCHOR_REFUSED`, `STORE_*`.
   */
  readonly keep: (checkpoint: AnchoredCheckpoint, budget: Budget) => Promise<{ readonly time?: number }>;
}
