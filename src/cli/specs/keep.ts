import { type CommandSpec, defineCommand, DRY_RUN, FROM, TO } from './command-spec.ts';
import { wholeNumber } from './option-values.ts';

/** What decides how long recordings stay. */
export const KEEP_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'hold',
    summary: 'keep recordings for a matter, against retention and erasure, until it is released',
    arguments: [
      ['<action>', 'place, release, apply or list'],
      ['[id...]', 'place: ids of recordings, or keys; release, apply, list: id of a hold'],
    ],
    completes: ['place', 'release', 'apply', 'list'],
    options: [
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
      FROM,
      TO,
      {
        flags: '--yes <COUNT>',
        description: 'place: for more than 10,000 objects: the count that --dry-run printed',
        parse: wholeNumber(1, 1_000_000_000),
      },
      { flags: '--all', description: 'list: released ones as well' },
      DRY_RUN,
    ],
    purpose: 'wrap',
    details:
      'What is held is fixed when the hold is placed: ids, a conversation, or every recording of --from to --to. A hold stands until its release is there, signed where receipts are signed. In a bucket with Object Lock each object, its receipt, instruction file and context are also put under S3’s own legal hold; apply repeats that where it was interrupted. An object that two holds hold stays locked until both are released. docs/holds.md says what a hold protects from, and what not.',
    examples: [
      'genesys-archive hold place --matter "2026/117" --ids case.csv --by "M. Ito" --dry-run',
      'genesys-archive hold place --matter "2026/117" --conversation 9f8e… --from 2026-03-01 --to 2026-03-31',
      'genesys-archive hold list --json',
      'genesys-archive hold release h-20261128-0123456789ab --reason "settled" --by "A. Brandt"',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/hold.ts'),
  }),
];
