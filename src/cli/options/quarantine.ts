import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from './option-types.ts';
import { wholeNumber } from './option-values.ts';
import { DRY_RUN } from './shared.ts';

export const QUARANTINE_OPTIONS = [
  {
    flags: '--ids <FILE>',
    description: 'ids or keys: one a line, CSV (first column) or JSON lines; - is standard input',
  },
  { flags: '--skip-invalid', description: 'with --ids: go on without lines that name no recording' },
  { flags: '--overdue', description: 'what a person was to decide about by now' },
  {
    flags: '--reason <TEXT>',
    description: 'release, erase: why; stands in receipt and access log, or in the tombstone',
  },
  { flags: '--by <NAME>', description: 'release, erase: who you are (default: user and host)' },
  {
    flags: '--yes <COUNT>',
    description: 'release: acts, with the count that was printed',
    parse: wholeNumber(1, 1_000_000_000),
  },
  { flags: '--leave-held', description: 'erase: leave out what a hold is on' },
  DRY_RUN,
] as const satisfies readonly OptionSpec[];
export type QuarantineOptions = OptionsOf<typeof QUARANTINE_OPTIONS>;
