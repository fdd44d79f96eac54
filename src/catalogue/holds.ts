/** Which objects are held, for the columns of holds. */
export interface Held {
  /** Ids in order; none for what is not held. */
  holdsOf(key: string): readonly string[];
}

export const NOTHING_HELD: Held = { holdsOf: () => [] };
