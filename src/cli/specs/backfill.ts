import { takesAction } from './actions.ts';
import { type CommandSpec, defineCommand } from './command-spec.ts';
import { rate, wholeNumber } from './option-values.ts';

/** What brings recordings from before. */
export const BACKFILL_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'backfill',
    summary: 'archive the recordings that the platform has from before',
    options: [
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
    ],
    purpose: 'archive',
    details:
      'Plans a job; any number of runners work on it: --wait here, `jobs run` on any machine, `serve`, the scheduled function of a stack. It gives way to live calls, goes on where it was after anything, and finds what is archived already. Each recording gets the key, checks, receipt and reference that a live event would have given it. See docs/backfill.md.',
    examples: [
      'genesys-archive backfill --from 2026-01-01 --to 2026-03-31 --dry-run',
      'genesys-archive backfill --from 2026-01-01 --to 2026-03-31 --yes 48210 --name spring --wait',
      'genesys-archive backfill --ids missing.csv --wait --json',
      'genesys-archive backfill --from-export s3://genesys-export/0c2f… --wait',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/backfill.ts'),
  }),
  defineCommand({
    name: 'facts',
    summary: 'keep what the platform knows of each day’s conversations, for search and context',
    ...takesAction('facts'),
    options: [
      { flags: '--day <DAY>', description: 'that day in UTC, whether its facts are fresh or not' },
      { flags: '--from <DAY>', description: 'from that day on (default: the last 14 days)' },
      { flags: '--to <DAY>', description: 'and up to that day, itself included' },
      { flags: '--anew', description: 'update: also days whose facts are fresh' },
    ],
    purpose: 'archive',
    details:
      'update asks the platform’s analytics, one job a day, and keeps the answer sealed below facts/. A day is fetched when it is over, and again two and four days later, because the platform goes on with its data. serve does it every six hours, the scheduled function of a stack twice a day, and a backfill for the days that it plans. status tells of which days there are facts.',
    examples: [
      'genesys-archive facts update',
      'genesys-archive facts update --from 2026-03-01 --to 2026-03-31',
      'genesys-archive facts status',
    ],
    exitCodes: [0, 1, 2, 3, 4, 6, 7, 130],
    load: () => import('../commands/facts.ts'),
  }),
];
