import { checked } from './checked.ts';

/** `yield`, or a whole number of items a minute. */
export const jobRate = checked<'yield' | number>((text) => {
  if (text === 'yield') return { value: 'yield' };
  const value = /^[1-9]\d{0,6}$/.test(text) ? Number(text) : undefined;
  return value === undefined ? { problem: 'must be yield or a number of items a minute' } : { value };
});
