import {
  RECONCILE_OPTIONS,
  SEAL_OPTIONS,
  PROVE_OPTIONS,
  EVIDENCE_OPTIONS,
  DRILL_OPTIONS,
  VERIFY_PROOF_OPTIONS,
} from '../options/proof.ts';
import { type CommandSpec, defineCommand, ID } from './command-spec.ts';

/** What shows that nothing is missing and nothing was changed. */
export const PROOF_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'reconcile',
    summary: 'compare the archive with what the platform says was recorded',
    options: RECONCILE_OPTIONS,
    purpose: 'seal',
    details:
      'Asks the platform for the conversations of each day and for the recordings of each of them, and lists every recording that only one side has, with the reason. Writes nothing, neither here nor at the platform; --backfill writes a job. Divisions that the OAuth client cannot see are a blind spot, which is printed each time. Ends with 3 when something is missing or pending, or is held and not listed.',
    examples: [
      'genesys-archive reconcile --day 2026-05-20',
      'genesys-archive reconcile --from 2026-05-01 --to 2026-05-31 --json',
    ],
    exitCodes: [0, 1, 2, 3, 4, 7, 130],
    load: () => import('../commands/reconcile.ts'),
  }),
  defineCommand({
    name: 'seal',
    summary: 'state every day that is due in the signed, append-only log',
    options: SEAL_OPTIONS,
    purpose: 'seal',
    details:
      'Compares each day with the platform, appends the receipts and a statement of the day to the log, signs the checkpoint, and has it remembered elsewhere (docs/proof.md). Run it each night; any number may run at once. Ends with 5 and changes nothing when the log was set back or forged, and with 7 when it is sealed and an anchor could not be reached.',
    examples: [
      'genesys-archive seal --init --from 2026-03-01',
      'genesys-archive seal',
      'genesys-archive seal --now',
    ],
    exitCodes: [0, 1, 2, 4, 5, 6, 7, 130],
    load: () => import('../commands/seal.ts'),
  }),
  defineCommand({
    name: 'prove',
    summary: 'write the proof of a recording, or of a day',
    arguments: [['[ids...]', ID]],
    options: PROVE_OPTIONS,
    purpose: 'store',
    details:
      'Writes two files for each: what is proved, byte for byte, and its proof (c2sp.org/tlog-proof@v1), which `verify-proof`, or the shell script of docs/proof.md, checks without the archive. Nothing of other recordings is in it. With --since it writes one file, which shows that nothing before that checkpoint was changed or removed since.',
    examples: [
      'genesys-archive prove 1b2c… -o proof/',
      'genesys-archive prove --day 2026-05-20',
      'genesys-archive prove --since kept-in-2026.note',
    ],
    exitCodes: [0, 1, 2, 3, 5, 6, 7, 130],
    load: () => import('../commands/prove.ts'),
  }),
  defineCommand({
    name: 'evidence',
    summary: 'package recordings with everything that an outsider needs to check them',
    arguments: [['[ids...]', ID]],
    options: EVIDENCE_OPTIONS,
    purpose: 'restore',
    details:
      'Holds each recording, its receipt, the proof that it is in the log, the statements of its days, checkpoint, time stamps, public keys, and a shell script that checks all of it with openssl alone. 1 to 1,000 recordings. Refuses to make a package in which a link does not verify.',
    examples: [
      'genesys-archive evidence 1b2c… -o case-17/',
      'genesys-archive evidence 1b2c… 9f8e… --decrypt -o case-17.zip',
      'genesys-archive evidence --where "--customer +4915112345678 --from 2026-03-01" -o case-17.zip',
    ],
    exitCodes: [0, 1, 2, 4, 5, 6, 7, 130],
    load: () => import('../commands/evidence.ts'),
  }),
  defineCommand({
    name: 'drill',
    summary: 'restore a sample that the log decides, and report what became of it',
    options: DRILL_OPTIONS,
    purpose: 'restore',
    details:
      'The root of the newest checkpoint decides the sample: it cannot be chosen, and each reader of the log draws the same. Each recording is decrypted to its end, authenticated, compared with the length and hash of the receipt that the log holds, and its container is decoded (WAV, Ogg, ZIP; others are only hashed). Nothing decrypted is kept. A signed report is written once a day under drills/; the next statement counts it. Ends with 5 when a recording is not what was archived, and with 3 when one could not be looked at.',
    examples: ['genesys-archive drill', 'genesys-archive drill --sample 100 --day 2026-05-20'],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/drill.ts'),
  }),
  defineCommand({
    name: 'verify-proof',
    summary: 'check a proof, an evidence package, a day or the whole log',
    arguments: [['[path]', 'a file with its .tlog-proof beside it, or the folder of an evidence package']],
    completes: 'files',
    options: VERIFY_PROOF_OPTIONS,
    purpose: 'store',
    details:
      'Needs ARCHIVE_PROOF_ORIGIN and ARCHIVE_PROOF_VKEYS as the owner of the archive published them; a file or package is checked without the archive. Ends with 5 for what does not verify, and with 2 for a key that is not known, which says nothing about the log.',
    examples: [
      'genesys-archive verify-proof 1b2c….receipt.json',
      'genesys-archive verify-proof evidence/',
      'genesys-archive verify-proof --all --checkpoint kept-in-2026.note',
      'genesys-archive verify-proof 800-1000.consistency --checkpoint kept-in-2026.note',
    ],
    exitCodes: [0, 1, 2, 5, 6, 7, 130],
    load: () => import('../commands/verify-proof.ts'),
  }),
];
