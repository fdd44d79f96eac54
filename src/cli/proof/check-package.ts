import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  type CurrentVersionOf,
  currentVersions,
  nameInPackage,
} from '../../proof/evidence/current-versions.ts';
import { cosignaturesIn } from '../../proof/formats/cosignature.ts';
import { parseVkey } from '../../proof/formats/note.ts';
import { brokenEquations, parseStatement } from '../../proof/formats/statement.ts';
import { type LogPlace, openCheckpoint } from '../../proof/log/place.ts';
import { checkConsistencyFile } from '../../proof/verify/check-consistency.ts';
import { checkProof } from '../../proof/verify/check-proof.ts';
import { parseReceipt, type SignedReceipt } from '../../record/receipt/schema.ts';
import { checkSignature, signingKeyId } from '../../record/receipt/receipt.ts';
import { parsePublicKey } from '../../signing/key-list.ts';
import { checkMedia } from './check-media.ts';

export interface PackageReport {
  readonly checked: number;
  /** Of recordings that were archived again. */
  readonly current: readonly CurrentVersionOf[];
  readonly problems: readonly { readonly name: string; readonly problem: string }[];
  /** Recordings that nothing but the list of hashes speaks for, which is not signed. */
  readonly unstated: readonly string[];
}

const MANIFEST = 'MANIFEST.sha256';
const CHECKPOINT = 'checkpoint';
/** Of a file that holds what S3 keeps beside an object. */
const METADATA = '.enc.metadata.json';

const LINE = /^([0-9a-f]{64}) {2}([A-Za-z0-9._=+@:/-]+)$/;

/** Checks every file of an evidence package, with keys of the log that come from elsewhere. Reads nothing but the package. */
export async function checkPackage(folder: string, log: PackageLog): Promise<PackageReport> {
  const check = new PackageCheck(await openPackage(folder), log);
  await check.manifest();
  await check.receiptsAndDays();
  await check.checkpoint();
  await check.continuations();
  await check.cosignatures();
  const { checked, problems, receipts, unstated } = check;
  return { checked, problems, unstated, current: currentVersions(receipts) };
}

type PackageLog = Pick<LogPlace, 'origin' | 'trusted' | 'witnesses'>;

/** The files of a package by their names in it, with slashes, in ascending order. */
interface Package {
  readonly names: readonly string[];
  /** What is neither a file nor a folder: a link shows what lies elsewhere. */
  readonly others: readonly string[];
  readonly hashes: ReadonlyMap<string, string>;
  readonly read: (name: string) => Promise<Buffer>;
  /** `undefined` for a file that cannot be read. */
  readonly text: (name: string) => Promise<string | undefined>;
  readonly stream: (name: string) => AsyncIterable<Uint8Array>;
}

async function openPackage(folder: string): Promise<Package> {
  const at = (name: string) => path.join(folder, ...name.split('/'));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const namesOf = (wanted: typeof entries) =>
    wanted
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
      .sort();
  const names = namesOf(entries.filter((entry) => entry.isFile()));
  const hashes = new Map<string, string>();
  for (const name of names) hashes.set(name, await hashOf(at(name)));
  return {
    names,
    others: namesOf(entries.filter((entry) => !entry.isFile() && !entry.isDirectory())),
    hashes,
    read: (name) => readFile(at(name)),
    text: (name) => readFile(at(name), 'utf8').catch(() => undefined),
    stream: (name) => createReadStream(at(name)),
  };
}

class PackageCheck {
  checked = 0;
  readonly problems: { readonly name: string; readonly problem: string }[] = [];
  /** Those that verify, by their names without folder and ending. */
  readonly receipts = new Map<string, SignedReceipt>();
  readonly unstated: string[] = [];
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

