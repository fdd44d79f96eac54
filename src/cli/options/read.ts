import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from './option-types.ts';
import { oneOf, percentage, someOf } from './option-values.ts';
import {
  ALL_ARCHIVES,
  CONCURRENCY,
  FROM,
  JOB_OPTIONS,
  OBJECT_VERSION,
  TO,
  UNVERIFIED,
  WHERE,
} from './shared.ts';

const DEPTH = oneOf('head', 'ciphertext', 'full');
const ALLOWED = someOf('adopted', 'unproven', 'moved');

export const RESTORE_OPTIONS = [
  { flags: '-o, --output <FILE>', description: 'for one recording: file to write; - is standard output' },
  {
    flags: '-d, --directory <DIR>',
    description: 'directory for files named by id and channel; made if it is missing',
  },
  {
    flags: '--ids <FILE>',
    description: 'ids or keys: one a line, CSV (first column) or JSON lines; - is standard input',
  },
  WHERE,
  { flags: '--skip-invalid', description: 'with --ids: go on without lines that name no recording' },
  { flags: '--force', description: 'replace files that exist' },
  { flags: '--dry-run', description: 'only tell what would be written' },
  {
    flags: '--allow-unverified',
    description: 'needed for -o -: plaintext leaves before the object has proved to be unchanged',
  },
  UNVERIFIED,
  OBJECT_VERSION,
  FROM,
  TO,
  CONCURRENCY,
] as const satisfies readonly OptionSpec[];
export type RestoreOptions = OptionsOf<typeof RESTORE_OPTIONS>;

export const VERIFY_OPTIONS = [
  { flags: '--all', description: 'every recording of the archive, and every receipt' },
  {
    flags: '--depth <DEPTH>',
    description: 'head: what the store says; ciphertext: the bytes, without a key; full (default): decrypts',
    parse: DEPTH,
  },
  { flags: '--sample <SHARE>', description: 'with --all: only a part, e.g. 5%', parse: percentage },
  {
    flags: '--seed <TEXT>',
    description: 'with --sample: choose the same part as the run that printed it',
  },
  {
    flags: '--resume <FILE>',
    description:
      'with --all: keep the progress there, and in the folder FILE.job; an interrupted run goes on, as a job of all machines with --job',
  },
  { flags: '--report <FILE>', description: 'write the outcome there as JSON' },
  {
    flags: '--allow <KINDS>',
    description: 'count these, and do not fail on them: adopted, unproven, moved',
    parse: ALLOWED,
  },
  ALL_ARCHIVES,
  OBJECT_VERSION,
  FROM,
  TO,
  CONCURRENCY,
  ...JOB_OPTIONS,
] as const satisfies readonly OptionSpec[];
export type VerifyOptions = OptionsOf<typeof VERIFY_OPTIONS>;

export const INSPECT_OPTIONS = [
  WHERE,
  UNVERIFIED,
  OBJECT_VERSION,
  ALL_ARCHIVES,
  FROM,
  TO,
] as const satisfies readonly OptionSpec[];
export type InspectOptions = OptionsOf<typeof INSPECT_OPTIONS>;

export const LIST_OPTIONS = [
  ALL_ARCHIVES,
  FROM,
  TO,
  {
    flags: '--brief',
    description: 'read no receipts: only days, sizes and keys, with one request for 1,000 of them',
  },
] as const satisfies readonly OptionSpec[];
export type ListOptions = OptionsOf<typeof LIST_OPTIONS>;
