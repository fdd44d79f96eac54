import type { Purpose } from '../../config/schema.ts';
import type { CommandModule } from '../_context.ts';
import { wholeNumber } from './option-values.ts';

export interface OptionSpec {
  readonly flags: string;
  readonly description: string;
  readonly parse?: (value: string, previous: unknown) => unknown;
  readonly default?: unknown;
}

/** A command as data: its help cannot drift from its parser, and its code is loaded only when it runs. */
export interface CommandSpec {
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
  /** More of its help, from code that is loaded only when the command is named. */
  readonly loadNotes?: () => Promise<string>;
  readonly examples: readonly string[];
  readonly exitCodes: readonly number[];
  /** Retries are what it is about: they are not told one by one. */
  readonly expectsRetries?: true;
  /** Its output is all there is to it: when nobody reads that any more, it ends. */
  readonly isForReading?: true;
  /** It takes `--all-archives`: it is run for each of several archives. */
  readonly allArchives?: AllArchives;
  readonly load: () => Promise<CommandModule>;
}

/** What a command does where there are several archives. */
export interface AllArchives {
  /** It looks for something: one archive that has it is enough. */
  readonly isSearch?: boolean;
  /** Also without the option, where none is chosen. */
  readonly byDefault?: boolean;
  /** Options that name what only one archive can have, by their attribute. */
  readonly notWith?: readonly (readonly [attribute: string, flag: string])[];
}

export const ALL_ARCHIVES: OptionSpec = {
  flags: '--all-archives',
  description: 'for each archive of the settings file, one after the other',
};

/* Options and arguments that several commands have. */

export const FROM: OptionSpec = { flags: '--from <DAY>', description: 'first day, UTC, e.g. 2026-05-01' };
export const TO: OptionSpec = { flags: '--to <DAY>', description: 'last day, UTC, e.g. 2026-05-31' };
export const CONCURRENCY: OptionSpec = {
  flags: '--concurrency <N>',
  description: 'recordings worked on at a time (default 4)',
  parse: wholeNumber(1, 64),
};
export const DRY_RUN: OptionSpec = { flags: '--dry-run', description: 'only tell what would be done' };
export const OBJECT_VERSION: OptionSpec = {
  flags: '--object-version <N>',
  description:
    'of a recording that was archived again: this version instead of the current one; 1 is the first',
  parse: wholeNumber(1, 99),
};
export const UNVERIFIED: OptionSpec = {
  flags: '--unverified',
  description: 'go on where a receipt is missing or does not fit; tells what was not checked',
};
export const WRAP: OptionSpec = {
  flags: '--wrap <KEY>',
  description: 'wrapping key: kms, kms:KEY, aes or rsa (default: the only one configured)',
};
/** What commands for recordings take as arguments. */
export const ID = 'id of a recording, or key of its object';