  async manifest(): Promise<void> {
    const { names, hashes, others } = this.#package;
    for (const name of others) this.#find(name, 'no regular file');
    const stated = await this.#readManifest();
    for (const name of names) {
      if (name === MANIFEST) continue;
      this.checked += 1;
      const sha256 = stated.get(name);
      if (sha256 === undefined) this.#find(name, `not in ${MANIFEST}`);
      else if (sha256 !== hashes.get(name)) this.#find(name, 'changed since the package was made');
    }
    for (const name of stated.keys())
      if (!hashes.has(name)) this.#find(name, `named by ${MANIFEST}, and not there`);
  }

  async receiptsAndDays(): Promise<void> {
    const keys = await readKeys(this.#package);
    for (const name of this.#named(/^(?:receipts|days)\/.+\.json$/)) {
      this.checked += 1;
      const file = await this.#package.read(name);
      const proof = checkProof(file, await this.#text(`${name}.tlog-proof`), this.#log);
      if (proof.state !== 'valid') this.#find(name, proof.problem);
      if (name.startsWith('days/')) this.#checkDay(name, file);
      else await this.#checkReceipt(name, file, { keys, isInLog: proof.state === 'valid' });
    }
    for (const name of this.#named(/^media\//))
      if (!this.#package.hashes.has(receiptOf(name))) this.#find(name, 'no receipt describes it');
  }

  async checkpoint(): Promise<void> {
    const { verdict } = openCheckpoint(this.#log, await this.#text(CHECKPOINT));
    if (verdict === 'valid') return;
    const problem = verdict === 'unknown-key' ? 'not signed with this key' : `the checkpoint is ${verdict}`;
    this.#find(CHECKPOINT, problem);
  }

  /** Checkpoints that others remember: the one of the package must continue each of them. */
  async continuations(): Promise<void> {
    for (const name of this.#named(/^consistency\/.*\.note$/)) {
      this.checked += 1;
      const proof = await this.#text(`${name}.consistency`);
      const continued = checkConsistencyFile(proof, await this.#text(name), this.#log);
      if (continued.state !== 'valid') this.#find(name, continued.problem);
      else if (continued.newest.note !== (await this.#package.text(CHECKPOINT)))
        this.#find(name, 'the proof leads to another checkpoint');
    }
  }

  async cosignatures(): Promise<void> {
    for (const name of this.#named(/^checkpoint\.[0-9a-f]{8}\.cosig$/)) {
      this.checked += 1;
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
    // unsigned, it makes no successor where signing keys are known
    if (isInLog && (verdict === 'valid' || (verdict === 'unsigned' && keys.size === 0)))
      this.receipts.set(name.slice('receipts/'.length, -'.receipt.json'.length), receipt);
    const base = name.slice('receipts/'.length, -'.receipt.json'.length);
    if (receipt.object !== undefined && nameInPackage(receipt.object.key) !== base)
      this.#find(name, 'the receipt is of another object');
    await this.#checkMedia(name, receipt);
  }

  async #checkMedia(name: string, receipt: SignedReceipt): Promise<void> {
    const its = this.#mediaOf.get(name) ?? [];
    for (const media of its) {
      const verdict = await checkMedia(this.#package, media, receipt);
      if (verdict.state === 'other') this.#find(media, verdict.problem);
      if (verdict.state === 'unstated') this.unstated.push(media);
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
    this.problems.push({ name, problem });
  }
}

/** Of a file in `media/`: `ID.v2.enc`, its metadata and `ID.v2.wav` have the receipt of `ID.v2`, and none of them that of `ID`. */
function receiptOf(media: string): string {
  const file = media.slice('media/'.length);
  const base = file.endsWith(METADATA) ? file.slice(0, -METADATA.length) : file.replace(/\.[^.]*$/, '');
  return `receipts/${base}.receipt.json`;
}

type PackedKeys = ReadonlyMap<string, ReturnType<typeof parsePublicKey>>;

async function readKeys({ names, text }: Package): Promise<PackedKeys> {
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

function readReceipt(file: Buffer, name: string): SignedReceipt | undefined {
  try {
    return parseReceipt(file.toString('utf8'), name);
  } catch {
    return undefined;
  }
}

async function hashOf(place: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(place), hash);
  return hash.digest('hex');
}
