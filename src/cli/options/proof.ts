import { MAX_SAMPLE } from '../../proof/drill/sample-size.ts';
import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from './option-types.ts';
import { wholeNumber } from './option-values.ts';
import { FROM, TO, WHERE } from './shared.ts';

export const RECONCILE_OPTIONS = [
  { flags: '--day <DAY>', description: 'one day, UTC, e.g. 2026-05-20' },
  FROM,
  TO,
  { flags: '--backfill', description: 'also plan a job that archives what is missing' },
] as const satisfies readonly OptionSpec[];
export type ReconcileOptions = OptionsOf<typeof RECONCILE_OPTIONS>;

export const SEAL_OPTIONS = [
  { flags: '--init', description: 'begin the log: once, before the first seal' },
  {
    flags: '--from <DAY>',
    description: 'with --init: the first day that is stated (default: yesterday)',
  },
  {
    flags: '--recovery-vkey <KEY>',
    description: 'with --init: public half of a key that is kept offline',
  },
  { flags: '--now', description: 'also state today, which has not ended' },
  { flags: '--day <DAY>', description: 'state the days up to this one' },
  {
    flags: '--every-day',
    description: 'look at all days for what arrived late or is lost, not only at the last 35',
  },
  { flags: '--unvouched-key', description: 'go on with a key that no key before vouches for' },
  {
    flags: '--timeout <SECONDS>',
    description: 'stop cleanly after that time',
    parse: wholeNumber(1, 604_800),
  },
] as const satisfies readonly OptionSpec[];
export type SealOptions = OptionsOf<typeof SEAL_OPTIONS>;

export const PROVE_OPTIONS = [
  { flags: '--day <DAY>', description: 'all statements of a day' },
  {
    flags: '--since <CHECKPOINT>',
    description: 'that the log still begins with a checkpoint, from the file of who kept it',
  },
  { flags: '-o, --output <DIR>', description: 'folder for the files (default: the working directory)' },
  { flags: '--force', description: 'replace files that are there' },
] as const satisfies readonly OptionSpec[];
export type ProveOptions = OptionsOf<typeof PROVE_OPTIONS>;

export const EVIDENCE_OPTIONS = [
  WHERE,
  { flags: '-o, --output <PLACE>', description: 'folder or FILE.zip; it appears once it is whole' },
  { flags: '--decrypt', description: 'decrypted recordings, each compared with its receipt first' },
  {
    flags: '--without-statements',
    description: 'leave out the statements, which tell how many recordings a day had',
  },
  {
    flags: '--since <CHECKPOINT>',
    description: 'also show that the log continues this checkpoint, which the reader kept',
  },
  {
    flags: '--as-found',
    description: 'go on where something does not verify, and say so first in FINDINGS.txt',
  },
] as const satisfies readonly OptionSpec[];
export type EvidenceOptions = OptionsOf<typeof EVIDENCE_OPTIONS>;

export const DRILL_OPTIONS = [
  {
    flags: '--sample <COUNT>',
    description: 'recordings, 1 to 1000 (default: 20)',
    parse: wholeNumber(1, MAX_SAMPLE),
  },
  { flags: '--day <DAY>', description: 'recordings of this day alone' },
  { flags: '--vkey', description: 'only print the public key of the reports' },
] as const satisfies readonly OptionSpec[];
export type DrillOptions = OptionsOf<typeof DRILL_OPTIONS>;

export const VERIFY_PROOF_OPTIONS = [
  { flags: '--day <DAY>', description: 'the statements of a day, from the archive' },
  { flags: '--all', description: 'the whole log: every entry, root, statement and count' },
  { flags: '--drill <DAY>', description: 'the report of a restore drill: signature, sample, statement' },
  {
    flags: '--checkpoint <FILE>',
    description:
      'a checkpoint that was kept elsewhere: with --all, or with the file that `prove --since` wrote',
  },
  {
    flags: '--manifest-sha256 <HASH>',
    description: 'of a package: the SHA-256 of its MANIFEST.sha256, as it was noted at the handover',
  },
] as const satisfies readonly OptionSpec[];
export type VerifyProofOptions = OptionsOf<typeof VERIFY_PROOF_OPTIONS>;
