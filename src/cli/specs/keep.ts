import { takesAction } from './actions.ts';
import { QUARANTINE_COMMANDS } from './quarantine.ts';
import { SOURCE_COMMANDS } from './source.ts';
import { HOLD_OPTIONS, RETAIN_OPTIONS, ERASE_OPTIONS } from '../options/keep.ts';
import { type CommandSpec, defineCommand } from './command-spec.ts';

/** What decides how long recordings stay. */
export const KEEP_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'hold',
    summary: 'keep recordings for a matter, against retention and erasure, until it is released',
    ...takesAction('hold', [
      '[id...]',
      'place: ids of recordings, or keys; release, apply, list: id of a hold',
    ]),
    options: HOLD_OPTIONS,
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
  defineCommand({
    name: 'retain',
    summary: 'until when recordings must and may stay: show, apply the rules, extend',
    ...takesAction('retain', ['[id...]', 'ids of recordings, or keys; rules: a retention file']),
    options: RETAIN_OPTIONS,
    purpose: 'wrap',
    details:
      'Rules by medium, queue and division stand in ARCHIVE_RETENTION_FILE. What is sure at the write is said by the write itself, as Object Lock or as a tag; apply does the rest once queues are known, and never makes a lock or a tag shorter. A queue that is not known counts as any: the longest rule applies. extend keeps objects longer than their rule; without --yes it only tells what it would do. docs/keeping.md has the format of the file.',
    examples: [
      'genesys-archive retain rules retention.json',
      'genesys-archive retain show --where "--queue Trading --from 2026-03-01" --json',
      'genesys-archive retain show --from 2016-01-01 --to 2016-12-31 --expired --on 2027-01-31',
      'genesys-archive retain apply --from 2026-11-01 --to 2026-11-27',
      'genesys-archive retain extend --ids case.csv --until 2036-12-31 --reason "2026/117" --yes 12',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/retain.ts'),
  }),
  defineCommand({
    name: 'erase',
    summary: 'erase recordings permanently: a plan, then --confirm; says what stays and until when',
    arguments: [['[id...]', 'ids of recordings, or keys; or status, finish, requests']],
    completes: ['status', 'finish', 'requests'],
    options: ERASE_OPTIONS,
    purpose: 'wrap',
    details:
      'Two steps: a plan that is written down and touches nothing, and --confirm with its name and its count. Then each recording gets a tombstone, every version of its objects, contexts, transcripts, waveforms, keys and marks is removed, and the catalogue, people, facts and the log’s lists are made again without it. The receipt stays. A hold on any part blocks the whole. The same command goes on where it was interrupted. An erased recording is never read and never archived again. status says what a lock still keeps, and finish removes it afterwards. docs/keeping.md has all of it.',
    examples: [
      'genesys-archive erase --subject +4930123456 --reason "request 2026/31" --dry-run',
      'genesys-archive erase --conversation 9f8e… --reason "request 2026/31"',
      'genesys-archive erase --confirm 20261128t0738-k3f9qz.3q2-7wAbCdEf --yes 3',
      'genesys-archive erase status',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/erase.ts'),
  }),
  ...QUARANTINE_COMMANDS,
  ...SOURCE_COMMANDS,
];
