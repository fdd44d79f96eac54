/** What a package holds beside its recordings: checkpoint, time stamps, cosignatures, public keys. */
import type { Budget } from '../../clock.ts';
import type { CheckedPorts } from '../../audit/open-checked.ts';
import { ArchiveError } from '../../errors.ts';
import { publicKeyOf } from '../../record/receipt/keys.ts';
import { readCosignatures } from '../anchors/witness.ts';
import { sha256Hex } from '../formats/entry.ts';
import { checkNote, type NoteKey, parseNote, rawKey } from '../formats/note.ts';
import { type LogPlace, readBytes, type SignedCheckpoint } from '../log/place.ts';
import { proveConsistency } from '../prove/prove-consistency.ts';
import type { Prover } from '../prove/prove-entry.ts';
import type { PackageFile } from './package-file.ts';

type Put = (file: PackageFile) => Promise<void>;

export interface CheckpointPorts extends Pick<CheckedPorts, 'keys'> {
  readonly place: LogPlace;
  readonly prover: Prover;
  /** PEM of the certificates that time stamps lead to. */
  readonly timestampCa?: string | undefined;
}

/** Puts the checkpoint, what others said of it, and the proof that it continues an older one. */
export async function putCheckpoint(
  ports: CheckpointPorts,
  { put, since }: { readonly put: Put; readonly since: SignedCheckpoint | undefined },
  budget: Budget,
): Promise<{ readonly hasTokens: boolean; readonly witnesses: readonly NoteKey[] }> {
  const { place, prover } = ports;
  const hasTokens = await putTokens(ports, put, budget);
  const cosigned = await readCosignatures(place, prover.head, place.witnesses ?? [], budget);
  for (const { key, line } of cosigned)
    await put({ name: `checkpoint.${key.id}.cosig`, body: Buffer.from(line) });
  if (since !== undefined) {
    const name = `consistency/${since.size}.note`;
    const proof = await proveConsistency(place, prover.head, since, budget);
    await put({ name, body: Buffer.from(since.note) });
    await put({ name: `${name}.consistency`, body: Buffer.from(proof) });
  }
  return { hasTokens, witnesses: cosigned.map(({ key }) => key) };
}

/** @returns whether there are time stamps of the checkpoint. */
async function putTokens(
  { place, prover, timestampCa }: CheckpointPorts,
  put: Put,
  budget: Budget,
): Promise<boolean> {
  const { note, size } = prover.head;
  await put({ name: 'checkpoint', body: Buffer.from(note) });
  const prefix = place.keys.note(size).replace(/note$/, '');
  let hasTokens = false;
  for await (const { key } of place.store.list(prefix, budget)) {
    const token = key.endsWith('.tsr') ? await readBytes(place.store, key, 65_536, budget) : undefined;
    // without the certificates, the script could not check it
    if (token === undefined || timestampCa === undefined) continue;
    await put({ name: `checkpoint.${key.slice(prefix.length)}`, body: token });
    hasTokens = true;
  }
  if (hasTokens && timestampCa !== undefined)
    await put({ name: 'keys/tsa-ca.pem', body: Buffer.from(timestampCa) });
  return hasTokens;
}

/** Puts the public keys, and their fingerprints. */
export async function putKeys(
  { place, prover, keys }: CheckpointPorts,
  witnesses: readonly NoteKey[],
  putText: (name: string, text: string) => Promise<void>,
): Promise<void> {
  const log = signerOf(place.trusted, prover.head.note);
  const pem = (key: NoteKey['publicKey']) => key.export({ type: 'spki', format: 'pem' }).toString();
  const lines = [
    `log ${place.origin}`,
    `  vkey ${log.vkey}`,
    `  SHA-256 of the 32 bytes ${sha256Hex(rawKey(log.publicKey))}`,
  ];
  await putText('keys/ORIGIN', `${place.origin}\n`);
  await putText('keys/log.vkey', `${log.vkey}\n`);
  await putText('keys/log-public.pem', pem(log.publicKey));
  for (const [keyId, key] of keys ?? []) {
    await putText(`keys/receipts-${keyId}.pem`, pem(publicKeyOf(key)));
    lines.push(`receipts ${keyId}`, `  SHA-256 of the 32 bytes ${sha256Hex(rawKey(publicKeyOf(key)))}`);
  }
  for (const { id, name, vkey, publicKey } of witnesses) {
    await putText(`keys/witness-${id}.vkey`, `${vkey}\n`);
    await putText(`keys/witness-${id}.pem`, pem(publicKey));
    lines.push(
      `witness ${name}`,
      `  vkey ${vkey}`,
      `  SHA-256 of the 32 bytes ${sha256Hex(rawKey(publicKey))}`,
    );
  }
  await putText('keys/FINGERPRINTS.txt', `${lines.join('\n')}\n`);
}

function signerOf(trusted: readonly NoteKey[], note: string): NoteKey {
  const parsed = parseNote(note);
  const signer = trusted.find((key) => parsed !== undefined && checkNote(parsed, [key]) === 'valid');
  if (signer !== undefined) return signer;
  throw new ArchiveError('LOG_KEY_UNKNOWN', 'the newest checkpoint is signed with no key that is configured');
}
