import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from './option-types.ts';
import { wholeNumber, rate } from './option-values.ts';
import { ALL_ARCHIVES } from './shared.ts';

export const JOBS_OPTIONS = [
  { flags: '--wait', description: 'show: until the job is over; retry: work on the new job here' },
  {
    flags: '--workers <N>',
    description: 'run: shards that are worked on at once (default 1)',
    parse: wholeNumber(1, 32),
  },
  { flags: '--once', description: 'run: end when nothing is free, instead of waiting for the rest' },
  {
    flags: '--rate <RATE>',
    description: 'resume, retry: yield (to live calls), or items a minute',
    parse: rate,
  },
  { flags: '--name <NAME>', description: 'retry: a name for the new job' },
  {
    flags: '--all',
    description: 'list: also jobs that are over; retry: also what is not expected to succeed',
  },
  { ...ALL_ARCHIVES, description: 'list, run: for each archive of the settings file' },
] as const satisfies readonly OptionSpec[];
export type JobsOptions = OptionsOf<typeof JOBS_OPTIONS>;
