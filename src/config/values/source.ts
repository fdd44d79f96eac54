import { checked } from '../checked.ts';

/** Acts a day: no larger number is one that a person can answer for. */
const MAX_PER_DAY = 1_000_000;

export const actsPerDay = checked<number>((text) => {
  const value = /^[1-9]\d{0,6}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY;
  return value <= MAX_PER_DAY ? { value } : { problem: `must be a whole number from 1 to ${MAX_PER_DAY}` };
});
