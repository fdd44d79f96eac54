import { ArchiveError } from '../../errors.ts';
import {
  type CurrentVersionOf,
  currentVersions,
  nameInPackage,
} from '../../proof/evidence/current-versions.ts';
import { cosignaturesIn } from '../../proof/formats/cosignature.ts';
import { parseVkey } from '../../proof/formats/note.ts';
import { brokenEquations, parseStatement } from '../../proof/formats/statement.ts';
import { type LogPlace, openCheckpoint, type SignedCheckpoint } from '../../proof/log/place.ts';
import { checkConsistencyFile } from '../../proof/verify/check-consistency.ts';
import { checkProof } from '../../proof/verify/check-proof.ts';
import { parseReceipt, type SignedReceipt } from '../../record/receipt/schema.ts';
import { checkSignature } from '../../record/receipt/receipt.ts';
import { checkMedia } from './check-media.ts';
import { checkKeys, checkTokens, type PackedKeys, readPackedKeys } from './check-package-keys.ts';
import { adviceOn, openPackage, type Package } from './open-package.ts';

export interface PackageProblem {
  readonly name: string;
  readonly problem: string;
  /** Signed with a key that is not known, which says nothing about what is signed. */
  readonly isUnknown?: true;
}

export interface PackageReport {
  readonly checked: number;
  /** Receipts and statements that are in the log. */
  readonly receipts: number;
  readonly statements: number;
  /** Of the list of hashes, hex. */
  readonly manifestSha256: string | undefined;
  /** Of recordings that were archived again. */
  readonly current: readonly CurrentVersionOf[];
  readonly problems: readonly PackageProblem[];
  /** Recordings that nothing but the list of hashes speaks for, which is not signed. */
  readonly unstated: readonly string[];
  /** Receipts without a signature. */
  readonly unsigned: readonly string[];
}

export interface PackageExpectation {
  /** SHA-256 of its list of hashes, hex, as it was noted when the package was handed over. */
  readonly manifestSha256?: string | undefined;
  /** PEM of the certificates that time stamps have to lead to; default: those in the package. */
  readonly timestampCa?: string | undefined;
}

const MANIFEST = 'MANIFEST.sha256';
const CHECKPOINT = 'checkpoint';
/** Of a file that holds what S3 keeps beside an object. */
const METADATA = '.enc.metadata.json';

const LINE = /^([0-9a-f]{64}) {2}([A-Za-z0-9._=+@:/-]+)$/;

/** Checks every file of an evidence package, with keys of the log that come from elsewhere. Reads nothing but the package. */
export async function checkPackage(
  folder: string,
  log: PackageLog,
  expected: PackageExpectation = {},
): Promise<PackageReport> {
  const files = await openPackage(folder);
  if (!files.names.some((name) => name === MANIFEST || name === CHECKPOINT || name.startsWith('receipts/'))) {
    throw new ArchiveError('USAGE', `${folder} is no evidence package`, {
      hint: 'name the folder that `evidence` made, unpacked; of what `prove` wrote name each file',
    });
  }
  const check = new PackageCheck(files, log);
  const keys = await readPackedKeys(files);
  await check.manifest(expected.manifestSha256);
  await check.checkpoint();
  await check.receiptsAndDays(keys);
  await check.continuations();
  await check.cosignatures();
  await check.keysAndTokens(keys, expected.timestampCa);
  return check.report();
}

type ValidProof = Extract<ReturnType<typeof checkProof>, { state: 'valid' }>;
const NO_RECEIPT: ReadonlySet<string> = new Set(['erasure', 'key']);

type PackageLog = Pick<LogPlace, 'origin' | 'trusted' | 'witnesses'>;

class PackageCheck {
  #checked = 0;
  readonly #problems: PackageProblem[] = [];
  /** Those that verify, by their names without folder and ending. */
  readonly #receipts = new Map<string, SignedReceipt>();
  readonly #unstated: string[] = [];
  readonly #unsigned: string[] = [];
  /** Entries that are in the log, by the folder that they have in the package. */
  readonly #proved = { receipts: 0, days: 0 };
  #checkpoint: SignedCheckpoint | undefined;
  readonly #package: Package;
  readonly #log: PackageLog;
  /** Recordings, stored or decrypted, by the receipt that describes them. */
  readonly #mediaOf = new Map<string, readonly string[]>();

