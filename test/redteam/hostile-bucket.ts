import { createHash, generateKeyPairSync } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { issueTerminalReceipt } from '../../src/archive/issue-receipt.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { writeKeyringFile } from '../../src/envelope/key-files.ts';
import { addKey } from '../../src/envelope/keyring.ts';
import type { RecordingIds } from '../../src/ports.ts';
import { linkKey, objectKey, receiptKey } from '../../src/record/object-key.ts';
import { createReceiptSigner } from '../../src/record/receipt.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { runHere } from '../cli/run-here.ts';
import { pair3072 } from '../envelope/rsa-pairs.ts';
import type { Wrap } from './attack.ts';

const STATIC_KEY = 'a1'.repeat(32);
export const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
/** Older than any race: nothing waits for the receipt of an object of that age. */
const AN_HOUR_MS = 3_600_000;

type Metadata = Readonly<Record<string, string>>;
type Name = 'a' | 'b' | 'c' | 'gone';

export interface Stored {
  readonly body: Buffer;
  readonly metadata: Metadata;
}

/**
 * A signed archive that the command line has made of three recordings of the simulated platform, and somebody who may put, copy,
 * change and delete every object in it. `a` and `b` are archived; `c` was seen once, and its event has still to come; `gone` has
 * a terminal receipt.
 */
export class HostileBucket {
  readonly keys: Readonly<Record<Name, string>>;
  readonly ids: Readonly<Record<Name, RecordingIds>>;
  /** Objects of earlier attempts, which the attacker has kept: of `a`, and of `c`. */
  readonly earlier: Readonly<Record<'a' | 'c', Stored>>;
  readonly #env: Readonly<Record<string, string>>;
  readonly #dir: string;
  readonly #simulator: Simulator;
  readonly #sha256: Readonly<Record<Name, string>>;

  private constructor(made: Made) {
    this.keys = made.keys;
    this.ids = made.ids;
    this.earlier = made.earlier;
    this.#env = made.env;
    this.#dir = made.dir;
    this.#simulator = made.simulator;
    this.#sha256 = made.sha256;
  }

  static async open(wrap: Wrap): Promise<HostileBucket> {
    return new HostileBucket(await make(wrap));
  }

