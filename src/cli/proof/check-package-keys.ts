/** The public keys of an evidence package, and the time stamps: what people compare with what was published. */
import { toArchiveError } from '../../errors.ts';
import { signersOf } from '../../proof/evidence/checkpoint-files.ts';
import { fingerprintsOf, partsOf } from '../../proof/evidence/fingerprints.ts';
import { checkNote, type NoteKey, parseNote, parseVkey } from '../../proof/formats/note.ts';
import type { LogPlace } from '../../proof/log/place.ts';
import { signingKeyId } from '../../record/receipt/receipt.ts';
import { parsePublicKey } from '../../signing/key-list.ts';
import type { Package } from './open-package.ts';

type Find = (name: string, problem: string) => void;

const FINGERPRINTS = 'keys/FINGERPRINTS.txt';
const TSA_CA = 'keys/tsa-ca.pem';
const CHECKPOINT = 'checkpoint';

export type PackedKeys = ReadonlyMap<string, ReturnType<typeof parsePublicKey>>;

/** Returns the keys that receipts may be signed with, by their ids. */
export async function readPackedKeys({ names, text }: Package): Promise<PackedKeys> {
  const keys = new Map<string, ReturnType<typeof parsePublicKey>>();
  for (const name of names.filter((each) => /^keys\/receipts-[0-9a-f]{16}\.pem$/.test(each))) {
    try {
      const key = parsePublicKey((await text(name)) ?? '', name);
      keys.set(signingKeyId(key), key);
    } catch {
      // what was changed is named by its hash
    }
  }
  return keys;
}

/**
 * Holds the keys of a package to one that is trusted and has signed its checkpoint: who replaces a key and leaves the fingerprints, or
 * the other way round, would otherwise be believed by a reader who compares only one of them.
 */
export async function checkKeys(
  files: Package,
  { origin, trusted }: Pick<LogPlace, 'origin' | 'trusted'>,
  receipts: PackedKeys,
  find: Find,
): Promise<void> {
  const { names } = files;
  const text = async (name: string) => (await files.text(name)) ?? '';
  const checkpoint = await text(CHECKPOINT);
  const signers = signersOf(trusted, checkpoint);
  const vkey = await text('keys/log.vkey');
  const packed = parseVkey(vkey.replace(/\n$/, ''));
  // while one key takes the place of another both sign: the reader may know the other one
  const note = parseNote(checkpoint);
  // what is wrong with the checkpoint is told of the checkpoint
  if (note === undefined) return;
  const verdict = packed === undefined ? 'unknown-key' : checkNote(note, [packed]);
  const log = verdict === 'valid' ? packed : undefined;
  if (verdict === 'unknown-key' || packed?.name !== origin)
    find('keys/log.vkey', 'no key of this log that has signed the checkpoint');
  if (signers.length === 0) return;
  if ((await text('keys/ORIGIN')) !== `${origin}\n`) find('keys/ORIGIN', `not ${origin}`);
  const known = new Set([
    'keys/log-public.pem',
    TSA_CA,
    ...[...receipts.keys()].map((id) => `keys/receipts-${id}.pem`),
  ]);
  if ((await text('keys/log-public.pem')) !== pemOf(log ?? signers[0]))
    find('keys/log-public.pem', 'not the key that has signed the checkpoint');
  const witnesses: NoteKey[] = [];
  for (const name of names.filter((each) => /^keys\/witness-[0-9a-f]{8}\.vkey$/.test(each))) {
    const witness = parseVkey((await text(name)).trimEnd());
    if (witness === undefined) find(name, 'no public key of a witness');
    else witnesses.push(witness);
    const pem = name.replace(/vkey$/, 'pem');
    known.add(pem);
    if ((await text(pem)) !== pemOf(witness)) find(pem, `not the key of ${name}`);
  }
  for (const name of names)
    if (/^keys\/.*\.pem$/.test(name) && !known.has(name))
      find(name, 'no key of this package, or not under its name');
  const parts = partsOf(await text(FINGERPRINTS));
  const expected = fingerprintsOf({
    log: log ?? (signers[0] as NoteKey),
    receipts,
    witnesses,
    timestampCa: await files.text(TSA_CA),
  });
  // in any order; packages of older versions do not name the certificates of time stamps
  const isMissing = expected.some((part) => !parts.includes(part) && !part.startsWith('time stamps\n'));
  if (isMissing || parts.some((part) => !expected.includes(part)))
    find(FINGERPRINTS, 'names other keys than those of the package');
}

const pemOf = (key: NoteKey | undefined): string =>
  key?.publicKey.export({ type: 'spki', format: 'pem' }).toString() ?? '';

/**
 * Holds time stamps to the checkpoint.
 *
 * @param ca PEM of certificates that are trusted; default: those of the package.
 * @returns how many there are.
 */
export async function checkTokens(files: Package, ca: string | undefined, find: Find): Promise<number> {
  const tokens = files.names.filter((name) => /^checkpoint\.[^/]+\.tsr$/.test(name));
  if (tokens.length === 0) return 0;
  const { checkTimestamp, readCertificates } = await import('../../anchor/rfc3161.ts');
  for (const name of tokens) {
    try {
      const trusted = readCertificates(ca ?? (await files.text(TSA_CA)) ?? '');
      checkTimestamp(await files.read(name), await files.read(CHECKPOINT), trusted);
    } catch (error) {
      const { code, message } = toArchiveError(error);
      find(
        code === 'CONFIG_INVALID' ? TSA_CA : name,
        code === 'CONFIG_INVALID' ? 'holds no certificate, and time stamps need one' : message,
      );
    }
  }
  return tokens.length;
}
