/**
 * A process that seals one day: `seal-once.mjs DIRECTORY RECORDINGS`. Receipts lie in memory, so that reading them costs nothing; all else is
 * what `seal` does: signatures of receipts, comparison with the platform, lists, statement, tree, look at what was written, checkpoint.
 * The log is then written to the directory, and checked there as an outsider does.
 */
import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, sign, verify } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { ObjectStat, ObjectStore, SourceRecording } from '../../src/ports.ts';
import { initLog } from '../../src/proof/init-log.ts';
import { logKeys } from '../../src/proof/formats/log-keys.ts';
import { createLogSigner } from '../../src/proof/log/signer.ts';
import { readForLog } from '../../src/proof/day/read-receipts.ts';
import { openProver } from '../../src/proof/prove/prove-entry.ts';
import { sealDays } from '../../src/proof/seal-days.ts';
import { DATE_LAYOUT } from '../../src/record/layout.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import type { Receipt } from '../../src/record/receipt/schema.ts';
import { createReceiptSigner, formatReceipt, signingKeyId } from '../../src/record/receipt/receipt.ts';
import { present } from '../../src/present.ts';

export interface SealedOnce {
  readonly recordings: number;
  readonly cpuSeconds: number;
  /** Of reading the receipts and checking their signatures, by what the seal itself calls; part of the above. */
  readonly receiptSeconds: number;
  /** Of the hashes and signatures alone that cannot be left out. */
  readonly floorSeconds: number;
  readonly puts: number;
  /** Without the lists, which no reader of the log needs. */
  readonly bytes: number;
  readonly lists: number;
  readonly peakRssMb: number;
  /** Of the shell script, wall. */
  readonly oneMs: number;
  /** Of the whole log in Python, wall; absent without Python. */
  readonly logMs?: number;
}

const [directory = '', count = '0'] = process.argv.slice(2);
const DAY = '2026-05-20';
const NOW = Date.parse('2026-05-21T03:00:00Z');
const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
const ORIGIN = `recordings.example.com/proof/${ORGANIZATION}`;

const objects = new Map<string, Buffer>();
const written = { puts: 0, bytes: 0, lists: 0 };

const statOf = (key: string, body: Buffer): ObjectStat => ({
  key,
  size: body.length,
  metadata: {},
  contentType: 'application/json',
  etag: undefined,
  checksum: undefined,
  // of the day itself, long before the night: what is younger than an hour is read again when the seal looks once more
  lastModified: NOW - 6 * 3_600_000,
});

async function* only(body: Buffer) {
  yield await Promise.resolve(body);
}

const store: ObjectStore = {
  location: 'memory:',
  async put(key, body) {
    if (objects.has(key)) return { outcome: 'exists' };
    const chunks: Uint8Array[] = [];
    for await (const chunk of body instanceof Uint8Array ? [body] : body) chunks.push(Buffer.from(chunk));
    const whole = Buffer.concat(chunks);
    objects.set(key, whole);
    written.puts += 1;
    if (key.includes('/lists/')) written.lists += whole.length;
    else written.bytes += whole.length;
    return { outcome: 'stored', stat: statOf(key, whole) };
  },
  head: (key) => {
    const body = objects.get(key);
    return Promise.resolve(body === undefined ? undefined : statOf(key, body));
  },
  get: (key) => {
    const body = objects.get(key);
    if (body === undefined) return Promise.reject(new ArchiveError('OBJECT_NOT_FOUND', `no ${key}`));
    return Promise.resolve({ stat: statOf(key, body), body: only(body) });
  },
  replace: () => Promise.resolve({ outcome: 'unsupported', reason: 'not measured' }),
  async *list(prefix) {
    const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    for (const key of keys) yield await Promise.resolve(statOf(key, objects.get(key) ?? Buffer.alloc(0)));
  },
};

