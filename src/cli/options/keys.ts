import type { OptionSpec } from '../specs/command-outline.ts';
import type { OptionsOf } from './option-types.ts';
import { REKEY_OPTIONS } from './rekey.ts';
import { CONCURRENCY, FROM, TO } from './shared.ts';

export const KEYS_OPTIONS = [
  { flags: '--kid <NAME>', description: 'generate: name of the new key (default k-YYYY-MM-DD)' },
  { flags: '--rsa <NAME>', description: 'generate: an RSA pair, NAME-public.pem and NAME-private.pem' },
  {
    flags: '--signing <NAME>',
    description: 'generate: an Ed25519 pair for receipts, NAME-private.pem and NAME-public.pem',
  },
  { flags: '--list <FILE>', description: 'receipts: the list of public keys' },
  { flags: '--add <FILE>', description: 'receipts: add this public key (PEM), believed from --at on' },
  { flags: '--retire <KEYID>', description: 'receipts: this key signs nothing any more after --at' },
  {
    flags: '--revoke <KEYID>',
    description: 'receipts: what this key has signed from --at on is not believed',
  },
  { flags: '--at <TIME>', description: 'receipts: when, e.g. 2026-11-28T00:00:00Z (default now)' },
  {
    flags: '--stored-by <TIME>',
    description: 'receipts: with --revoke, believe only what the store had by then',
  },
  { flags: '--comment <TEXT>', description: 'receipts: a note on the key that is changed' },
  { flags: '--all', description: 'publish: every recording of the archive' },
  { ...FROM, description: 'publish: first day, UTC, e.g. 2026-05-01' },
  { ...TO, description: 'publish: last day, UTC, e.g. 2026-05-31' },
  CONCURRENCY,
  { flags: '--dry-run', description: 'generate, receipts, publish: write nothing' },
] as const satisfies readonly OptionSpec[];
export type KeysOptions = OptionsOf<typeof KEYS_OPTIONS>;

export const REENCRYPT_OPTIONS = [
  { flags: '--target <STORE>', description: 'where they go: s3://BUCKET[/PREFIX] or file:PATH' },
  ...REKEY_OPTIONS,
] as const satisfies readonly OptionSpec[];
export type ReencryptOptions = OptionsOf<typeof REENCRYPT_OPTIONS>;
