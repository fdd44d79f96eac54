/** When a webhook was sent, in whole seconds since the Unix epoch. Optional with a signature that does not cover it. */
export const TIMESTAMP_HEADER = 'x-genesys-archive-timestamp';

/** How far the sender's clock may be off, and how long a request may be on its way, ms. */
export const TIMESTAMP_WINDOW_MS = 300_000;

type Headers = Readonly<Record<string, string | undefined>>;

/**
 * Reports whether a webhook may be accepted at `now` (epoch ms). One without a timestamp may; one with a timestamp only when that is
 * well formed, occurs once, and is at most 5 minutes off.
 *
 * A `v2=` signature covers the timestamp, so a request cannot be replayed after the window. A `sha256=` signature covers the body
 * alone: there the timestamp keeps out accidental replays (a proxy's buffer, a log that is played back), and archiving the same
 * event again changes nothing.
 */
export function isTimely(headers: Headers, now: number): boolean {
  if (valuesOf(headers).length === 0) return true;
  const text = statedTimestamp(headers);
  return text !== undefined && Math.abs(now - Number(text) * 1000) <= TIMESTAMP_WINDOW_MS;
}

/** The timestamp as it was sent; `undefined` when it is missing, malformed or occurs twice. */
export function statedTimestamp(headers: Headers): string | undefined {
  const values = valuesOf(headers);
  const text = values.length === 1 ? (values[0] ?? '') : '';
  return /^\d{1,11}$/.test(text) ? text : undefined;
}

function valuesOf(headers: Headers): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    name.toLowerCase() === TIMESTAMP_HEADER && value !== undefined ? [value] : [],
  );
}
