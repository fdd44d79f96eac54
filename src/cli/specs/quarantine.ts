import { takesAction } from './actions.ts';
import { QUARANTINE_OPTIONS } from '../options/quarantine.ts';
import { type CommandSpec, defineCommand } from './command-spec.ts';

/** What decides about recordings that wait. */
export const QUARANTINE_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'quarantine',
    summary: 'recordings that wait for a person: list, release, erase; and the rules that put them there',
    ...takesAction('quarantine', ['[id...]', 'ids of recordings, or keys; rules: a file of rules']),
    options: QUARANTINE_OPTIONS,
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
