/** Values of settings that are an amount. */
import { checked, problem } from '../checked.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A number of seconds, minutes, hours or days, as in `90s`, `15m`, `2h`, `7d`; as ms. At most 90 days. */
export const duration = checked((text) => {
  const [, digits = '', unit = ''] = /^(\d{1,7})([smhd])$/.exec(text) ?? [];
  const ms = Number(digits) * (UNITS[unit] ?? Number.NaN);
  if (!(ms >= 0)) return problem('must be a number with a unit, such as 90s, 15m, 2h or 7d');
  return ms <= 90 * 86_400_000 ? { value: ms } : problem('must be 90d at most');
});

/** A part of the whole: `1`, `0.25` or `1/4`. */
export const share = checked((text) => {
  const [, fraction, whole] = /^(?:1\/([1-9]\d{0,3})|(0?\.\d{1,4}|1(?:\.0{1,4})?))$/.exec(text) ?? [];
  const value = fraction === undefined ? Number(whole ?? Number.NaN) : 1 / Number(fraction);
  return value > 0 && value <= 1 ? { value } : problem('must be above 0 and at most 1, such as 0.25 or 1/4');
});
