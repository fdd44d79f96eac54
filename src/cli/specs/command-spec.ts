import type { CommandModule } from '../_context.ts';
import type { CommandOutline, OptionSpec } from './command-outline.ts';
import type { Fitting } from './option-types.ts';
import { rate, wholeNumber } from './option-values.ts';

export type { OptionSpec };

/** A command as data: its help cannot drift from its parser, and its code is loaded only when it runs. */
export interface CommandSpec extends CommandOutline {
  /** More of its help, from code that is loaded only when the command is named. */
  readonly loadNotes?: () => Promise<string>;
  /** It takes `--all-archives`: it is run for each of several archives. */
  readonly allArchives?: AllArchives;
  readonly load: () => Promise<CommandModule>;
}

/** Returns the spec as it is; its type says which options the command may take: a misspelt one is a type error here. */
export function defineCommand<const Options extends readonly OptionSpec[], Taken = object>(
  spec: Omit<CommandSpec, 'options' | 'load'> & {
    readonly options: Options;
    readonly load: (() => Promise<CommandModule<Taken>>) & Fitting<Taken, Options>;
  },
): CommandSpec {
  const { load } = spec;
  return { ...spec, load: load as () => Promise<CommandModule> };
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

export const ALL_ARCHIVES = {
  flags: '--all-archives',
  description: 'for each archive of the settings file, one after the other',
} as const satisfies OptionSpec;

/* Options and arguments that several commands have. */

export const FROM = {
  flags: '--from <DAY>',
  description: 'first day, UTC, e.g. 2026-05-01',
} as const satisfies OptionSpec;
export const TO = {
  flags: '--to <DAY>',
  description: 'last day, UTC, e.g. 2026-05-31',
} as const satisfies OptionSpec;
export const CONCURRENCY = {
  flags: '--concurrency <N>',
  description: 'recordings worked on at a time (default 4)',
  parse: wholeNumber(1, 64),
} as const satisfies OptionSpec;
export const DRY_RUN = {
  flags: '--dry-run',
  description: 'only tell what would be done',
} as const satisfies OptionSpec;
export const OBJECT_VERSION = {
  flags: '--object-version <N>',
  description:
    'of a recording that was archived again: this version instead of the current one; 1 is the first',
  parse: wholeNumber(1, 99),
} as const satisfies OptionSpec;
export const UNVERIFIED = {
  flags: '--unverified',
  description: 'go on where a receipt is missing or does not fit; tells what was not checked',
} as const satisfies OptionSpec;
export const WRAP = {
  flags: '--wrap <KEY>',
  description: 'wrapping key: kms, kms:KEY, aes or rsa (default: the only one configured)',
} as const satisfies OptionSpec;
export const WHERE = {
  flags: '--where <FLAGS>',
  description:
    'recordings that the catalogue has for these flags of find, e.g. "--queue Claims --from 2026-03-01"',
} as const satisfies OptionSpec;
/** Of every command that can make a job of its work. */
export const JOB_OPTIONS = [
  {
    flags: '--job',
    description: 'with --all: plan a job, which any runner works on; see genesys-archive jobs',
  },
  { flags: '--wait', description: 'with --job: work on it here until it is over' },
  {
    flags: '--workers <N>',
    description: 'with --job --wait: shards that are worked on at once (default 1)',
    parse: wholeNumber(1, 32),
  },
  { flags: '--rate <RATE>', description: 'with --job: recordings a minute, or yield (default)', parse: rate },
  { flags: '--name <NAME>', description: 'with --job: a name for people' },
] as const satisfies readonly OptionSpec[];
/** What commands for recordings take as arguments. */
export const ID = 'id of a recording, or key of its object';
