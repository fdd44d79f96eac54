/** When a webhook was sent, in whole seconds since the Unix epoch. Optional: the platform itself sends none. */
export const TIMESTAMP_HEADER = 'x-genesys-archive-timestamp';

/** How far the sender's clock may be off, and how long a request may be on its way, ms. */
export const TIMESTAMP_WINDOW_MS = 300_000;

/**
 * May a webhook be accepted at `now` (epoch ms)? One without a timestamp may; one with a timestamp only when that is well formed,
 * occurs once, and is at most 5 minutes off.
 *
 * The signature covers the body alone, so this keeps out accidental replays (a proxy's buffer, a log that is played back). What
 * makes a deliberate one harmless is that archiving the same event again changes nothing.
 */
export function isTimely(headers: Readonly<Record<string, string | undefined>>, now: number): boolean {
  const values = Object.entries(headers).filter(
    ([name, value]) => name.toLowerCase() === TIMESTAMP_HEADER && value !== undefined,
  );
  if (values.length === 0) return true;
  const text = values.length === 1 ? (values[0]?.[1] ?? '') : '';
  if (!/^\d{1,11}$/.test(text)) return false;
  return Math.abs(now - Number(text) * 1000) <= TIMESTAMP_WINDOW_MS;
}
