/** Puts together what an outsider needs to check recordings without the archive and without this program. */
import type { Budget } from '../../clock.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import type { EnvelopeReader } from '../../ports.ts';
import { type CheckedObject, type CheckedPorts, openChecked } from '../../audit/open-checked.ts';
import { canonicalId } from '../../recording/id.ts';
import { contextKey, TRANSCRIPT_STATUSES, transcriptKey } from '../../record/object-key.ts';
import type { SignedReceipt } from '../../record/receipt/schema.ts';
import { brokenEquations } from '../formats/statement.ts';
import { readBytes, type SignedCheckpoint } from '../log/place.ts';
import type { ProvedRecording } from '../prove/prove-entry.ts';
import { checkProof } from '../verify/check-proof.ts';
import { type CheckpointPorts, putCheckpoint, putKeys } from './checkpoint-files.ts';
import { currentVersions, nameInPackage } from './current-versions.ts';
import { putCustody } from './custody.ts';
import { decryptForPackage } from './decrypted-media.ts';
import type { PackageFile, PackageTarget } from './package-file.ts';
import { CERTIFICATE, writeReadme } from './readme.ts';
import { putStored } from './stored-media.ts';
import { VERIFY_SCRIPT } from './verify-script.ts';

export const MAX_RECORDINGS = 1_000;

export interface EvidencePorts extends CheckedPorts, CheckpointPorts {
  /** Decrypts; without one, recordings stay as they are stored. */
  readonly reader?: EnvelopeReader | undefined;
  /** Decrypts where what is written is seen at once, and so must be verified before it is written. */
  readonly decrypt?: ((opened: CheckedObject, name: string) => Promise<PackageFile>) | undefined;
  readonly now: () => number;
}

export interface EvidenceOptions {
  /** Goes on where a link does not verify, and says so first. */
  readonly asFound?: boolean;
  readonly withoutStatements?: boolean;
  /** A checkpoint that the reader keeps: the package shows that the log continues it. */
  readonly since?: SignedCheckpoint;
  /** Told of each recording that is in. */
  readonly onRecording?: (key: string) => void;
}

export interface CollectedEvidence {
  readonly files: number;
  readonly findings: readonly string[];
  /** Of the list of hashes, hex: who writes it down can tell the package from every other one. */
  readonly manifestSha256: string;
  /** Time stamps of the checkpoint that could not be packed without the certificates that they lead to. */
  readonly timestampsLeftOut: number;
}

/**
 * Writes a package of 1 to 1,000 recordings.
 *
 * @param keys of their objects.
 * @throws `PROOF_INVALID`, `RECEIPT_MISMATCH`, … where a link does not verify, unless `asFound`; `NOT_SEALED`; `STORE_*`.
 */
export async function collectEvidence(
  ports: EvidencePorts,
  keys: readonly string[],
  options: EvidenceOptions & { readonly target: PackageTarget },
  budget: Budget,
): Promise<CollectedEvidence> {
  const { target } = options;
  requireFewEnough(keys);
  const manifest = new Map<string, string>();
  const findings: string[] = [];
  const put = async (file: PackageFile) => {
    manifest.set(file.name, await target.write(file));
  };
  try {
    const { days, recordings, receipts } = await putRecordings(
      ports,
      keys,
      { ...options, put, findings },
      budget,
    );
    if (options.withoutStatements !== true) {
      for (const day of days) await putDay(ports, day, { put, findings }, budget);
    }
    const custody = await putCustody(ports.store, { recordings, since: days[0] ?? '' }, put, budget);
    const anchored = await putCheckpoint(ports, { put, since: options.since }, budget);
    await putKeys(ports, anchored, textInto(put));
    if (options.asFound !== true) refuseFindings(findings);
    await putPages(
      ports,
      { put, findings },
      { recordings: keys.length, since: options.since, receipts, custody, ...anchored },
    );
    const manifestSha256 = await target.write(listFiles(manifest));
    await target.commit();
    return { files: manifest.size + 1, findings, manifestSha256, timestampsLeftOut: anchored.leftOut };
  } catch (error) {
    await target.abandon();
    throw error;
  }
}

const textInto = (put: Packing['put']) => (name: string, text: string) =>
  put({ name, body: Buffer.from(text) });

interface PackedRecordings {
  /** In their order. */
  readonly days: readonly string[];
  /** Their ids. */
  readonly recordings: ReadonlySet<string>;
  /** By their names in the package. */
  readonly receipts: ReadonlyMap<string, SignedReceipt>;
}

async function putRecordings(
  ports: EvidencePorts,
  keys: readonly string[],
  { put, findings, asFound = false, onRecording }: EvidenceOptions & Packing,
  budget: Budget,
): Promise<PackedRecordings> {
  const days = new Set<string>();
  const recordings = new Set<string>();
  const receipts = new Map<string, SignedReceipt>();
  for (const key of keys) {
    const name = nameInPackage(key);
    const find = (problem: string) => findings.push(`${name}: ${problem}`);
    const proved = await ports.prover.recording(key, budget);
    days.add(proved.entry.day);
    recordings.add(canonicalId(proved.receipt.ids.recording));
    receipts.set(name, proved.receipt);
    await putRecording(ports, proved, { put, find, asFound }, budget);
    onRecording?.(key);
  }
  return { days: [...days].sort(), recordings, receipts };
}

