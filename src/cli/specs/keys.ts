import { takesAction } from './actions.ts';
import { MOVE_OPTIONS, REKEY_OPTIONS } from '../options/rekey.ts';
import { KEYS_OPTIONS, REENCRYPT_OPTIONS } from '../options/keys.ts';
import { type CommandSpec, defineCommand, ID } from './command-spec.ts';

/** What looks after keys, and moves what is stored under other ones. */
export const KEY_COMMANDS: readonly CommandSpec[] = [
  defineCommand({
    name: 'keys',
    summary: 'make, list and try the keys that wrap data keys, and those that receipts are verified with',
    ...takesAction('keys', ['[id|key...]', 'publish: ids or keys of recordings']),
    options: KEYS_OPTIONS,
    purpose: 'keys',
    details:
      'generate adds a new active key to the keyring, or makes the keyring; no key is ever taken out of it. list names keys and shows none. check tries every configured key on a data key that is thrown away; of KMS it asks one data key, and to decrypt it. publish writes or repairs KEY.instruction beside objects whose data keys are in key records, from which AWS clients read them; it needs ARCHIVE_STORE, and refuses a bucket that locks what is written. receipts shows a list of public keys for ARCHIVE_RECEIPT_PUBLIC_KEYS, or makes and changes one; docs/keys.md says when.',
    examples: [
      'genesys-archive keys generate --keyring-file keyring.json',
      'genesys-archive keys generate --rsa recordings',
      'genesys-archive keys check --kms-key-id alias/recordings',
      'genesys-archive keys publish --all --from 2026-11-01 --to 2026-11-30',
      'genesys-archive keys receipts --list receipt-keys.json --add receipts-public.pem',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/keys.ts'),
  }),
  defineCommand({
    name: 'adopt',
    summary: 'make objects of the static key readable by AWS clients, without touching them',
    arguments: [['[id|key...]', ID]],
    options: REKEY_OPTIONS,
    purpose: 'wrap',
    details:
      'Writes KEY.instruction beside each object: the static key, wrapped. Nothing is downloaded or encrypted again, and a second run does nothing. It needs ENCRYPTION_KEY_HEX, and one wrapping key. Run `verify` first: objects of another static key would get a file that reads nothing. The format does not commit to its key, so keep others from writing there; `reencrypt` is the whole remedy.',
    examples: [
      'genesys-archive adopt --all --dry-run',
      'genesys-archive adopt --all --wrap kms --from 2024-01-01 --to 2024-12-31',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/adopt.ts'),
  }),
  defineCommand({
    name: 'rewrap',
    summary: 'move data keys under another wrapping key, without touching the media',
    arguments: [['[id|key...]', ID]],
    options: REKEY_OPTIONS,
    purpose: 'wrap',
    details:
      'Reads with every configured key, and wraps with the one that --wrap names; from one KMS key to another (--wrap kms:KEY) the data key never leaves KMS. Exchanges the instruction file, or, where the key is in the metadata of the object, those: S3 then makes a new version, which a lock may forbid. A recording is held to its receipt first, and an amendment that states the new wrap is stored beside it, signed where receipts are. What is under the wanted key already is passed over, so a run can be ended and repeated. Keep the old key until `rewrap --all` finds everything current.',
    examples: [
      'genesys-archive rewrap --all --dry-run --wrap kms:alias/recordings-2027',
      'genesys-archive rewrap --all --wrap aes --json',
      'genesys-archive rewrap --all --wrap kms:alias/recordings-2027 --job --rate 6000',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/rewrap.ts'),
  }),
  defineCommand({
    name: 'rekey',
    summary: 'move data keys from the metadata of objects into key records, without touching the media',
    arguments: [['[id|key...]', ID]],
    options: MOVE_OPTIONS,
    purpose: 'wrap',
    details:
      'The wrapped data key stays as it is and changes its place, so that it can be destroyed later: see ARCHIVE_KEY_PLACEMENT for new recordings. Its record is stored first, an amendment is signed, then the metadata of the object are exchanged; the context beside a recording is moved with it. S3 makes a new version of the object, and the earlier one holds the key until it is removed. What a lock keeps is told and left, as is what is not s3ec-v3. A run can be ended and repeated.',
    examples: [
      'genesys-archive rekey --all --dry-run',
      'genesys-archive rekey --all --key-records s3://recordings-keys --job',
    ],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/rekey.ts'),
  }),
  defineCommand({
    name: 'reencrypt',
    summary: 'encrypt recordings again, in format s3ec-v3, as new objects of another store',
    arguments: [['[id|key...]', ID]],
    options: REENCRYPT_OPTIONS,
    purpose: 'wrap',
    details:
      'The objects keep their keys below the target; the originals are left as they are, for media objects are never replaced. Each new object is read back and decrypted before it counts as done, so writing for an RSA key also takes its private half. Receipts are not written: they state the object as it was archived. What the target holds already is compared, so a run can be ended and repeated.',
    examples: ['genesys-archive reencrypt --all --target s3://recordings-v3 --wrap kms'],
    exitCodes: [0, 1, 2, 3, 4, 5, 6, 7, 130],
    load: () => import('../commands/reencrypt.ts'),
  }),
];
