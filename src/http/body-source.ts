/** The body of a response, as its connection has it. */
export interface BodySource {
  /** The next bytes, valid until the next call; `undefined` when no more come. Rejects with the connection's error. */
  next(): Promise<Uint8Array | undefined>;
  /** True once all of it has come. */
  readonly complete: boolean;
  /** Gives the connection up, unless the body is complete. What waits for bytes is told. */
  destroy(): void;
}

/** What is wrong with a connection, in words that hold nothing of what was sent or received. */
export class ConnectionProblem extends Error {
  override readonly name = 'ConnectionProblem' as const;
}