  /** The state before any attack. */
  async reset(): Promise<void> {
    await rm(path.join(this.#dir, 'store'), { recursive: true });
    await cp(path.join(this.#dir, 'sound'), path.join(this.#dir, 'store'), {
      recursive: true,
      preserveTimestamps: true,
    });
  }

  async get(key: string): Promise<Stored> {
    return readStored(this.#root(), key);
  }

  /** Puts an object there, as S3 does it: with a checksum that fits. */
  async put(key: string, { body, metadata }: Stored): Promise<void> {
    await this.remove(key);
    await createDirectoryStore(this.#root()).put(
      key,
      body,
      { metadata: { ...metadata }, contentType: 'application/octet-stream' },
      unlimited,
    );
    await makeOld(this.#root());
  }

  /** As a file of the directory, under a name that the store itself would refuse to give. */
  async copyRaw(from: string, to: string): Promise<void> {
    for (const suffix of ['', '.metadata.json']) {
      const file = path.join(this.#root(), `${from}${suffix}`);
      await cp(file, path.join(this.#root(), `${to}${suffix}`), { force: true }).catch(() => undefined);
    }
  }

  async change(key: string, change: (stored: Stored) => Partial<Stored>): Promise<void> {
    const stored = await this.get(key);
    await this.put(key, { ...stored, ...change(stored) });
  }

  async copy(from: string, to: string): Promise<void> {
    await this.put(to, await this.get(from));
  }

  async changeReceipt(key: string, change: (text: string) => string): Promise<void> {
    await this.change(receiptKey(key), ({ body }) => ({ body: Buffer.from(change(body.toString('utf8'))) }));
  }

  async remove(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      await rm(path.join(this.#root(), key), { force: true, recursive: true });
      await rm(path.join(this.#root(), `${key}.metadata.json`), { force: true });
    }
  }

  /** @returns what `verify --all` finds of the recording, the most telling first, or `nothing`; and its exit code. */
  async verify(of: string = 'a', depth = 'full'): Promise<string> {
    const key = this.keys[of as Name] ?? of;
    const { code, records } = await this.run('verify', '--all', '--depth', depth, '--json');
    const kinds = records().flatMap((one) =>
      one['type'] === 'finding' && one['key'] === key ? [String(one['kind'])] : [],
    );
    return `${code}: ${kinds[0] ?? 'nothing'}`;
  }

  /** @returns the error code of a restore; `its own` or `another` for what it has handed out. */
  async restore(name: Name = 'a'): Promise<string> {
    const file = path.join(this.#dir, 'restored.wav');
    const result = await this.run('restore', this.ids[name].recordingId, '-o', file, '--json');
    if (result.code !== 0) return lastCode(result.stderr);
    const bytes = await readFile(file);
    await rm(file);
    return sha256(bytes) === this.#sha256[name] ? 'its own' : 'another';
  }

  /** Delivers the event again. @returns the error code, or what was done. */
  async deliver(name: Name): Promise<string> {
    return outcomeOf(await this.run('archive', ...namesOf(this.ids[name]), '--json'));
  }

  /** `archive --again`, which compares the object with what the platform serves. */
  async again(name: Name): Promise<string> {
    const { recordingId, conversationId } = this.ids[name];
    const args = ['--again', recordingId, '--interaction', conversationId, '--reason', 'red team'];
    return outcomeOf(await this.run('archive', ...args, '--json'));
  }

  /** @returns whether a receipt stands there. */
  async hasReceipt(name: Name): Promise<boolean> {
    return (await readdir(this.#root(), { recursive: true })).includes(receiptKey(this.keys[name]));
  }

  run(...args: readonly string[]) {
    return runHere(args, { env: this.#env });
  }

  async close(): Promise<void> {
    await this.#simulator.close();
    await rm(this.#dir, { recursive: true, force: true });
  }

  #root(): string {
    return path.join(this.#dir, 'store');
  }
}

interface Made {
  readonly keys: Readonly<Record<Name, string>>;
  readonly ids: Readonly<Record<Name, RecordingIds>>;
  readonly earlier: Readonly<Record<'a' | 'c', Stored>>;
  readonly sha256: Readonly<Record<Name, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly dir: string;
  readonly simulator: Simulator;
}

async function make(wrap: Wrap): Promise<Made> {
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
  if (wrap === 'aes') {
    const keyring = path.join(dir, 'keyring.json');
    await writeKeyringFile(keyring, addKey(undefined, 'k1'));
    return { ...old, ARCHIVE_KEYRING_FILE: keyring };
  }
  const [publicFile, privateFile] = [path.join(dir, 'public.pem'), path.join(dir, 'private.pem')];
  await writeFile(publicFile, pair3072.publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(privateFile, pair3072.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  return { ...old, ARCHIVE_PUBLIC_KEY_FILE: publicFile, ARCHIVE_PRIVATE_KEY_FILE: privateFile };
}

export const staticKey = Buffer.from(STATIC_KEY, 'hex');

async function readStored(root: string, key: string): Promise<Stored> {
  const { stat, body } = await createDirectoryStore(root).get(key, unlimited);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return { body: Buffer.concat(chunks), metadata: stat.metadata };
}

async function makeOld(root: string): Promise<void> {
  const then = new Date(Date.now() - AN_HOUR_MS);
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((one) => one.isFile())) {
    await utimes(path.join(entry.parentPath, entry.name), then, then);
  }
}

const namesOf = ({ recordingId, conversationId }: RecordingIds) => [
  '--media',
  recordingId,
  '--interaction',
  conversationId,
];

function outcomeOf({ code, stderr, records }: Awaited<ReturnType<typeof runHere>>): string {
  const [first] = records();
  if (code !== 0) return typeof first?.['code'] === 'string' ? first['code'] : lastCode(stderr);
  return first?.['stored'] === true ? 'downloaded' : 'found';
}

function lastCode(stderr: string): string {
  return String((JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '{}') as { code?: string }).code);
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** Archives that the attacks of one kind share, one for each key mode. */
export function sharedBuckets() {
  const opened = new Map<Wrap, Promise<HostileBucket>>();
  return {
    /** An archive that nobody has touched yet. */
    async open(wrap: Wrap): Promise<HostileBucket> {
      const bucket = await (opened.get(wrap) ?? opened.set(wrap, HostileBucket.open(wrap)).get(wrap));
      if (bucket === undefined) throw new Error('there is none');
      await bucket.reset();
      return bucket;
    },
    async close(): Promise<void> {
      for (const bucket of opened.values()) await (await bucket).close();
      opened.clear();
    },
  };
}