  constructor(files: Package, log: PackageLog) {
    this.#package = files;
    this.#log = log;
    for (const media of this.#named(/^media\/.*(?<!\.enc\.metadata\.json)$/)) {
      const its = this.#mediaOf.get(receiptOf(media)) ?? [];
      this.#mediaOf.set(receiptOf(media), [...its, media]);
    }
  }

  report(): PackageReport {
    const { receipts, days: statements } = this.#proved;
    return {
      checked: this.#checked,
      receipts,
      statements,
      manifestSha256: this.#package.hashes.get(MANIFEST),
      problems: this.#problems,
      unstated: this.#unstated,
      unsigned: this.#unsigned,
      current: currentVersions(this.#receipts),
    };
  }

  async manifest(told: string | undefined): Promise<void> {
    const { names, hashes, others } = this.#package;
    const listed = hashes.get(MANIFEST);
    if (told !== undefined && told !== listed)
      this.#find(
        MANIFEST,
        `not the list of the package that was handed over: its SHA-256 is ${listed ?? 'none'}`,
      );
    for (const name of others) this.#find(name, 'no regular file');
    const stated = await this.#readManifest();
    for (const name of names) {
      if (name === MANIFEST) continue;
      this.#checked += 1;
      const sha256 = stated.get(name);
      if (sha256 === undefined) this.#find(name, `not in ${MANIFEST}${adviceOn(name)}`);
      else if (sha256 !== hashes.get(name)) this.#find(name, 'changed since the package was made');
    }
    for (const name of stated.keys())
      if (!hashes.has(name)) this.#find(name, `named by ${MANIFEST}, and not there`);
  }

