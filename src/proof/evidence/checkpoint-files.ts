/** What a package holds beside its recordings: checkpoint, time stamps, cosignatures, public keys. */
import type { Budget } from '../../clock.ts';
import type { CheckedPorts } from '../../audit/open-checked.ts';
import { ArchiveError } from '../../errors.ts';
import { publicKeyOf } from '../../record/receipt/keys.ts';
import { readCosignatures } from '../anchors/witness.ts';
import { checkNote, type NoteKey, parseNote } from '../formats/note.ts';
import { type LogPlace, readBytes, type SignedCheckpoint } from '../log/place.ts';
import { proveConsistency } from '../prove/prove-consistency.ts';
import type { Prover } from '../prove/prove-entry.ts';
import { fingerprintsOf } from './fingerprints.ts';
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
): Promise<{
  readonly hasTokens: boolean;
  /** Time stamps that are not in the package, because the certificates are not known that they lead to. */
  readonly leftOut: number;
  readonly witnesses: readonly NoteKey[];
}> {
  const { place, prover } = ports;
  const { hasTokens, leftOut } = await putTokens(ports, put, budget);
  const cosigned = await readCosignatures(place, prover.head, place.witnesses ?? [], budget);
  for (const { key, line } of cosigned)
    await put({ name: `checkpoint.${key.id}.cosig`, body: Buffer.from(line) });
  if (since !== undefined) {
    const name = `consistency/${since.size}.note`;
    const proof = await proveConsistency(place, prover.head, since, budget);
    await put({ name, body: Buffer.from(since.note) });
    await put({ name: `${name}.consistency`, body: Buffer.from(proof) });
  }
  return { hasTokens, leftOut, witnesses: cosigned.map(({ key }) => key) };
}

/** Puts the time stamps of the checkpoint, where they can be checked. */
async function putTokens(
  { place, prover, timestampCa }: CheckpointPorts,
  put: Put,
  budget: Budget,
): Promise<{ readonly hasTokens: boolean; readonly leftOut: number }> {
  const { note, size } = prover.head;
  await put({ name: 'checkpoint', body: Buffer.from(note) });
  const prefix = place.keys.note(size).replace(/note$/, '');
  let hasTokens = false;
  let leftOut = 0;
  for await (const { key } of place.store.list(prefix, budget)) {
    const token = key.endsWith('.tsr') ? await readBytes(place.store, key, 65_536, budget) : undefined;
    if (token === undefined) continue;
    if (timestampCa === undefined) {
      // without the certificates, the script could not check it
      leftOut += 1;
      continue;
    }
    await put({ name: `checkpoint.${key.slice(prefix.length)}`, body: token });
    hasTokens = true;
  }
  if (hasTokens && timestampCa !== undefined)
    await put({ name: 'keys/tsa-ca.pem', body: Buffer.from(timestampCa) });
  return { hasTokens, leftOut };
}

/** Puts the public keys, and their fingerprints. */
export async function putKeys(
  { place, prover, keys, timestampCa }: CheckpointPorts,
  { witnesses, hasTokens }: { readonly witnesses: readonly NoteKey[]; readonly hasTokens: boolean },
  putText: (name: string, text: string) => Promise<void>,
): Promise<void> {
  const log = signerOf(place.trusted, prover.head.note);
  const pem = (key: NoteKey['publicKey']) => key.export({ type: 'spki', format: 'pem' }).toString();
  await putText('keys/ORIGIN', `${place.origin}\n`);
  await putText('keys/log.vkey', `${log.vkey}\n`);
  await putText('keys/log-public.pem', pem(log.publicKey));
  const receipts = [...(keys ?? [])].map(([keyId, key]) => [keyId, publicKeyOf(key)] as const);
  for (const [keyId, key] of receipts) await putText(`keys/receipts-${keyId}.pem`, pem(key));
  for (const { id, vkey, publicKey } of witnesses) {
    await putText(`keys/witness-${id}.vkey`, `${vkey}\n`);
    await putText(`keys/witness-${id}.pem`, pem(publicKey));
  }
  const parts = fingerprintsOf({
    log,
    receipts,
    witnesses,
    timestampCa: hasTokens ? timestampCa : undefined,
  });
  await putText('keys/FINGERPRINTS.txt', parts.join(''));
}

function signerOf(trusted: readonly NoteKey[], note: string): NoteKey {
  const signer = signersOf(trusted, note)[0];
  if (signer !== undefined) return signer;
  throw new ArchiveError('LOG_KEY_UNKNOWN', 'the newest checkpoint is signed with no key that is configured');
}

/** Which of these keys have signed it. */
export function signersOf(trusted: readonly NoteKey[], note: string): readonly NoteKey[] {
  const parsed = parseNote(note);
  return parsed === undefined ? [] : trusted.filter((key) => checkNote(parsed, [key]) === 'valid');
}
