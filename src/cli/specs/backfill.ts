import { takesAction } from './actions.ts';
import { BACKFILL_OPTIONS, FACTS_OPTIONS } from '../options/backfill.ts';
import { type CommandSpec, defineCommand } from './command-spec.ts';

/** What brings recordings from before. */
export const BACKFILL_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'backfill',
    summary: 'archive the recordings that the platform has from before',
    options: BACKFILL_OPTIONS,
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
    options: FACTS_OPTIONS,
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