  async receiptsAndDays(keys: PackedKeys): Promise<void> {
    for (const name of this.#named(/^(?:receipts|days)\/.+\.json$/)) {
      this.#checked += 1;
      const file = await this.#package.read(name);
      const proof = checkProof(file, await this.#text(`${name}.tlog-proof`), this.#log);
      const problem = proof.state === 'valid' ? this.#problemOfPlace(name, proof) : proof.problem;
      if (proof.state === 'unknown-key') this.#findUnknown(name);
      else if (problem !== undefined) this.#find(name, problem);
      else this.#proved[name.startsWith('days/') ? 'days' : 'receipts'] += 1;
      if (name.startsWith('days/')) this.#checkDay(name, file);
      else await this.#checkReceipt(name, file, { keys, isInLog: problem === undefined });
    }
    const isUnknown = this.#problems.some(
      ({ name, isUnknown: is }) => is === true && name.startsWith('receipts/'),
    );
    if (this.#proved.receipts === 0 && !isUnknown)
      this.#find('receipts', 'there is no receipt that verifies, and so no recording');
    for (const name of this.#named(/^media\//))
      if (!this.#package.hashes.has(receiptOf(name))) this.#find(name, 'no receipt describes it');
  }

  async checkpoint(): Promise<void> {
    const { verdict, checkpoint } = openCheckpoint(this.#log, await this.#text(CHECKPOINT));
    if (verdict === 'valid') {
      this.#checkpoint = checkpoint;
      return;
    }
    if (verdict === 'unknown-key') this.#findUnknown(CHECKPOINT);
    else this.#find(CHECKPOINT, `the checkpoint is ${verdict}`);
  }

  /** Checkpoints that others remember: the one of the package must continue each of them. */
  async continuations(): Promise<void> {
    for (const name of this.#named(/^consistency\/.*\.note$/)) {
      this.#checked += 1;
      const proof = await this.#text(`${name}.consistency`);
      const continued = checkConsistencyFile(proof, await this.#text(name), this.#log);
      if (continued.state !== 'valid') this.#find(name, continued.problem);
      else if (continued.newest.note !== (await this.#package.text(CHECKPOINT)))
        this.#find(name, 'the proof leads to another checkpoint');
    }
  }

  async cosignatures(): Promise<void> {
    for (const name of this.#named(/^checkpoint\.[0-9a-f]{8}\.cosig$/)) {
      this.#checked += 1;
      const [, id = ''] = name.split('.');
      // of a witness that is not configured, with the key of the package, as receipts are
      const packed = parseVkey((await this.#text(`keys/witness-${id}.vkey`)).trimEnd());
      const key = this.#log.witnesses?.find((witness) => witness.id === id) ?? packed;
      const lines = await this.#text(name);
      const found = key === undefined ? [] : cosignaturesIn(lines, await this.#text(CHECKPOINT), [key]);
      if (found.map(({ line }) => line).join('') !== lines || found.length === 0)
        this.#find(name, 'no valid cosignature of its witness');
    }
  }

  async keysAndTokens(keys: PackedKeys, ca: string | undefined): Promise<void> {
    const find = (name: string, problem: string) => this.#find(name, problem);
    await checkKeys(this.#package, this.#log, keys, find);
    this.#checked += await checkTokens(this.#package, ca, find);
  }

  /** A package has one checkpoint, which others remember: a proof that leads to another one is not held to what they know. */
  #problemOfPlace(name: string, { note, entry, index }: ValidProof): string | undefined {
    if (this.#checkpoint !== undefined && note !== this.#checkpoint.note)
      return 'the proof leads to another checkpoint than the one in the package';
    if (name.startsWith('days/') !== (entry.kind === 'statement') || NO_RECEIPT.has(entry.kind))
      return 'its entry is of another kind';
    const isHere = entry.kind !== 'statement' || name === `days/${entry.day}.${index}.statement.json`;
    return isHere ? undefined : `this is the statement of ${entry.day}, entry ${index}`;
  }

  async #readManifest(): Promise<ReadonlyMap<string, string>> {
    const stated = new Map<string, string>();
    const lines = (await this.#text(MANIFEST)).split('\n');
    if (lines.pop() !== '') this.#find(MANIFEST, 'malformed');
    for (const line of lines) {
      const [, sha256, name] = LINE.exec(line) ?? [];
      if (sha256 === undefined || name === undefined || stated.has(name)) this.#find(MANIFEST, 'malformed');
      else stated.set(name, sha256);
    }
    return stated;
  }

  #checkDay(name: string, file: Buffer): void {
    const statement = parseStatement(file.toString('utf8'));
    const [broken] = statement === undefined ? ['not a statement'] : brokenEquations(statement);
    if (broken !== undefined) this.#find(name, broken);
  }

  async #checkReceipt(
    name: string,
    file: Buffer,
    { keys, isInLog }: { readonly keys: PackedKeys; readonly isInLog: boolean },
  ): Promise<void> {
    const receipt = readReceipt(file, name);
    if (receipt === undefined) {
      this.#find(name, 'not a receipt');
      return;
    }
    const verdict = checkSignature(receipt, keys);
    if (verdict !== 'valid' && verdict !== 'unsigned')
      this.#find(name, `the signature of the receipt is ${verdict}`);
    if (verdict === 'unsigned') this.#unsigned.push(name);
    const base = name.slice('receipts/'.length, -'.receipt.json'.length);
    // unsigned, it makes no successor where signing keys are known
    if (isInLog && (verdict === 'valid' || (verdict === 'unsigned' && keys.size === 0)))
      this.#receipts.set(base, receipt);
    if (receipt.object !== undefined && nameInPackage(receipt.object.key) !== base)
      this.#find(name, 'the receipt is of another object');
    await this.#checkMedia(name, receipt);
  }

  async #checkMedia(name: string, receipt: SignedReceipt): Promise<void> {
    const its = this.#mediaOf.get(name) ?? [];
    for (const media of its) {
      const verdict = await checkMedia(this.#package, media, receipt);
      if (verdict.state === 'other') this.#find(media, verdict.problem);
      if (verdict.state === 'unstated') this.#unstated.push(media);
    }
    if (its.length === 0 && receipt.kind !== 'terminal')
      this.#find(name, 'the recording that it describes is not in the package');
  }

  #named(pattern: RegExp): readonly string[] {
    return this.#package.names.filter((name) => pattern.test(name));
  }

  /** Empty for a file that is not there. */
  async #text(name: string): Promise<string> {
    return (await this.#package.text(name)) ?? '';
  }

  #find(name: string, problem: string): void {
    this.#problems.push({ name, problem });
  }

  #findUnknown(name: string): void {
    this.#problems.push({ name, problem: 'not signed with a key that is known', isUnknown: true });
  }
}

/** Of a file in `media/`: `ID.v2.enc`, its metadata and `ID.v2.wav` have the receipt of `ID.v2`, and none of them that of `ID`. */
function receiptOf(media: string): string {
  const file = media.slice('media/'.length);
  const base = file.endsWith(METADATA) ? file.slice(0, -METADATA.length) : file.replace(/\.[^.]*$/, '');
  return `receipts/${base}.receipt.json`;
}

function readReceipt(file: Buffer, name: string): SignedReceipt | undefined {
  try {
    return parseReceipt(file.toString('utf8'), name);
  } catch {
    return undefined;
  }
}
