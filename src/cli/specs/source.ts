import { takesAction } from './actions.ts';
import { type CommandSpec, defineCommand, DRY_RUN, FROM, TO, WHERE } from './command-spec.ts';
import { wholeNumber } from './option-values.ts';

/** What a recording must have before it is deleted at the platform. */
const WISHES = [
  { flags: '--compare', description: 'plan: download each recording again, and compare it' },
  {
    flags: '--stated-unredacted',
    description:
      'plan: you state that the archive’s OAuth client has always had recording:recording:viewSensitiveData; else --compare shows it',
  },
  {
    flags: '--context',
    description: 'plan: want the context of each; also without, where ARCHIVE_CONTEXT=1',
  },
  {
    flags: '--transcript',
    description:
      'plan: want the transcript of each, or that the platform had no transcript; also where ARCHIVE_TRANSCRIPTS=1',
  },
] as const;

/** What deletes at the platform what the archive has. */
export const SOURCE_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'source-delete',
    summary: 'delete at the platform what is verified here: a plan, then run; can be taken back for 7 days',
    ...takesAction('source-delete', [
      '[name...]',
      'plan, cancel: ids of recordings, or keys; run: the name of a plan',
    ]),
    options: [
      {
        flags: '--ids <FILE>',
        description: 'plan: ids or keys: one a line, CSV (first column) or JSON lines; - is standard input',
      },
      {
        flags: '--skip-invalid',
        description: 'plan: with --ids: go on without lines that name no recording',
      },
      { flags: '--skip-missing', description: 'plan: go on without ids that the archive does not hold' },
      { flags: '--conversation <ID>', description: 'plan: every recording of that conversation' },
      WHERE,
      FROM,
      TO,
      ...WISHES,
      { flags: '--reason <TEXT>', description: 'plan, cancel: why; no name, no number' },
      { flags: '--by <NAME>', description: 'who you are (default: user and host)' },
      {
        flags: '--yes <COUNT>',
        description: 'run: the number of recordings, as the plan printed it',
        parse: wholeNumber(1, 1_000_000_000),
      },
      { flags: '--plan <PLAN>', description: 'cancel: everything that this plan has marked' },
      { flags: '--held', description: 'cancel: everything that a hold is on by now' },
      { flags: '--all', description: 'cancel: everything that is marked' },
      DRY_RUN,
    ],
    purpose: 'wrap',
    details:
      'Off unless ARCHIVE_SOURCE_DELETE=1, and never done by anything that runs on a schedule. A plan reads, decrypts and checks each recording, and touches nothing; run checks each again, sets the day on which the platform deletes it, at least 7 days ahead, and reads it back. What is held, protected at the platform, partial, maybe redacted, or without its context or transcript is left there, with its reason. After the day status asks whether it is gone, and notes it for the log; until then cancel takes the day away again. A recording that the platform has deleted cannot be brought back there. docs/source-delete.md has all of it.',
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