const idAt = (at: number): string => {
  const hex = createHash('sha256').update(`recording ${at}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

const receipts = createReceiptSigner(generateKeyPairSync('ed25519').privateKey);
const logPair = generateKeyPairSync('ed25519');
const signer = createLogSigner(ORIGIN, createReceiptSigner(logPair.privateKey));
const listed: SourceRecording[] = [];

for (let at = 0; at < Number(count); at += 1) {
  const recordingId = idAt(at);
  const conversationId = idAt(at + 1e9);
  const startedAt = Date.parse(`${DAY}T00:00:00Z`) + ((at * 86_399) % 86_400) * 1_000;
  const key = objectKey({ recordingId, channel: undefined, at: startedAt });
  const sha256 = createHash('sha256').update(recordingId).digest('hex');
  const receipt = {
    schema: 'genesys-media-archive/receipt/v1',
    kind: 'archived',
    ids: { organization: ORGANIZATION, conversation: conversationId, recording: recordingId },
    ciphertext: { bytes: 0, sha256 },
    object: { key, store: store.location },
    times: { recorded: new Date(startedAt).toISOString(), issued: new Date(NOW).toISOString() },
    tool: { name: 'genesys-media-archive', version: PACKAGE_VERSION },
  } as unknown as Receipt;
  objects.set(key, Buffer.alloc(0));
  objects.set(receiptKey(key), Buffer.from(await formatReceipt(receipt, receipts)));
  listed.push({ recordingId, conversationId, media: 'call', startedAt, state: 'available' });
}

/** Hashes each receipt, leaf and node once, and verifies each signature: what no way of sealing can leave out. */
function floor(): number {
  const text = Buffer.alloc(1_000, 7);
  const signature = sign(null, text, logPair.privateKey);
  const before = process.cpuUsage();
  for (const body of objects.values()) {
    if (body.length === 0) continue;
    createHash('sha256').update(body).digest();
    for (const bytes of [85, 65]) createHash('sha256').update(body.subarray(0, bytes)).digest();
    if (!verify(null, text, logPair.publicKey, signature)) throw new Error('a signature is wrong');
  }
  return seconds(process.cpuUsage(before));
}

const seconds = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1e6;
const floorSeconds = floor();
const receiptKeys = new Map([[signingKeyId(receipts.publicKey), receipts.publicKey]]);

/** Reads every receipt once, as the seal does. */
async function readAll(): Promise<number> {
  const ports = { store, layout: DATE_LAYOUT, receiptKeys, organization: ORGANIZATION };
  const before = process.cpuUsage();
  for (const { recordingId, startedAt = 0 } of listed) {
    const key = objectKey({ recordingId, channel: undefined, at: startedAt });
    const summary = { key: receiptKey(key), size: 0, lastModified: NOW };
    const { state } = await readForLog(ports, { key, listed: summary, day: DAY }, unlimited);
    if (state !== 'fit') throw new Error(`a receipt is ${state}`);
  }
  return seconds(process.cpuUsage(before));
}

const receiptSeconds = await readAll();
const place = {
  store,
  keys: logKeys(ORGANIZATION),
  organization: ORGANIZATION,
  origin: ORIGIN,
  trusted: [signer.key],
};
await initLog(place, { first: DAY, vkey: signer.key.vkey, now: NOW }, unlimited);
let nonces = 0;
const before = process.cpuUsage();
const sealed = await sealDays(
  {
    ...place,
    signers: [signer],
    anchors: [],
    layout: DATE_LAYOUT,
    receiptKeys,
    source: {
      listDay: () =>
        Promise.resolve({
          recordings: listed,
          facts: {
            method: 'benchmark',
            api: 'api.example.com',
            query: '{}',
            interval: `${DAY}T00:00:00Z/P1D`,
            dataAvailableUntil: NOW - 3_600_000,
            pages: 1,
            conversations: listed.length,
            visibility: { divisions: 'all', permissions: [] },
          },
        }),
    },
    now: () => NOW,
    nonce: () => (nonces += 1).toString(16).padStart(32, '0'),
    version: PACKAGE_VERSION,
    rules: {},
  },
  {},
  unlimited,
);
const cpuSeconds = seconds(process.cpuUsage(before));
const [statement] = sealed.statements;
if (statement?.archive.archived !== listed.length) throw new Error('the statement counts something else');
const { puts, bytes, lists } = written;
const peakRssMb = process.resourceUsage().maxRSS / 1024;

const log = join(directory, 'proof');
for (const [key, body] of objects) {
  if (!key.startsWith(place.keys.prefix)) continue;
  const file = join(log, key.slice(place.keys.prefix.length));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, body);
}
const prover = await openProver(place, DATE_LAYOUT, unlimited);
const first = listed[0];
const proved = await prover.recording(
  objectKey({ recordingId: first?.recordingId ?? '', channel: undefined, at: first?.startedAt ?? 0 }),
  unlimited,
);
await writeFile(join(directory, 'one.json'), proved.file);
await writeFile(join(directory, 'one.json.tlog-proof'), proved.proof);
await writeFile(join(directory, 'log.pem'), logPair.publicKey.export({ type: 'spki', format: 'pem' }));

function timed(command: string, args: readonly string[]): number | undefined {
  const start = performance.now();
  try {
    execFileSync(command, [...args], { cwd: directory, stdio: 'pipe' });
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
  return performance.now() - start;
}

const docs = join(process.cwd(), 'docs');
const oneMs = timed('sh', [join(docs, 'verify-proof.sh'), 'one.json', 'log.pem', ORIGIN]) ?? 0;
const logMs = timed('python3', [join(docs, 'verify-log.py'), 'proof']);
const result: SealedOnce = {
  recordings: listed.length,
  cpuSeconds,
  receiptSeconds,
  floorSeconds,
  puts,
  bytes,
  lists,
  peakRssMb,
  oneMs,
  ...present({ logMs }),
};
process.stdout.write(JSON.stringify(result));
