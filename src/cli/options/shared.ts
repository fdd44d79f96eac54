import type { OptionSpec } from '../specs/command-outline.ts';
import { rate, wholeNumber } from './option-values.ts';

/* Options that several commands have. */

export const ALL_ARCHIVES = {
  flags: '--all-archives',
  description: 'for each archive of the settings file, one after the other',
} as const satisfies OptionSpec;

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
