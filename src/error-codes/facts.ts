/**
 * What is known of an error code. `exit` is the CLI's exit code (a contract: 0 ok, 1 unexpected, 2 usage or configuration, 3 some
 * items failed, 4 authentication or permission, 5 integrity, 6 not found, 7 throttled or out of time and safe to retry, 130
 * interrupted). `retryable` is the default answer to "may the same work succeed later, unchanged?".
 */
export interface ErrorCodeFacts {
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 130;
  readonly retryable: boolean;
  readonly meaning: string;
  readonly hint?: string;
}

/** Checks a table of codes, and keeps its names as types. */
export const errorCodes = <const T extends Record<string, ErrorCodeFacts>>(
  table: T,
): { readonly [K in keyof T]: ErrorCodeFacts } => table;
