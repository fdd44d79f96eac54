import { takesAction } from './actions.ts';
import { SOURCE_DELETE_OPTIONS } from '../options/source.ts';
import { type CommandSpec, defineCommand } from './command-spec.ts';

/** What deletes at the platform what the archive has. */
export const SOURCE_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'source-delete',
    summary: 'delete at the platform what is verified here: a plan, then run; can be taken back for 7 days',
    ...takesAction('source-delete', [
      '[name...]',
      'plan, cancel: ids of recordings, or keys; run: the name of a plan',
    ]),
    options: SOURCE_DELETE_OPTIONS,
    purpose: 'wrap',
    details:
      'Off unless ARCHIVE_SOURCE_DELETE=1, and never done by anything that runs on a schedule. A plan reads, decrypts and checks each recording, and touches nothing; run checks each again, sets the day on which the platform deletes it, at least 7 days ahead, and reads it back. What is held, protected at the platform, partial, maybe redacted, or without its context or transcript stays there, with its reason. After the day status asks whether it is gone, and notes it for the log; until then cancel takes the day away again. A recording that the platform has deleted cannot be brought back there. docs/source-delete.md has all of it.',
    examples: [
      'genesys-archive source-delete plan --from 2024-01-01 --to 2024-01-31 --compare --reason "retention 2024"',
      'genesys-archive source-delete run 20261128t0738-k3f9qz.3q2-7wAbCdEf --yes 412',
      'genesys-archive source-delete status',
      'genesys-archive source-delete cancel --held --reason "matter 2026/117"',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/source-delete.ts'),
  }),
];
