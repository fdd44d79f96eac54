import { takesAction } from './actions.ts';
import { type CommandSpec, defineCommand, DRY_RUN } from './command-spec.ts';
import { wholeNumber } from './option-values.ts';

/** What decides about recordings that wait. */
export const QUARANTINE_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'quarantine',
    summary: 'recordings that wait for a person: list, release, erase; and the rules that put them there',
    ...takesAction('quarantine', ['[id...]', 'ids of recordings, or keys; rules: a file of rules']),
    options: [
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
    ],
    purpose: 'wrap',
    details:
      'Rules in ARCHIVE_QUARANTINE say which recordings wait: by queue, division, medium, annotation, or because a secure pause is missing. They lie under quarantine/, without a lock, until a person decides. release copies what was verified to where it is kept, locks and refers to it by the rules, and removes it from quarantine; it needs the settings of who archives, and without --yes only tells. erase writes the plan of an erasure, which `erase --confirm` carries out. Nothing is deleted or locked by itself: what was not decided in time is overdue. What a hold is on stays. docs/keeping.md has the format of the rules.',
    examples: [
      'genesys-archive quarantine rules quarantine.json',
      'genesys-archive quarantine list --overdue',
      'genesys-archive quarantine release 4f1c… --reason "no card data" --yes 1',
      'genesys-archive quarantine erase 9f8e… --reason "card number spoken"',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/quarantine.ts'),
  }),
];
