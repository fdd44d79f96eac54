export interface HttpTimeouts {
  /** TCP and TLS set-up, ms. */
  readonly connectMs: number;
  /** From sending the request to the end of the response headers, ms. */
  readonly headersMs: number;
  /** Longest wait for the next bytes of a body, ms. */
  readonly idleMs: number;
  /** A body must bring at least this many bytes a second, measured over windows of `minimumSpeedWindowMs`. */
  readonly minimumBytesPerSecond: number;
  readonly minimumSpeedWindowMs: number;
}

export const DEFAULT_TIMEOUTS: HttpTimeouts = {
  connectMs: 5_000,
  headersMs: 15_000,
  idleMs: 15_000,
  minimumBytesPerSecond: 32 * 1024,
  minimumSpeedWindowMs: 30_000,
};
