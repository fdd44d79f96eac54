import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from './option-types.ts';
import { wholeNumber } from './option-values.ts';
import { FROM, TO, DRY_RUN, WHERE } from './shared.ts';

/** What a recording must have before it is deleted at the platform. */
const WISHES = [
  { flags: '--compare', description: 'plan: download each recording again, and compare it' },
  {
    flags: '--stated-unredacted',
    description:
      'plan: you state that the archive’s OAuth client has always had recording:recording:viewSensitiveData; else --compare shows it',
  },
  {
    flags: '--context',
    description: 'plan: want the context of each; also without, where ARCHIVE_CONTEXT=1',
  },
  {
    flags: '--transcript',
    description:
      'plan: want the transcript of each, or that the platform had no transcript; also where ARCHIVE_TRANSCRIPTS=1',
  },
] as const;

export const SOURCE_DELETE_OPTIONS = [
  {
    flags: '--ids <FILE>',
    description: 'plan: ids or keys: one a line, CSV (first column) or JSON lines; - is standard input',
  },
  {
    flags: '--skip-invalid',
    description: 'plan: with --ids: go on without lines that name no recording',
  },
  { flags: '--skip-missing', description: 'plan: go on without ids that the archive does not hold' },
  { flags: '--conversation <ID>', description: 'plan: every recording of that conversation' },
  WHERE,
  FROM,
  TO,
  ...WISHES,
  { flags: '--reason <TEXT>', description: 'plan, cancel: why; no name, no number' },
  { flags: '--by <NAME>', description: 'who you are (default: user and host)' },
  {
    flags: '--yes <COUNT>',
    description: 'run: the number of recordings, as the plan printed it',
    parse: wholeNumber(1, 1_000_000_000),
  },
  { flags: '--plan <PLAN>', description: 'cancel: everything that this plan has marked' },
  { flags: '--held', description: 'cancel: everything that a hold is on by now' },
  { flags: '--all', description: 'cancel: everything that is marked' },
  DRY_RUN,
] as const satisfies readonly OptionSpec[];
export type SourceDeleteCommandOptions = OptionsOf<typeof SOURCE_DELETE_OPTIONS>;
