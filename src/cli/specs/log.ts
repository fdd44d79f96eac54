import { takesAction } from './actions.ts';
import { AUDIT_OPTIONS, ACCESS_OPTIONS } from '../options/log.ts';
import { type CommandSpec, defineCommand } from './command-spec.ts';

/** What tells who did what: at the platform, and in the archive. */
export const LOG_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'audit',
    summary: 'look up who played, exported, deleted or protected recordings at the platform',
    arguments: [['[id...]', 'ids of recordings or conversations, or keys; or update, status']],
    completes: ['update', 'status'],
    options: AUDIT_OPTIONS,
    purpose: 'wrap',
    details:
      'The platform keeps its own audit of recordings for a year; the archive keeps it permanently, sealed, one object a day below audits/. update fetches the days that are due: when a day is over, and again two and ten days later, because entries come late. serve does it every six hours, the scheduled function of a stack twice a day. A day is never replaced by fewer entries. What the platform refused is told apart from days on which nothing was done, and from days that were never asked for. Downloads by this program are in it as well: --person with the id of its OAuth client shows them. To look is written to the access log.',
    examples: [
      'genesys-archive audit 9f8e… --from 2026-03-01',
      'genesys-archive audit --action Delete --action Export --json',
      'genesys-archive audit --person "Vogel" --format csv > vogel.csv',
      'genesys-archive audit update --from 2025-12-01 --to 2026-11-27',
      'genesys-archive audit status',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/audit.ts'),
  }),
  defineCommand({
    name: 'access',
    summary: 'look up who searched, listened, revealed, held or erased in the archive',
    ...takesAction('access', ['[id...]', 'list: ids of recordings, or keys']),
    options: ACCESS_OPTIONS,
    purpose: 'wrap',
    details:
      'Reads the access log of the archive, newest entries first, as the page of the console does. Entries of one session name the one before: where one is gone or was changed, that is said, and the command ends with 5. For ids, holds and tombstones that name them are told as well, because an entry about many recordings says only how they were chosen. verify holds every entry of the days against the sealed log (docs/proof.md): each that is missing, was changed, came after its day was sealed or breaks its chain is named, and the command ends with 3; with 6 where none of the days is sealed. To look is itself written to the log.',
    examples: [
      'genesys-archive access list --from 2026-03-01 --to 2026-03-31',
      'genesys-archive access verify --from 2026-03-01 --to 2026-03-31',
      'genesys-archive access list 9f8e… --action listen',
      'genesys-archive access list --person brandt --format csv > brandt.csv',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/access.ts'),
  }),
];
