import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { cosignaturesIn } from '../../proof/formats/cosignature.ts';
import { parseVkey } from '../../proof/formats/note.ts';
import { brokenEquations, parseStatement } from '../../proof/formats/statement.ts';
import { type LogPlace, openCheckpoint } from '../../proof/log/place.ts';
import { checkConsistencyFile } from '../../proof/verify/check-consistency.ts';
import { checkProof } from '../../proof/verify/check-proof.ts';
import { parseReceipt, type SignedReceipt } from '../../record/receipt-schema.ts';
import { checkSignature, signingKeyId } from '../../record/receipt.ts';
import { parsePublicKey } from '../../signing/key-list.ts';

export interface PackageReport {
  readonly checked: number;
  readonly problems: readonly { readonly name: string; readonly problem: string }[];
}

const LINE = /^([0-9a-f]{64}) {2}([A-Za-z0-9._=+@:/-]+)$/;

/** Checks every file of an evidence package, with keys of the log that come from elsewhere. Reads nothing but the package. */
export async function checkPackage(
  folder: string,
  log: Pick<LogPlace, 'origin' | 'trusted' | 'witnesses'>,
): Promise<PackageReport> {
  const problems: { name: string; problem: string }[] = [];
  let checked = 0;
  const find = (name: string, problem: string) => problems.push({ name, problem });
  const at = (name: string) => path.join(folder, ...name.split('/'));
  const present = (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
  const hashes = new Map<string, string>();
  for (const name of present) hashes.set(name, await hashOf(at(name)));
  const manifest = new Map<string, string>();
  const lines = (await readText(at('MANIFEST.sha256')))?.split('\n') ?? [''];
  if (lines.pop() !== '') find('MANIFEST.sha256', 'malformed');
  for (const line of lines) {
    const [, sha256, name] = LINE.exec(line) ?? [];
    if (sha256 === undefined || name === undefined || manifest.has(name))
      find('MANIFEST.sha256', 'malformed');
    else manifest.set(name, sha256);
  }
  for (const name of present) {
    if (name === 'MANIFEST.sha256') continue;
    checked += 1;
    const stated = manifest.get(name);
    if (stated === undefined) find(name, 'not in MANIFEST.sha256');
    else if (stated !== hashes.get(name)) find(name, 'changed since the package was made');
  }
  for (const name of manifest.keys())
    if (!hashes.has(name)) find(name, 'named by MANIFEST.sha256, and not there');
  const keys = await readKeys(present, at);
  for (const name of present.filter((each) => /^(?:receipts|days)\/.+\.json$/.test(each))) {
    checked += 1;
    const file = await readFile(at(name));
    const proof = checkProof(file, (await readText(at(`${name}.tlog-proof`))) ?? '', log);
    if (proof.state !== 'valid') find(name, proof.problem);
    if (name.startsWith('days/')) {
      const statement = parseStatement(file.toString('utf8'));
      const [broken] = statement === undefined ? ['not a statement'] : brokenEquations(statement);
      if (broken !== undefined) find(name, broken);
      continue;
    }
    const receipt = readReceipt(file, name);
    if (receipt === undefined) {
      find(name, 'not a receipt');
      continue;
    }
    const verdict = checkSignature(receipt, keys);
    if (verdict !== 'valid' && verdict !== 'unsigned')
      find(name, `the signature of the receipt is ${verdict}`);
    const base = name.slice('receipts/'.length, -'.receipt.json'.length);
    for (const media of present.filter(
      (each) => each.startsWith(`media/${base}.`) && !each.endsWith('.metadata.json'),
    )) {
      const stated = media.endsWith('.enc') ? receipt.ciphertext?.sha256 : receipt.plaintext?.sha256;
      if (stated !== undefined && stated !== hashes.get(media))
        find(media, 'not the recording that the receipt describes');
    }
  }
  const { verdict } = openCheckpoint(log, (await readText(at('checkpoint'))) ?? '');
  if (verdict !== 'valid')
    find(
      'checkpoint',
      verdict === 'unknown-key' ? 'not signed with this key' : `the checkpoint is ${verdict}`,
    );
  for (const name of present.filter((each) => /^consistency\/.*\.note$/.test(each))) {
    checked += 1;
    const proof = (await readText(at(`${name}.consistency`))) ?? '';
    const continued = checkConsistencyFile(proof, (await readText(at(name))) ?? '', log);
    if (continued.state !== 'valid') find(name, continued.problem);
    else if (continued.newest.note !== (await readText(at('checkpoint'))))
      find(name, 'the proof leads to another checkpoint');
  }
  const cosignatures = present.filter((each) => /^checkpoint\.[0-9a-f]{8}\.cosig$/.test(each));
  for (const name of cosignatures) {
    checked += 1;
    const [, id = ''] = name.split('.');
    // of a witness that is not configured, with the key of the package, as receipts are
    const packed = parseVkey(((await readText(at(`keys/witness-${id}.vkey`))) ?? '').trimEnd());
    const key = log.witnesses?.find((witness) => witness.id === id) ?? packed;
    const lines = (await readText(at(name))) ?? '';
    const note = (await readText(at('checkpoint'))) ?? '';
    const found = key === undefined ? [] : cosignaturesIn(lines, note, [key]);
    if (found.map(({ line }) => line).join('') !== lines || found.length === 0)
      find(name, 'no valid cosignature of its witness');
  }
  return { checked, problems };
}

async function readKeys(present: readonly string[], at: (name: string) => string) {
  const keys = new Map<string, ReturnType<typeof parsePublicKey>>();
  for (const name of present.filter((each) => /^keys\/receipts-[0-9a-f]{16}\.pem$/.test(each))) {
    try {
      const key = parsePublicKey((await readText(at(name))) ?? '', name);
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

async function readText(place: string): Promise<string | undefined> {
  return readFile(place, 'utf8').catch(() => undefined);
}

async function hashOf(place: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(place), hash);
  return hash.digest('hex');
}
