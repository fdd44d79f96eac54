import { INSPECT_OPTIONS, LIST_OPTIONS, RESTORE_OPTIONS, VERIFY_OPTIONS } from '../options/read.ts';
import { type CommandSpec, defineCommand, ID } from './command-spec.ts';

/** What reads the archive and changes nothing. */
export const READ_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'restore',
    summary: 'decrypt recordings into files',
    arguments: [['[id|key...]', ID]],
    options: RESTORE_OPTIONS,
    purpose: 'restore',
    details:
      'Without -o, files are named ID[.CHANNEL].EXTENSION, by the content type in the receipt, else by the first bytes; one recording goes to the working directory, several to the directory of -d. An id brings all its channels; the catalogue, where there is one, says on which day to look. Without ids, --from and --to choose the recordings. A file that holds the recording already is left as it is, so that a run can be ended and repeated; a file that holds something else is refused without --force. Each object is compared with its receipt before it is opened: an object of another recording, or one without the receipt it has to have, is refused (--unverified restores it anyway). A file appears only after the whole object has been authenticated and its content compared with the receipt; until then it is kept in memory, or encrypted in FILE.RANDOM.partial. After a wrong key, a flipped bit or a truncated object nothing is left behind.',
    examples: [
      'genesys-archive restore 1b2c… -o call.wav',
      'genesys-archive restore archive/2026/05/20/1b2c….enc -o call.wav --force',
      'genesys-archive restore --from 2026-05-20 --to 2026-05-21 -d calls',
      'genesys-archive restore --ids cases.csv -d calls --json',
      'genesys-archive restore --where "--queue Claims --from 2026-05-20" -d calls',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/restore.ts'),
  }),
  defineCommand({
    name: 'verify',
    summary: 'compare recordings with their receipts, and decrypt them, keeping nothing',
    arguments: [['[id|key...]', ID]],
    options: VERIFY_OPTIONS,
    purpose: 'restore',
    allArchives: {
      notWith: [
        ['resume', '--resume'],
        ['report', '--report'],
      ],
    },
    details:
      'Lists each recording with the SHA-256 of its plaintext; with --quiet only what is wrong. With ARCHIVE_RECEIPT_PUBLIC_KEYS every receipt must be signed. Receipts that rest on adoption, objects that nothing proves to be ours, and an archive that was moved are findings unless --allow names them. Where there is a catalogue, its rows are held to receipts and objects as well: it proves nothing, and a row that disagrees is a finding of the kind catalogue.',
    examples: [
      'genesys-archive verify --all',
      'genesys-archive verify --all --depth ciphertext --resume verify.state --report verify.json',
      'genesys-archive verify --all --depth head --job --wait --workers 4',
      'genesys-archive verify --all --sample 5% --from 2026-05-01 --to 2026-05-31 --json',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/verify.ts'),
  }),
  defineCommand({
    name: 'inspect',
    summary: 'show what is known of a recording without any key, and how to decrypt it by hand',
    arguments: [['[id|key]', ID]],
    options: INSPECT_OPTIONS,
    purpose: 'store',
    allArchives: { isSearch: true },
    details:
      'Shows the call (conversation, time, content type, what proved its length) as its receipt states it; the receipt with its kind and the verdict on its signature, which needs ARCHIVE_RECEIPT_PUBLIC_KEYS; and how the object is encrypted, and whether its wrapped data key is still the one that was stored. A receipt that does not fit is shown as what it is, and ends with exit code 5.',
    examples: [
      'genesys-archive inspect 1b2c…',
      'genesys-archive inspect 1b2c… --json | jq .conversationId',
      'genesys-archive inspect --where "--customer +4915112345678 --from 2026-03-05 --to 2026-03-05"',
    ],
    exitCodes: [0, 1, 2, 4, 5, 6, 7, 130],
    isForReading: true,
    load: () => import('../commands/inspect.ts'),
  }),
  defineCommand({
    name: 'list',
    summary: 'list the recordings of the archive, oldest day first',
    options: LIST_OPTIONS,
    purpose: 'store',
    allArchives: {},
    details:
      'Each line has the day, the size of the object and its key, and what is known of the recording: kind, duration, conversation. That comes from the receipt, and in the layout genesys-export from its sidecar, so it costs a request or two for each recording. --from and --to also take a time, such as 2026-05-20T14:00:00Z, which is compared with the receipts.',
    examples: [
      'genesys-archive list --from 2026-05-01',
      'genesys-archive list --from 2026-05-20T14:00:00Z --to 2026-05-20T15:00:00Z',
      'genesys-archive list --brief --json | jq -r .key',
    ],
    exitCodes: [0, 1, 2, 4, 6, 7, 130],
    isForReading: true,
    load: () => import('../commands/list.ts'),
  }),
];
