import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from './option-types.ts';
import { collect, wholeNumber } from './option-values.ts';

/** A past that can be backfilled. */
const PAST = [
  { flags: '--from <DAY>', description: 'first day (UTC) of a past that can be backfilled' },
  { flags: '--to <DAY>', description: 'last day of it' },
  { flags: '--empty-day <DAY>', description: 'a day of it without recordings' },
  {
    flags: '--late-day <DAY>',
    description: 'a day of it that arrives 60 seconds after the simulator has started',
  },
  { flags: '--delete-one', description: 'the platform has deleted one recording of the past' },
  { flags: '--unannounced', description: 'the platform sends no event of one conversation of the past' },
  {
    flags: '--omit <PERCENT>',
    description: 'so many recordings of the past are left out by batch downloads',
    parse: wholeNumber(0, 100),
  },
  {
    flags: '--longest <SECONDS>',
    description: 'the longest recording of the past (default 900); most are much shorter',
    parse: wholeNumber(1, 86_400),
  },
  {
    flags: '--lake-lag <SECONDS>',
    description: 'how far the data lake of analytics is behind (default 86400, a day)',
    parse: wholeNumber(0, 864_000),
  },
] as const;

/** A bulk export of the platform. */
const EXPORT = [
  { flags: '--export <DIR>', description: 'write the recordings there as a bulk export of the platform' },
  {
    flags: '--export-bucket',
    description: 'the same, into a second bucket of the S3 endpoint; needs --s3',
  },
  {
    flags: '--export-faults <N>',
    description: 'of the export, N files each without a sidecar, cut short, and encrypted with PGP',
    parse: wholeNumber(0, 1_000),
  },
] as const;

/** What is sent. */
const EVENTS = [
  { flags: '--events', description: 'write an archiving event for each recording to standard output' },
  { flags: '--shape <SHAPE>', description: 'their shape (default eventbridge), see below' },
  { flags: '--post <URL>', description: 'send them as webhooks to this address on this machine' },
  {
    flags: '--scenario <FILE>',
    description: 'conversations of the published API and what happens to them, see below',
  },
  {
    flags: '--emit <N>',
    description: 'events for the first N recordings only',
    parse: wholeNumber(1, 10_000),
  },
] as const;

export const SIMULATE_OPTIONS = [
  {
    flags: '--recordings <N>',
    description: 'synthetic recordings (default 10), or recordings of the past with --from and --to',
    parse: wholeNumber(0, 10_000_000),
  },
  { flags: '--media <DIR>', description: 'serve the files of this folder as recordings' },
  {
    flags: '--port <N>',
    description: 'port of the API; media, S3 and KMS take the next three (default: any free ones)',
    parse: wholeNumber(1, 65_532),
  },
  {
    flags: '--fault <SPEC>',
    description: 'make requests fail; may be repeated, see below',
    parse: collect,
  },
  ...PAST,
  {
    flags: '--organizations <N>',
    description: 'organizations (default 1), each with an OAuth client and a past of its own',
    parse: wholeNumber(1, 20),
  },
  ...EXPORT,
  { flags: '--s3 <DIR>', description: 'also run an S3 endpoint that keeps its objects there' },
  { flags: '--kms <DIR>', description: 'also run a KMS endpoint that keeps its keys there' },
  ...EVENTS,
] as const satisfies readonly OptionSpec[];
export type SimulateOptions = OptionsOf<typeof SIMULATE_OPTIONS>;
