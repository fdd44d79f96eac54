/**
 * Times that may decide under which day a recording is filed. Outside 2000 to 2099 a number is a mistake (seconds for
 * milliseconds, an unset clock), and the four-digit year of a key would not hold either.
 */
const EARLIEST = Date.UTC(2000, 0, 1);
const END = Date.UTC(2100, 0, 1);

/** First and last day (epoch ms of their midnights, UTC) that an object can be filed under. */
export const FIRST_DAY = EARLIEST;
export const LAST_DAY = END - 86_400_000;

/** Reports whether `at` (epoch ms) is a whole number within the years 2000 to 2099, UTC. */
export function isPlausibleTime(at: number): boolean {
  return Number.isInteger(at) && at >= EARLIEST && at < END;
}

/**
 * ISO 8601 date and time with a zone: `Z`, `+01:00`, or `+0000` as Genesys's own export sidecars write it. A time without
 * a zone would mean another instant on another machine, so it is none.
 */
const ISO_WITH_ZONE =
  /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?(?:Z|z|([+-]\d{2}):?(\d{2}))$/;

/**
 * Reads a time as platforms state it: ISO 8601 with a zone, or epoch milliseconds as a number.
 *
 * @returns epoch ms (UTC), truncated to whole milliseconds, or `undefined` when it is none, has no zone or is implausible.
 */
export function parseRecordingTime(value: unknown): number | undefined {
  if (typeof value === 'number') {
    const whole = Math.trunc(value);
    return isPlausibleTime(whole) ? whole : undefined;
  }
  if (typeof value !== 'string' || value.length > 40) return undefined;
  const [, date, time, fraction = '', zoneHours, zoneMinutes = '00'] = ISO_WITH_ZONE.exec(value) ?? [];
  if (date === undefined || time === undefined || !isCalendarDay(date)) return undefined;
  const seconds = time.length === 5 ? `${time}:00` : time;
  const zone = zoneHours === undefined ? 'Z' : `${zoneHours}:${zoneMinutes}`;
  const at = Date.parse(`${date}T${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}${zone}`);
  return isPlausibleTime(at) ? at : undefined;
}

/**
 * Midnight (epoch ms, UTC) of a day written `YYYY-MM-DD`, as the command line takes it.
 *
 * @returns `undefined` when it is no day of the calendar, or not within 2000 to 2099.
 */
export function parseDay(day: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || !isCalendarDay(day)) return undefined;
  const at = Date.UTC(yearOf(day), monthOf(day) - 1, dateOf(day));
  return isPlausibleTime(at) ? at : undefined;
}

/** `2026-02-30` parses in JavaScript, as 2 March. @param day `YYYY-MM-DD`, all digits. */
function isCalendarDay(day: string): boolean {
  const month = monthOf(day);
  if (month < 1 || month > 12) return false;
  const last = new Date(Date.UTC(yearOf(day), month, 0)).getUTCDate();
  return dateOf(day) >= 1 && dateOf(day) <= last;
}

const yearOf = (day: string) => Number(day.slice(0, 4));
const monthOf = (day: string) => Number(day.slice(5, 7));
const dateOf = (day: string) => Number(day.slice(8, 10));

/** ms of a day; those of UTC all have 24 hours. */
export const DAY_MS = 86_400_000;

/** The UTC day of a time (epoch ms), `YYYY-MM-DD`. The inverse of {@link parseDay}. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