/** What people read, and run. */
async function putPages(
  ports: EvidencePorts,
  { put, findings }: Packing,
  about: Pick<PackedRecordings, 'receipts'> &
    Awaited<ReturnType<typeof putCheckpoint>> & {
      readonly recordings: number;
      readonly since: SignedCheckpoint | undefined;
      readonly custody: Awaited<ReturnType<typeof putCustody>>;
    },
): Promise<void> {
  const putText = textInto(put);
  if (findings.length > 0) await putText('FINDINGS.txt', `${findings.join('\n')}\n`);
  const { organization, origin } = ports.place;
  const readme = writeReadme({
    organization,
    origin,
    made: new Date(ports.now()).toISOString(),
    recordings: about.recordings,
    size: ports.prover.head.size,
    isDecrypted: ports.reader !== undefined || ports.decrypt !== undefined,
    hasTokens: about.hasTokens,
    witnesses: about.witnesses.map(({ name }) => name),
    since: about.since?.size,
    custody: about.custody,
    current: currentVersions(about.receipts),
    findings,
  });
  await putText('README.txt', readme);
  await putText('certificate.txt', CERTIFICATE);
  await putText('verify-proof.sh', VERIFY_SCRIPT);
}

/** @throws `USAGE`. */
function requireFewEnough({ length }: readonly string[]): void {
  if (length > 0 && length <= MAX_RECORDINGS) return;
  throw new ArchiveError('USAGE', `a package holds 1 to ${MAX_RECORDINGS} recordings, not ${length}`);
}

/** @throws `PROOF_INVALID` with the first of them. */
function refuseFindings([finding]: readonly string[]): void {
  if (finding === undefined) return;
  throw new ArchiveError('PROOF_INVALID', `the package was not made: ${finding}`, {
    hint: '--as-found makes it all the same, and says first what does not verify',
  });
}

/** The list that `sha256sum -c` reads. */
function listFiles(manifest: ReadonlyMap<string, string>): PackageFile {
  const lines = [...manifest].sort(([one], [other]) => (one < other ? -1 : 1));
  return {
    name: 'MANIFEST.sha256',
    body: Buffer.from(lines.map(([name, sha256]) => `${sha256}  ${name}\n`).join('')),
  };
}

interface Packing {
  readonly put: (file: PackageFile) => Promise<void>;
  /** What does not verify; it grows. */
  readonly findings: string[];
}

interface Putting extends Pick<Packing, 'put'> {
  readonly find: (problem: string) => void;
  readonly asFound: boolean;
}

async function putRecording(
  ports: EvidencePorts,
  { key, file, proof, receipt }: ProvedRecording,
  { put, find, asFound }: Putting,
  budget: Budget,
): Promise<void> {
  const name = nameInPackage(key);
  const checked = checkProof(file, proof, ports.place);
  if (checked.state !== 'valid') find(checked.problem);
  await put({ name: `receipts/${name}.receipt.json`, body: file });
  await put({ name: `receipts/${name}.receipt.json.tlog-proof`, body: Buffer.from(proof) });
  if (receipt.kind === 'terminal') return;
  try {
    // the same door as every other reader: receipt, signature, key and object are compared before a byte is released
    const opened = await openChecked({ ...ports, unverified: asFound }, key, budget);
    for (const note of opened.notes) if (note.startsWith('not verified')) find(note);
    if (ports.decrypt !== undefined) await put(await ports.decrypt(opened, name));
    else if (ports.reader !== undefined)
      await put(decryptForPackage({ ...ports, reader: ports.reader }, opened, name, budget));
    else await putStored(ports.store, { opened, receipt, name }, { put, find }, budget);
  } catch (error) {
    const { code, message } = toArchiveError(error);
    if (!asFound || code.startsWith('STORE_') || code === 'OUT_OF_TIME') throw error;
    find(message);
  }
  for (const [beside, packed] of [
    [contextKey(key), `context/${name}.json.enc`],
    ...TRANSCRIPT_STATUSES.map((status) => {
      const at = transcriptKey(key, status);
      return [at, `transcripts/${at.slice(at.lastIndexOf('/') + 1)}`] as const;
    }),
  ] as const) {
    // what is there and cannot be read must not look like what was never kept
    const body = await readBytes(ports.store, beside, MAX_BESIDE_BYTES, budget).catch((error: unknown) => {
      const { code, message } = toArchiveError(error);
      if (!asFound || code.startsWith('STORE_') || code === 'OUT_OF_TIME') throw error;
      find(message);
      return undefined;
    });
    if (body !== undefined) await put({ name: packed, body });
  }
}

/** Bytes of a context or transcript, sealed. */
const MAX_BESIDE_BYTES = 20 * 1024 * 1024;

async function putDay(
  ports: EvidencePorts,
  day: string,
  { put, findings }: Packing,
  budget: Budget,
): Promise<void> {
  for (const { file, proof, index, statement } of await ports.prover.day(day, budget)) {
    const name = `days/${day}.${index}.statement.json`;
    const checked = checkProof(file, proof, ports.place);
    const [broken] = brokenEquations(statement);
    if (checked.state !== 'valid') findings.push(`${name}: ${checked.problem}`);
    if (broken !== undefined) findings.push(`${name}: ${broken}`);
    await put({ name, body: file });
    await put({ name: `${name}.tlog-proof`, body: Buffer.from(proof) });
  }
}
