import type { Purpose } from '../../config/schema.ts';

export interface OptionSpec {
  readonly flags: string;
  readonly description: string;
  readonly parse?: (value: string, previous: unknown) => unknown;
  readonly default?: unknown;
}

/** What help and completion tell of a command. */
export interface CommandOutline {
  readonly name: string;
  readonly summary: string;
  /** In commander's notation: `<required>`, `[optional]`, `<several...>`. */
  readonly arguments?: readonly (readonly [name: string, description: string])[];
  /** What a shell offers for its arguments: words, or names of files; nothing where it is not said. */
  readonly completes?: readonly string[] | 'files';
  readonly options: readonly OptionSpec[];
  /** Which settings its flags mirror. */
  readonly purpose?: Purpose;
  readonly details?: string;
  readonly examples: readonly string[];
  readonly exitCodes: readonly number[];
  /** Retries are what it is about: they are not told one by one. */
  readonly expectsRetries?: true;
  /** It does nothing but print: it ends when its reader has gone. */
  readonly isForReading?: true;
}
