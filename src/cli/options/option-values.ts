import { InvalidArgumentError } from 'commander';

/* What the values of options may be. Commander puts the name of the option before each message. */

export function wholeNumber(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}

export function oneOf<const Choices extends readonly string[]>(
  ...choices: Choices
): (value: string) => Choices[number] {
  const parse = (value: string) => {
    const choice: Choices[number] | undefined = choices.find((one) => one === value);
    if (choice !== undefined) return choice;
    throw new InvalidArgumentError(`It must be one of: ${choices.join(', ')}.`);
  };
  return Object.assign(parse, { choices });
}

/** The words that {@link oneOf} takes, for completion. */
export function choicesOf(parse: unknown): readonly string[] | undefined {
  if (typeof parse !== 'function' || !('choices' in parse)) return undefined;
  return parse.choices as readonly string[];
}

/** Some of `choices`, with commas between them. */
export function someOf<const Choices extends readonly string[]>(
  ...choices: Choices
): (value: string) => readonly Choices[number][] {
  return (value) => {
    const words = value.split(',').map((word) => word.trim());
    const chosen: Choices[number][] = words.filter((word) => choices.includes(word));
    if (chosen.length === words.length) return [...new Set(chosen)];
    throw new InvalidArgumentError(
      `It must be one or more of: ${choices.join(', ')}; with commas between them.`,
    );
  };
}

/** `5%` or `0.5%`, as a fraction. */
export function percentage(value: string): number {
  const percent = /^\d{1,3}(?:\.\d{1,6})?%$/.test(value) ? Number(value.slice(0, -1)) : Number.NaN;
  if (percent > 0 && percent <= 100) return percent / 100;
  throw new InvalidArgumentError('It must be a percentage above 0% and up to 100%, such as 5%.');
}

/** `90m`, `24h`, `7d`, as ms. */
export function age(value: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(value) ?? [];
  const ms = Number(digits) * ({ m: 60_000, h: 3_600_000, d: 86_400_000 }[unit] ?? Number.NaN);
  if (digits !== '' && ms > 0) return ms;
  throw new InvalidArgumentError('It must be a number of minutes, hours or days, such as 24h.');
}

/** For an option that may be repeated. */
export function collect(value: string, previous: unknown): readonly string[] {
  return [...(Array.isArray(previous) ? (previous as readonly string[]) : []), value];
}

/** `yield`, or items a minute. */
export function rate(value: string): 'yield' | number {
  if (value === 'yield') return value;
  if (/^[1-9]\d{0,6}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It must be yield or a number of items a minute.');
}
