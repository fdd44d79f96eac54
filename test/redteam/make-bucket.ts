/** The archive that is attacked, as the command line makes it. */
import { generateKeyPairSync } from 'node:crypto';
import { cp, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { issueTerminalReceipt } from '../../src/archive/issue-receipt.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { writeKeyringFile } from '../../src/envelope/keys/files.ts';
import { addKey } from '../../src/envelope/keys/keyring.ts';
import type { RecordingIds } from '../../src/ports.ts';
import { linkKey, objectKey, receiptKey } from '../../src/record/object-key.ts';
import { createReceiptSigner } from '../../src/record/receipt/receipt.ts';
import { type Simulator, startSimulator } from '../../packages/simulator/src/simulator.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { runHere } from '../cli/run-here.ts';
import { pair3072 } from '../envelope/rsa-pairs.ts';
import type { Wrap } from './attack.ts';

const STATIC_KEY = 'a1'.repeat(32);
export const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
/** Older than any race: nothing waits for the receipt of an object of that age. */
const AN_HOUR_MS = 3_600_000;

type Metadata = Readonly<Record<string, string>>;
export type Name = 'a' | 'b' | 'c' | 'gone';

export interface Stored {
  readonly body: Buffer;
  readonly metadata: Metadata;
}

export interface Made {
  readonly keys: Readonly<Record<Name, string>>;
  readonly ids: Readonly<Record<Name, RecordingIds>>;
  readonly earlier: Readonly<Record<'a' | 'c', Stored>>;
  readonly sha256: Readonly<Record<Name, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly dir: string;
  readonly simulator: Simulator;
}

export async function makeBucket(wrap: Wrap): Promise<Made> {
  const dir = await mkdtemp(path.join(tmpdir(), 'red-team-'));
  const root = path.join(dir, 'store');
  const simulator = await startSimulator({
    recordings: [{ bytes: 20_000 }, { bytes: 20_000 }, { bytes: 20_000 }],
  });
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const fileOf = (name: string) => path.join(dir, name);
  await writeFile(fileOf('signing.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
    mode: 0o600,
  });
  await writeFile(fileOf('receipts.pem'), publicKey.export({ type: 'spki', format: 'pem' }));
  const { S3_ARCHIVE_BUCKET: _, ...platform } = simulator.environment();
  const env = {
    ...platform,
    ...(await keySettings(wrap, dir)),
    ARCHIVE_STORE: `file:${root}`,
    ARCHIVE_SIGNING_KEY_FILE: fileOf('signing.pem'),
    ARCHIVE_RECEIPT_PUBLIC_KEYS: fileOf('receipts.pem'),
    GENESYS_ORGANIZATION_ID: ORGANIZATION,
  };
  const [a, b, c] = simulator.recordings;
  if (a === undefined || b === undefined || c === undefined) throw new Error('three are needed');
  const keyOf = async ({ id, interactionId }: typeof a) => {
    const args = ['archive', '--media', id, '--interaction', interactionId, '--json'];
    const { code, stderr, records } = await runHere(args, { env });
    if (code !== 0) throw new Error(stderr);
    return String(records()[0]?.['key']);
  };
  const remove = async (key: string) => {
    for (const one of [key, receiptKey(key), linkKey(key)]) {
      await rm(path.join(root, one), { force: true });
      await rm(path.join(root, `${one}.metadata.json`), { force: true });
    }
  };
  // an attempt before the one that counts, of which the attacker has kept the object
  const keyOfA = await keyOf(a);
  const earlierA = await readStored(root, keyOfA);
  await remove(keyOfA);
  await keyOf(a);
  const keyOfC = await keyOf(c);
  const earlierC = await readStored(root, keyOfC);
  await remove(keyOfC);
  const goneIds = {
    recordingId: '00000000-0000-4000-8000-00000000dead',
    conversationId: '00000000-0000-4000-8000-0000000c0000',
  };
  const at = Date.UTC(2026, 4, 20, 12);
  const gone = objectKey({ ...goneIds, at });
  const issuer = {
    store: createDirectoryStore(root),
    clock: systemClock,
    format: '',
    signer: createReceiptSigner(privateKey),
    organizationId: ORGANIZATION,
  };
  await issueTerminalReceipt(issuer, { ids: goneIds, key: gone, at, reason: 'deleted' }, unlimited);
  const keys = { a: keyOfA, b: await keyOf(b), c: keyOfC, gone };
  await makeOld(root);
  await cp(root, path.join(dir, 'sound'), { recursive: true, preserveTimestamps: true });
  const idsOf = ({ id, interactionId }: typeof a) => ({ recordingId: id, conversationId: interactionId });
  return {
    keys,
    ids: { a: idsOf(a), b: idsOf(b), c: idsOf(c), gone: goneIds },
    earlier: { a: earlierA, c: earlierC },
    sha256: { a: await a.sha256(), b: await b.sha256(), c: await c.sha256(), gone: '' },
    env,
    dir,
    simulator,
  };
}

/** Settings of a writer that also reads; beside a wrap the static key of before, which still opens old objects. */
async function keySettings(wrap: Wrap, dir: string): Promise<Record<string, string>> {
  const old = { ENCRYPTION_KEY_HEX: STATIC_KEY };
  if (wrap === 'static') return old;
  if (wrap === 'aes' || wrap === 'records') {
    const keyring = path.join(dir, 'keyring.json');
    await writeKeyringFile(keyring, addKey(undefined, 'k1'));
    const ring = { ...old, ARCHIVE_KEYRING_FILE: keyring };
    return wrap === 'aes' ? ring : { ...ring, ARCHIVE_KEY_PLACEMENT: 'records' };
  }
  const [publicFile, privateFile] = [path.join(dir, 'public.pem'), path.join(dir, 'private.pem')];
  await writeFile(publicFile, pair3072.publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(privateFile, pair3072.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return { ...old, ARCHIVE_PUBLIC_KEY_FILE: publicFile, ARCHIVE_PRIVATE_KEY_FILE: privateFile };
}

export const staticKey = Buffer.from(STATIC_KEY, 'hex');

export async function readStored(root: string, key: string): Promise<Stored> {
  const { stat, body } = await createDirectoryStore(root).get(key, unlimited);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return { body: Buffer.concat(chunks), metadata: stat.metadata };
}

export async function makeOld(root: string): Promise<void> {
  const then = new Date(Date.now() - AN_HOUR_MS);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    await utimes(path.join(entry.parentPath, entry.name), then, then);
  }
}
