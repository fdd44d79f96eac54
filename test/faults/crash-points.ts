import { execFile } from 'node:child_process';
import { createDecipheriv, createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { build } from 'esbuild';
import { firstWrapOf, hashWrap } from '../../src/record/first-wrap.ts';
import { KEY_PREFIX } from '../../src/record/key-record.ts';
import { createKeyRecords, keyRecordOf, readWrap } from '../../src/record/key-records.ts';
import { linkKey, receiptKey } from '../../src/record/object-key.ts';
import { parseReceipt } from '../../src/record/receipt/schema.ts';
import { signingKeyId } from '../../src/record/receipt/receipt.ts';
import { verifyAgainstReceipt } from '../../src/audit/verify-recording.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { addKey, formatKeyring, keyringUnwrapper } from '../../src/envelope/keys/keyring.ts';
import { silentLogger } from '../../src/log.ts';
import type { ObjectStat, ObjectStore, UnfinishedUpload } from '../../src/ports.ts';
import {
  type SimulatedRecording,
  type Simulator,
  startSimulator,
} from '../../packages/simulator/src/simulator.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { createS3Client } from '../../src/store/s3/client.ts';
import { createS3Store } from '../../src/store/s3/s3-store.ts';
import { readAll } from '../store/bytes.ts';
import { hasLeaves } from './leaves.ts';

export interface Place {
  readonly kind: 'directory' | 's3';
  /** Of the recording. */
  readonly bytes: number;
  /** Does the platform say when the recording was made? If not, the time is claimed in the store. */
  readonly statesTime: boolean;
  /** Wrapped data keys are kept in key records, not in metadata. */
  readonly keepsRecords?: boolean;
}

/** What one delivery in a process of its own ended with. */
interface Delivery {
  readonly killed: boolean;
  readonly state?: string;
  readonly boundaries?: number;
  readonly error?: { readonly code: string };
}

/** What came of one crash point. */
export interface Convergence {
  readonly at: number;
  /** Deliveries after the crash until the recording was archived. */
  readonly redeliveries: number;
  /** What is not as it has to be then. */
  readonly wrong: readonly string[];
  /** Uploads that only the killed process knew of. */
  readonly orphanedUploads: number;
}

const DRIVER = 'driver.mjs';
/** ms in which a server on this machine has answered what it was sent. */
const SETTLE_MS = 100;
/** Its text, the same for every laboratory. */
let driver: Promise<string> | undefined;

async function buildDriver(): Promise<string> {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const { outputFiles } = await build({
    entryPoints: [path.join(import.meta.dirname, 'crash-driver.ts')],
    bundle: true,
    write: false,
    // it is loaded by each of the processes
    minify: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    define: { PACKAGE_VERSION: JSON.stringify(version) },
    banner: {
      js: "import { createRequire as __r } from 'node:module';const require = __r(import.meta.url);",
    },
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

/** Kills processes at boundaries between their effects, and looks at what redeliveries make of what they leave behind. */
export class CrashLab {
  private readonly dir: string;
  private readonly simulator: Simulator;
  private readonly key = randomBytes(32);
  private readonly keyring = addKey(undefined, 'k1');
  private readonly signing = generateKeyPairSync('ed25519');
  private serial = 0;

  private constructor(dir: string, simulator: Simulator) {
    this.dir = dir;
    this.simulator = simulator;
  }

  static async open(place: Place): Promise<CrashLab> {
    const dir = await mkdtemp(path.join(tmpdir(), 'crash-points-'));
    await writeFile(path.join(dir, DRIVER), await (driver ??= buildDriver()));
    const simulator = await startSimulator({
      statesStartTime: place.statesTime,
      s3: { dir: path.join(dir, 's3'), bucket: 'archive-bucket' },
    });
    return new CrashLab(dir, simulator);
  }

  async close(): Promise<void> {
    await this.simulator.close();
    await rm(this.dir, { recursive: true, force: true });
  }

  /** Boundaries between effects of a delivery that nobody disturbs. */
  async countBoundaries(place: Place): Promise<number> {
    const { deliver } = await this.prepare(place);
    const { boundaries, state } = await deliver(0);
    if (state !== 'archived' || boundaries === undefined) throw new Error('the happy path fails');
    return boundaries;
  }

  /**
   * A crash at boundary `at`, and up to two redeliveries, each in a process of its own.
   * @param thenAt boundary at which the first redelivery is killed too, if it gets that far.
   */
  async crash(place: Place, at: number, thenAt = 0): Promise<Convergence> {
    const { recording, deliver, store, uploads } = await this.prepare(place);
    if (!(await deliver(at)).killed) {
      return { at, redeliveries: 0, wrong: ['it was not killed'], orphanedUploads: 0 };
    }
    // with key records requests are under way side by side: one that was sent before the kill may be answered after it
    let orphanedUploads = await settled(() => uploads().length);
    let redeliveries = 1;
    const again = await deliver(thenAt);
    let { state } = again;
    if (again.killed) orphanedUploads = await settled(() => uploads().length);
    if (state !== 'archived') {
      redeliveries = 2;
      ({ state } = await deliver(0));
    }
    const wrong = state === 'archived' ? await this.inspect(store, recording) : ['it is not archived'];
    if (uploads().length !== orphanedUploads) wrong.push('a redelivery left an upload open');
    wrong.push(...(await sweep(store, recording)));
    if (uploads().length > 0) wrong.push('the sweep left an upload open');
    return { at, redeliveries, wrong, orphanedUploads };
  }

  /** Several processes at once, one recording: what is not as it has to be when all are done. */
  async race(place: Place, racers: number): Promise<string[]> {
    const { recording, deliver, store } = await this.prepare(place);
    const ends = await Promise.all(Array.from({ length: racers }, () => deliver(0)));
    const failed = ends.filter(({ state }) => state !== 'archived');
    return [...failed.map((end) => JSON.stringify(end)), ...(await this.inspect(store, recording))];
  }

  /** A kill from outside after `ms`, wherever the process is by then, and one redelivery. */
  async killAfter(place: Place, ms: number): Promise<{ readonly killed: boolean; readonly wrong: string[] }> {
    const { recording, deliver, store } = await this.prepare(place);
    const { killed } = await deliver(0, ms);
    const { state } = await deliver(0);
    const wrong = state === 'archived' ? await this.inspect(store, recording) : ['it is not archived'];
    return { killed, wrong };
  }

  private async prepare({ kind, bytes, keepsRecords = false }: Place) {
    this.serial += 1;
    const id = `10000000-0000-4000-8000-${String(this.serial).padStart(12, '0')}`;
    const recording = this.simulator.add({ id, bytes, encoding: 'pcm16' });
    const root = path.join(this.dir, `root-${this.serial}`);
    await mkdir(root);
    const s3 = this.simulator.s3;
    if (s3 === undefined) throw new Error('there is no S3 endpoint');
    const env = {
      ...s3.environment(),
      API_URL: this.simulator.apiUrl,
      KEY: this.key.toString('hex'),
      ...(keepsRecords ? { KEYRING: formatKeyring(this.keyring) } : {}),
      SIGNING_KEY: this.signing.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      MEDIA_ID: recording.id,
      INTERACTION_ID: recording.interactionId,
      ...(kind === 's3' ? { STORE: 'archive-bucket', S3_URL: s3.url } : { STORE: root }),
    };
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = s3.environment();
    const client = createS3Client({
      endpoint: s3.url,
      region: 'us-east-1',
      credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
      forcePathStyle: true,
    });
    const store: ObjectStore =
      kind === 's3'
        ? createS3Store({ client, bucket: 'archive-bucket', clock: systemClock, logger: silentLogger })
        : createDirectoryStore(root);
    return {
      recording,
      store,
      deliver: (crashAt: number, killAfterMs = 0) =>
        runDriver(path.join(this.dir, DRIVER), { ...env, CRASH_AT: `${crashAt}` }, killAfterMs),
      uploads: () => s3.openUploads().filter((key) => key.includes(recording.id)),
    };
  }

  private decipher({ metadata }: ObjectStat, payload: Buffer): Buffer {
    const iv = Buffer.from(metadata['iv'] ?? '', 'base64');
    const decipher = createDecipheriv('aes-256-gcm', this.key, iv, { authTagLength: 16 });
    decipher.setAuthTag(payload.subarray(-16));
    return Buffer.concat([decipher.update(payload.subarray(0, -16)), decipher.final()]);
  }

  private async unseal(store: ObjectStore, stat: ObjectStat, payload: Buffer): Promise<Buffer> {
    const readInstruction = () => readWrap(store, stat, unlimited);
    const unsealer = await this.reader.unseal(stat, { readInstruction, budget: unlimited });
    return Buffer.concat([unsealer.update(payload), unsealer.final()]);
  }

  private get reader() {
    const unwrappers = [keyringUnwrapper(this.keyring)];
    return createEnvelopeReader({ staticKey: this.key, unwrappers, organizationId: 'crash-lab' });
  }

  /** One whole object, one receipt that fits it, one link marker and one reference, and nothing else. */
  private async inspect(store: ObjectStore, recording: SimulatedRecording): Promise<string[]> {
    const keys: string[] = [];
    for await (const { key } of store.list('', unlimited)) if (key.includes(recording.id)) keys.push(key);
    const [media, ...others] = keys.filter((key) => key.startsWith('archive/'));
    if (media === undefined || others.length > 0) return [`${others.length} objects too many, or none`];
    const wrong: string[] = [];
    const expected = new Set([media, receiptKey(media), linkKey(media), `claims/${recording.id}.json`]);
    // records of attempts that were killed are left to `gc --keys`
    for (const key of keys)
      if (!expected.has(key) && !key.startsWith(KEY_PREFIX)) wrong.push(`${key} should not be there`);
    for (const key of [receiptKey(media), linkKey(media)]) if (!keys.includes(key)) wrong.push(`no ${key}`);
    if (wrong.length > 0) return wrong;

    const { stat, body } = await store.get(media, unlimited);
    const payload = await readAll(body);
    const own = keyRecordOf(stat);
    if (own !== undefined) {
      const record = await createKeyRecords(store).get(own, unlimited);
      if (record === undefined) return ['the object is without its key record'];
      if (hashWrap(record.record.wrap) !== firstWrapOf(stat.metadata)?.sha256)
        wrong.push('the record is another attempt’s');
    }
    const plain = own === undefined ? this.decipher(stat, payload) : await this.unseal(store, stat, payload);
    const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    if (hash(plain) !== (await recording.sha256())) wrong.push('the object is not the recording');
    const text = (await readAll((await store.get(receiptKey(media), unlimited)).body)).toString('utf8');
    const receipt = parseReceipt(text, media);
    if (!hasLeaves(receipt.ciphertext, payload)) wrong.push('the receipt is of another object');
    if (receipt.kind !== 'archived' && receipt.completion?.plaintext !== 'decrypted') {
      wrong.push(`the receipt is ${receipt.kind}, and rests on less than the object itself`);
    }
    if (receipt.plaintext?.sha256 !== hash(plain)) wrong.push('the receipt does not state the recording');
    const signedBy = new Map([[signingKeyId(this.signing.publicKey), this.signing.publicKey]]);
    const ports = { store, keys: signedBy, reader: this.reader };
    const { findings } = await verifyAgainstReceipt(ports, media, 'full', unlimited);
    wrong.push(...findings.map(({ kind, message }) => `verify finds ${kind}: ${message}`));
    const linked = this.simulator.interaction(recording.interactionId)?.['s3_archive_key'];
    if (linked !== media) wrong.push('the reference is missing or another');
    return wrong;
  }
}

/** What `count` says once it says the same for a while. */
async function settled(count: () => number): Promise<number> {
  for (let before = count(); ; ) {
    await setTimeout(SETTLE_MS);
    const now = count();
    if (now === before) return now;
    before = now;
  }
}

/** What `gc --multipart` does, in time: removes what the killed processes left of the recording, and nothing of its objects. */
async function sweep(store: ObjectStore, recording: SimulatedRecording): Promise<string[]> {
  const left = async () => {
    const found: UnfinishedUpload[] = [];
    for await (const upload of store.listUploads?.(unlimited) ?? []) {
      if (upload.key.includes(recording.id)) found.push(upload);
    }
    return found;
  };
  const keys = async () => {
    const found: string[] = [];
    for await (const { key } of store.list('', unlimited)) if (key.includes(recording.id)) found.push(key);
    return found.join(' ');
  };
  const before = await keys();
  for (const upload of await left()) await store.abortUpload?.(upload, unlimited);
  const wrong = (await left()).map(({ key }) => `the sweep did not remove what was left of ${key}`);
  return (await keys()) === before ? wrong : [...wrong, 'the sweep removed an object'];
}

/** @param timeout ms after which it is killed from outside; 0: never. */
async function runDriver(driver: string, own: Record<string, string>, timeout: number): Promise<Delivery> {
  const env = { PATH: process.env['PATH'], ...own };
  return new Promise((resolve, reject) => {
    const options = { env, timeout, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, [driver], options, (error, stdout, stderr) => {
      if (error?.signal === 'SIGKILL') resolve({ killed: true });
      else if (error !== null) reject(new Error(stderr));
      else resolve({ killed: false, ...(JSON.parse(stdout) as Omit<Delivery, 'killed'>) });
    });
  });
}
