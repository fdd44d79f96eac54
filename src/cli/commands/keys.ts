import { generateKeyPair, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { KeysConfig } from '../../config/config.ts';
import { openKeySources } from '../../create/archiver.ts';
import { type Ability, checkKeys, type KeyCheck } from '../../envelope/keys/check-keys.ts';
import {
  readKeyringFile,
  readPrivateKeyFiles,
  readPublicKeyFile,
  updateKeyringFile,
} from '../../envelope/keys/files.ts';
import { addKey, type Keyring } from '../../envelope/keys/keyring.ts';
import { signingKeyId } from '../../record/receipt/receipt.ts';
import { rsaKeyId } from '../../envelope/raw-wrap.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { createFileTarget, type FileTarget } from '../file-target.ts';
import { type CommandContext, openBudget, readSettings } from '../_context.ts';
import { printable } from '../_format.ts';
import { runReceiptKeys } from '../keys/receipt-keys.ts';
import { exitCodeOf } from '../exit-codes.ts';
import type { KeysOptions } from '../options/keys.ts';
import { requireAction } from '../_require-action.ts';

/** Bits; 128 bits of security (NIST SP 800-57 part 1, table 2), and its wraps leave room in S3's 2 KB of metadata. */
const RSA_BITS = 3072;
const TIME_LIMIT_S = 60;
const NO_KEY_HINT =
  'set ENCRYPTION_KEY_HEX, ARCHIVE_KMS_KEY_ID, ARCHIVE_KEYRING_FILE, ARCHIVE_PUBLIC_KEY_FILE or ARCHIVE_PRIVATE_KEY_FILE';
const OWNER_ONLY_HINT =
  'keep a copy where the archive is not: who loses the key loses every recording under it';

const generateRsaPair = promisify(generateKeyPair);

/** Makes, lists and tries keys. Key material goes to files of mode 0600 and nowhere else. */
export async function run(
  context: CommandContext,
  [word = '', ...ids]: readonly string[],
  options: KeysOptions,
): Promise<number> {
  const action = requireAction('keys', word);
  // a list of public keys needs no setting
  if (action === 'publish') {
    const { publishInstructions } = await import('../keys/publish-instructions.ts');
    return publishInstructions(context, ids, options);
  }
  if (ids.length > 0) throw new ArchiveError('USAGE', 'only keys publish takes recordings');
  if (action === 'receipts') return runReceiptKeys(context, options);
  const config = await readSettings(context, 'keys');
  switch (action) {
    case 'generate':
      requireOneKind(options);
      if (options.signing !== undefined) return generateSigning(context, options.signing, options);
      return options.rsa === undefined
        ? generateAesKey(context, config, options)
        : generateRsa(context, options.rsa, options);
    case 'list':
      return listKeys(context, config);
    case 'check':
      return check(context, config);
  }
}

/** @throws `USAGE` when several kinds of keys are asked for at once: one of them would quietly not be made. */
function requireOneKind({ kid, rsa, signing }: KeysOptions): void {
  const asked = Object.entries({ '--kid': kid, '--rsa': rsa, '--signing': signing }).flatMap(
    ([option, value]) => (value === undefined ? [] : [option]),
  );
  if (asked.length <= 1) return;
  throw new ArchiveError('USAGE', `${asked.join(' and ')} ask for keys of different kinds`, {
    hint: 'run keys generate once for each',
  });
}

/** A new active key in the keyring; the earlier ones stay, for what they wrote. */
async function generateAesKey(
  { ui, clock }: CommandContext,
  { encryption }: KeysConfig,
  options: KeysOptions,
): Promise<number> {
  const { keyringFile } = encryption;
  if (keyringFile === undefined) {
    throw new ArchiveError('USAGE', 'nothing says where the keyring is', {
      hint: 'keys generate --keyring-file FILE, or --rsa NAME for an RSA pair',
    });
  }
  const now = new Date(clock.now());
  let kid = options.kid ?? '';
  const change = (existing: Keyring | undefined) => {
    kid = options.kid ?? freeKid(existing, now);
    return addKey(existing, kid);
  };
  const keyring =
    options.dryRun === true
      ? change(await readExisting(keyringFile))
      : await updateKeyringFile(keyringFile, change);
  if (ui.json) {
    ui.record('key', { kind: 'aes', kid, active: true, file: keyringFile, dryRun: options.dryRun === true });
  } else ui.out(`${kid}  ${printable(keyringFile)}`);
  const done = options.dryRun === true ? 'would be' : 'is';
  ui.say(
    `${kid} ${done} the active key of ${printable(keyringFile)}, of ${keyring.keys.length}; ${OWNER_ONLY_HINT}`,
  );
  return 0;
}

/** `undefined` only when there is no file: one that cannot be read must not be replaced. */
async function readExisting(file: string): Promise<Keyring | undefined> {
  try {
    await lstat(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
  }
  return readKeyringFile(file);
}

/** `k-2026-11-23`, and if that is taken `k-2026-11-23-2` and so on. */
function freeKid(keyring: Keyring | undefined, now: Date): string {
  const day = `k-${now.toISOString().slice(0, 10)}`;
  const taken = new Set(keyring?.keys.map(({ kid }) => kid));
  let kid = day;
  for (let number = 2; taken.has(kid); number += 1) kid = `${day}-${number}`;
  return kid;
}

/** Writes `NAME-public.pem` for the writer, `NAME-private.pem` for readers; neither replaces a file. */
async function generateRsa({ ui }: CommandContext, name: string, options: KeysOptions): Promise<number> {
  const pair = await generateRsaPair('rsa', { modulusLength: RSA_BITS });
  const kid = rsaKeyId(pair.publicKey);
  const files = await writePair(name, pair, options);
  if (ui.json) ui.record('key', { kind: 'rsa', kid, files, dryRun: options.dryRun === true });
  else {
    ui.out(`${kid}  ${printable(files.public)}  ARCHIVE_PUBLIC_KEY_FILE, where recordings are archived`);
    ui.out(
      `${kid}  ${printable(files.private)}  ARCHIVE_PRIVATE_KEY_FILE, where they are read, and only there`,
    );
  }
  ui.say(OWNER_ONLY_HINT);
  return 0;
}

/** Writes `NAME-private.pem` for the writer, which signs receipts with it, `NAME-public.pem` for verifiers. */
async function generateSigning({ ui }: CommandContext, name: string, options: KeysOptions): Promise<number> {
  const pair = generateKeyPairSync('ed25519');
  const kid = signingKeyId(pair.publicKey);
  const files = await writePair(name, pair, options);
  if (ui.json) ui.record('key', { kind: 'signing', kid, files, dryRun: options.dryRun === true });
  else {
    ui.out(`${kid}  ${printable(files.private)}  ARCHIVE_SIGNING_KEY_FILE, where recordings are archived`);
    ui.out(`${kid}  ${printable(files.public)}  ARCHIVE_RECEIPT_PUBLIC_KEYS, where they are verified`);
  }
  ui.say(
    'keep the public key where the writers of the archive cannot exchange it: `keys receipts --list FILE --add` puts it into a list',
  );
  return 0;
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** Both files or none, and none in place of another: what was wrapped for an older key would be lost. */
async function writePair(name: string, { publicKey, privateKey }: KeyPair, { dryRun }: KeysOptions) {
  const files = { public: `${name}-public.pem`, private: `${name}-private.pem` };
  if (dryRun === true) return files;
  const targets: FileTarget[] = [];
  try {
    for (const [file, text] of [
      [files.private, privateKey.export({ type: 'pkcs8', format: 'pem' })],
      [files.public, publicKey.export({ type: 'spki', format: 'pem' })],
    ] as const) {
      const target = await openNew(file);
      targets.push(target);
      await target.write(Buffer.from(text));
    }
    for (const target of targets) await target.commit();
    return files;
  } catch (error) {
    for (const target of targets) await target.abandon();
    throw error;
  }
}

async function openNew(file: string): Promise<FileTarget> {
  try {
    return await createFileTarget(file, { force: false });
  } catch (error) {
    const { code, message } = toArchiveError(error);
    if (code !== 'OUTPUT_EXISTS') throw error;
    throw new ArchiveError(code, message, { hint: 'choose another name: keys are never replaced' });
  }
}

async function listKeys({ ui }: CommandContext, { encryption }: KeysConfig): Promise<number> {
  const { key, kmsKeyId, keyringFile, publicKeyFile, privateKeyFile } = encryption;
  let shown = 0;
  const show = (source: string, keyId: string, use: string) => {
    shown += 1;
    if (ui.json) ui.record('key', { source, keyId, use });
    else ui.out(`${source.padEnd(12)} ${printable(keyId).padEnd(24)} ${use}`);
  };
  if (key !== undefined) show('static', 'ENCRYPTION_KEY_HEX', 'writes and reads static-gcm');
  if (kmsKeyId !== undefined) show('kms', kmsKeyId, 'wraps and unwraps data keys');
  if (keyringFile !== undefined) {
    const { active, keys } = await readKeyringFile(keyringFile);
    for (const { kid } of keys)
      show('aes', kid, kid === active ? 'wraps and unwraps data keys' : 'unwraps data keys');
  }
  if (publicKeyFile !== undefined)
    show('rsa public', rsaKeyId(await readPublicKeyFile(publicKeyFile)), 'wraps data keys');
  if (privateKeyFile !== undefined) {
    for (const key of await readPrivateKeyFiles(privateKeyFile))
      show('rsa private', rsaKeyId(key), 'unwraps data keys');
  }
  if (shown === 0) ui.say(`no key is configured; ${NO_KEY_HINT}`);
  return 0;
}

/** Exit code of the first key that fails at what it is for; 0 when a writer merely may not read. */
async function check(context: CommandContext, config: KeysConfig): Promise<number> {
  const { ui, clock, logger } = context;
  const { budget, end } = openBudget(context, TIME_LIMIT_S);
  const checks: KeyCheck[] = [];
  try {
    await openKeySources(config, async (sources) => {
      for await (const result of checkKeys(sources, { clock, logger }, budget)) {
        checks.push(result);
        showCheck(context, result);
      }
    });
  } finally {
    end();
  }
  if (checks.length === 0) {
    throw new ArchiveError('CONFIG_INVALID', 'no key is configured', { hint: NO_KEY_HINT });
  }
  const failure = checks.map(failureOf).find((error) => error !== undefined);
  if (failure !== undefined) throw failure;
  ui.say('every key works');
  return 0;
}

function showCheck({ ui }: CommandContext, { source, keyId, writes, reads }: KeyCheck): void {
  const word = (ability: Ability | undefined) =>
    ability === undefined ? '-' : ability === 'ok' ? 'ok' : ability.code;
  if (ui.json) ui.record('check', { source, keyId, writes: word(writes), reads: word(reads) });
  else
    ui.out(
      `${source.padEnd(12)} ${printable(keyId).padEnd(24)} writes: ${word(writes)}, reads: ${word(reads)}`,
    );
}

/** A writer that is denied decryption is as it should be, not broken. */
function failureOf({ writes, reads }: KeyCheck): ArchiveError | undefined {
  if (writes instanceof ArchiveError) return writes;
  if (!(reads instanceof ArchiveError)) return undefined;
  const writeOnly = writes === 'ok' && exitCodeOf(reads.code) === 4;
  return writeOnly ? undefined : reads;
}
