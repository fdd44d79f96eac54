/** The months of a year as weeks from Monday on. Pure. */

export const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;
export const WEEKDAYS = [
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
  'Sunday',
] as const;

/** Weeks of a month, seven days each, `YYYY-MM-DD`; `undefined` for what belongs to another month. */
export function daysOfMonth(year: number, month: number): (string | undefined)[][] {
  const count = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const before = (new Date(Date.UTC(year, month, 1)).getUTCDay() + 6) % 7;
  const cells = [
    ...Array.from({ length: before }, () => undefined),
    ...Array.from({ length: count }, (_, index) =>
      new Date(Date.UTC(year, month, index + 1)).toISOString().slice(0, 10),
    ),
  ];
  const weeks: (string | undefined)[][] = [];
  for (let at = 0; at < cells.length; at += 7) {
    const week: (string | undefined)[] = cells.slice(at, at + 7);
    while (week.length < 7) week.push(undefined);
    weeks.push(week);
  }
  return weeks;
}
