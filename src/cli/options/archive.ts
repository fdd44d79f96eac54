import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from './option-types.ts';
import { age, wholeNumber } from './option-values.ts';
import { CONCURRENCY } from './shared.ts';

export const ARCHIVE_OPTIONS = [
  { flags: '-e, --event <FILE>', description: 'event as JSON, or one event a line; - is standard input' },
  { flags: '--media <ID>', description: 'instead of an event: id of the recording' },
  { flags: '--interaction <ID>', description: 'and of its interaction' },
  { flags: '--dry-run', description: 'only tell what would be done; asks the store, not Genesys Cloud' },
  {
    flags: '--again [ID]',
    description:
      'download again, and compare with what is archived: an object without a receipt gets one if they are the same, one that is damaged or no longer what the platform serves gets a successor',
  },
  { flags: '--reason <TEXT>', description: 'why; with --again, and stands in the receipt' },
  {
    flags: '--timeout <SECONDS>',
    description: 'stop cleanly after that time, with exit code 7',
    parse: wholeNumber(1, 604_800),
  },
  CONCURRENCY,
] as const satisfies readonly OptionSpec[];
export type ArchiveOptions = OptionsOf<typeof ARCHIVE_OPTIONS>;

export const SERVE_OPTIONS = [
  {
    flags: '--port <N>',
    description: 'port to listen on (default 8080; 0: any)',
    parse: wholeNumber(0, 65_535),
  },
  { flags: '--host <ADDRESS>', description: 'address to listen on (default 127.0.0.1)' },
  {
    flags: '--spool <DIR>',
    description: 'where events are kept until they are archived (default ./spool)',
  },
  {
    flags: '--concurrency <N>',
    description: 'events worked on at a time (default 4)',
    parse: wholeNumber(1, 64),
  },
  {
    flags: '--attempts <N>',
    description: 'failures after which an event is given up (default 200, about a day)',
    parse: wholeNumber(1, 10_000),
  },
  {
    flags: '--grace <SECONDS>',
    description: 'when stopped, time for what is in flight (default 20)',
    parse: wholeNumber(0, 3_600),
  },
  {
    flags: '--jobs <N>',
    description: 'also work on jobs, this many shards at a time (default 1; 0: on none)',
    parse: wholeNumber(0, 32),
  },
  { flags: '--once', description: 'do not listen: work through the spool and end' },
] as const satisfies readonly OptionSpec[];
export type ServeOptions = OptionsOf<typeof SERVE_OPTIONS>;

export const REDRIVE_OPTIONS = [
  { flags: '--to <URL>', description: 'send each message to this SQS queue' },
  {
    flags: '--archive',
    description: 'archive each message here and now; GENESYS_ARCHIVE names one of several archives',
  },
  { flags: '--dry-run', description: 'only show them' },
  {
    flags: '--limit <N>',
    description: 'messages at most (default all)',
    parse: wholeNumber(1, 1_000_000),
  },
] as const satisfies readonly OptionSpec[];
export type RedriveOptions = OptionsOf<typeof REDRIVE_OPTIONS>;

export const GC_OPTIONS = [
  { flags: '--multipart', description: 'open multipart uploads of S3, *.partial files of a directory' },
  { flags: '--keys', description: 'key records that no object has' },
  {
    flags: '--older-than <TIME>',
    description:
      'begun before that: 90m, 24h (default), 7d; what is younger may still be written. With --keys at least 24h',
    parse: age,
  },
  { flags: '--dry-run', description: 'only show them' },
] as const satisfies readonly OptionSpec[];
export type GcOptions = OptionsOf<typeof GC_OPTIONS>;
