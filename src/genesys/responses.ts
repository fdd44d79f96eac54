import { parseRetryAfter } from '../http/retry-timing.ts';
import { parseForeignJson } from '../json.ts';

/** The text as a JSON object; `undefined` when it is anything else. */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  const value = parseForeignJson(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/**
 * How long a throttled caller is asked to wait, ms: `Retry-After`, else `inin-ratelimit-reset` (seconds until the budget of the
 * token is renewed).
 */
export function retryPause(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  return (
    parseRetryAfter(headers['retry-after'], now) ?? parseRetryAfter(headers['inin-ratelimit-reset'], now)
  );
}

/** What the platform's support asks for first, to find a request in its logs. */
export function readCorrelationId(headers: Readonly<Record<string, string>>): string | undefined {
  const id = headers['inin-correlation-id'];
  return id !== undefined && /^[A-Za-z0-9-]{1,64}$/.test(id) ? id : undefined;
}

/**
 * The machine-readable code of a Genesys error body, such as `missing.permissions`. Its free-text `message` is never used: it
 * may quote what was sent.
 */
export function errorCode(text: string): string | undefined {
  const code = parseJsonObject(text)?.['code'];
  return typeof code === 'string' && /^[a-z0-9._ -]{1,80}$/i.test(code) ? code : undefined;
}

export { readField } from '../json.ts';

/** Members of a list that are read; a conversation with more participants than this is none that people have. */
export const MAX_LIST_MEMBERS = 1_000;

/** The first members of a list of the answer; none where `value` is no list. */
export function readList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, MAX_LIST_MEMBERS) : [];
}
