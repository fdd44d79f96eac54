import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from './option-types.ts';
import { wholeNumber, rate } from './option-values.ts';

export const BACKFILL_OPTIONS = [
  { flags: '--from <DAY>', description: 'conversations that began from that day on, in UTC' },
  { flags: '--to <DAY>', description: 'and up to that day, itself included' },
  {
    flags: '--ids <FILE>',
    description: 'conversations or recordings, one a line, as CSV or JSON lines; - is standard input',
  },
  {
    flags: '--inventory',
    description: 'all that the platform keeps, what it deletes first first (experimental)',
  },
  {
    flags: '--from-export <URL>',
    description: 'files that the platform has exported: s3://BUCKET[/PREFIX], or a directory',
  },
  { flags: '--failed <JOB>', description: 'what an earlier job could not do' },
  { flags: '--skip-invalid', description: 'leave out lines that are no ids, instead of ending' },
  {
    flags: '--dry-run',
    description: 'only tell what would be done, what it costs and how long it takes',
  },
  {
    flags: '--rate <RATE>',
    description: 'yield (to live calls), or requests a minute (default: ARCHIVE_JOB_RATE)',
    parse: rate,
  },
  { flags: '--name <NAME>', description: 'a name for the job' },
  {
    flags: '--yes <COUNT>',
    description: 'the number of items, as --dry-run prints it; needed above 10,000',
    parse: wholeNumber(1, 1_000_000_000),
  },
  { flags: '--wait', description: 'work on the job here, until it is over' },
  {
    flags: '--workers <N>',
    description: 'with --wait: shards that are worked on at once (default 2)',
    parse: wholeNumber(1, 32),
  },
] as const satisfies readonly OptionSpec[];
export type BackfillCommandOptions = OptionsOf<typeof BACKFILL_OPTIONS>;

export const FACTS_OPTIONS = [
  { flags: '--day <DAY>', description: 'that day in UTC, whether its facts are fresh or not' },
  { flags: '--from <DAY>', description: 'from that day on (default: the last 14 days)' },
  { flags: '--to <DAY>', description: 'and up to that day, itself included' },
  { flags: '--anew', description: 'update: also days whose facts are fresh' },
] as const satisfies readonly OptionSpec[];
export type FactsOptions = OptionsOf<typeof FACTS_OPTIONS>;
