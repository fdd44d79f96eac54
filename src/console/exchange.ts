/** A request and its answer, whichever way they travel: the node:http adapter, or a function’s response stream. */
export interface ConsoleRequest {
  readonly method: string;
  /** Not decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** @throws `REQUEST_INVALID` beyond {@link MAX_BODY_BYTES}. */
  body(): Promise<Buffer>;
  /** Aborted when who asked has gone. */
  readonly signal: AbortSignal;
}

export interface ConsoleAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** `Set-Cookie`. */
  readonly cookie?: string | readonly string[];
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

export const MAX_BODY_BYTES = 64 * 1024;

export function jsonAnswer(
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): ConsoleAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(`${JSON.stringify(value)}\n`),
  };
}

export const noContent: ConsoleAnswer = { status: 204, headers: {} };
