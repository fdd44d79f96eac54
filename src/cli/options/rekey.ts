import { CONCURRENCY, DRY_RUN, FROM, JOB_OPTIONS, TO, UNVERIFIED, WRAP } from './shared.ts';
import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from './option-types.ts';
import { wholeNumber } from './option-values.ts';

/** Of every command that changes where or how data keys are kept. */
export const MOVE_OPTIONS = [
  { flags: '--all', description: 'every recording of the archive' },
  DRY_RUN,
  UNVERIFIED,
  FROM,
  TO,
  CONCURRENCY,
  ...JOB_OPTIONS,
  {
    flags: '--yes <COUNT>',
    description: 'with --job: how many recordings it is about, needed above 10000; --job --dry-run tells',
    parse: wholeNumber(1, 999_999_999),
  },
] as const satisfies readonly OptionSpec[];

/** Of every command that moves recordings under other keys. */
export const REKEY_OPTIONS = [...MOVE_OPTIONS, WRAP] as const satisfies readonly OptionSpec[];

export type MoveOptions = OptionsOf<typeof MOVE_OPTIONS>;
export type RekeyOptions = OptionsOf<typeof REKEY_OPTIONS>;
