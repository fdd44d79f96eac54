import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from './option-types.ts';
import { wholeNumber, oneOf, collect } from './option-values.ts';
import { FROM, TO, DRY_RUN, WHERE } from './shared.ts';

const LOCK_MODE = oneOf('governance', 'compliance');

export const HOLD_OPTIONS = [
  { flags: '--matter <TEXT>', description: 'place: what it is for, such as the number of a case' },
  { flags: '--reason <TEXT>', description: 'place, release: why; stands in the hold' },
  { flags: '--by <NAME>', description: 'place, release: who you are (default: user and host)' },
  {
    flags: '--ids <FILE>',
    description: 'place: ids or keys: one a line, CSV (first column) or JSON lines; - is standard input',
  },
  {
    flags: '--skip-invalid',
    description: 'place: with --ids: go on without lines that name no recording',
  },
  { flags: '--skip-missing', description: 'place: go on without ids that the archive does not hold' },
  {
    flags: '--conversation <ID>',
    description: 'place: every recording of that conversation; reads the receipts of --from to --to',
  },
  WHERE,
  FROM,
  TO,
  {
    flags: '--yes <COUNT>',
    description: 'place: for more than 10,000 objects: the count that --dry-run printed',
    parse: wholeNumber(1, 1_000_000_000),
  },
  { flags: '--all', description: 'list: released ones as well' },
  {
    flags: '--mirror',
    description:
      'place, release, apply: set the platform’s own protection from deletion too, or take it away, as far as it goes',
  },
  DRY_RUN,
] as const satisfies readonly OptionSpec[];
export type HoldOptions = OptionsOf<typeof HOLD_OPTIONS>;

export const RETAIN_OPTIONS = [
  {
    flags: '--ids <FILE>',
    description: 'ids or keys: one a line, CSV (first column) or JSON lines; - is standard input',
  },
  { flags: '--skip-invalid', description: 'with --ids: go on without lines that name no recording' },
  { flags: '--skip-missing', description: 'go on without ids that the archive does not hold' },
  { flags: '--conversation <ID>', description: 'every recording of that conversation' },
  WHERE,
  FROM,
  TO,
  { flags: '--hold <ID>', description: 'show, apply: what that hold holds, or held' },
  { flags: '--expired', description: 'show: only what a rule lets go now' },
  { flags: '--on <DAY>', description: 'show, with --expired: what it lets go by that day' },
  { flags: '--source', description: 'show: asks Genesys Cloud when it deletes its own' },
  { flags: '--until <DAY>', description: 'extend: the last day, UTC' },
  {
    flags: '--mode <MODE>',
    description: 'extend: governance or compliance (default: as the retention file, else governance)',
    parse: LOCK_MODE,
  },
  { flags: '--reason <TEXT>', description: 'extend: why; stands in the access log' },
  { flags: '--by <NAME>', description: 'extend, apply: who you are (default: user and host)' },
  {
    flags: '--yes <COUNT>',
    description: 'extend: acts, with the count that was printed; apply: for more than 10,000 objects',
    parse: wholeNumber(1, 1_000_000_000),
  },
  DRY_RUN,
] as const satisfies readonly OptionSpec[];
export type RetainOptions = OptionsOf<typeof RETAIN_OPTIONS>;

export const ERASE_OPTIONS = [
  {
    flags: '--ids <FILE>',
    description: 'ids or keys: one a line, CSV (first column) or JSON lines; - is standard input',
  },
  { flags: '--skip-invalid', description: 'with --ids: go on without lines that name no recording' },
  { flags: '--skip-missing', description: 'go on without ids that the archive does not hold' },
  { flags: '--conversation <ID>', description: 'every recording of that conversation' },
  {
    flags: '--subject <NUMBER>',
    description: 'every recording with that number (+4930…) or address on the other side; may be repeated',
    parse: collect,
  },
  WHERE,
  { flags: '--request <ID>', description: 'what a request under the GDPR at the platform names' },
  { flags: '--reason <TEXT>', description: 'why: stands in every tombstone; no name, no number' },
  { flags: '--by <NAME>', description: 'who you are (default: user and host)' },
  { flags: '--leave-held', description: 'leave out what a hold is on, instead of refusing all of it' },
  {
    flags: '--confirm <PLAN>',
    description: 'erase what that plan names; the name is printed by the plan',
  },
  {
    flags: '--yes <COUNT>',
    description: 'with --confirm and finish: the number of recordings, as it was printed',
    parse: wholeNumber(1, 1_000_000_000),
  },
  DRY_RUN,
] as const satisfies readonly OptionSpec[];
export type EraseOptions = OptionsOf<typeof ERASE_OPTIONS>;
