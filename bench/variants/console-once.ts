/** A process that does what the console does once, after its start: `console-once.mjs table|sound DIRECTORY`. Says how long it took. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { unlimited } from '../../src/clock.ts';
import { AccessLog } from '../../src/console/access-log.ts';
import type { ConsoleArchive } from '../../src/console/console-archive.ts';
import { listRecordings } from '../../src/console/list-recordings.ts';
import { formatOfFile, openRecording } from '../../src/console/open-recording.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createAesUnwrapper, createAesWrapper } from '../../src/envelope/raw-wrap.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec/envelope.ts';
import { gatherBytes } from '../../src/gather-bytes.ts';
import { silentLogger } from '../../src/log.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { hashWrap } from '../../src/record/first-wrap.ts';
import { hashMetadata } from '../../src/record/identity.ts';
import { DATE_LAYOUT } from '../../src/record/layout.ts';
import { LeafHasher } from '../../src/record/leaf-hasher.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import { formatReceipt } from '../../src/record/receipt/receipt.ts';
import { type Receipt, RECEIPT_SCHEMA } from '../../src/record/receipt/schema.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { inventedQueue, uuidOf } from '../catalogue/invented-rows.ts';
import { lateStore } from '../catalogue/late-store.ts';
import { openBench } from '../catalogue/open-bench.ts';
import { present } from '../../src/present.ts';

export interface TableOnce {
  readonly rows: number;
  /** ms: the first page, and then the same with a filter. */
  readonly tableMs: number;
  readonly filterMs: number;
  readonly tableCpuMs: number;
  readonly filterCpuMs: number;
}

export interface SoundOnce {
  /** ms: from the opening to the first piece, its entry in the access log before it; and from a seek to its first piece. */
  readonly firstSoundMs: number;
  readonly seekMs: number;
  readonly firstSoundCpuMs: number;
  readonly seekCpuMs: number;
  /** Of the object, until the first sound, and for one seek. */
  readonly firstReads: number;
  readonly seekReads: number;
}

/** ms that each answer of the store is late while sound is measured. */
const LATE_MS = 40;
/** Of 60 minutes, two channels of 8,000 samples a second. */
const SOUND_BYTES = 60 * 60 * 16_000;
const PIECE_BYTES = 64 * 1024;
const SEEKS = 5;

const [phase = '', directory = ''] = process.argv.slice(2);
const near = createDirectoryStore(directory);
const wrapping = { kid: 'bench', key: createHash('sha256').update('wrapping').digest() };
const reader = createEnvelopeReader({ unwrappers: [createAesUnwrapper([wrapping])] });

function archiveOf(store: ObjectStore): ConsoleArchive {
  const catalogue = openBench(store);
  return {
    name: undefined,
    store,
    layout: DATE_LAYOUT,
    trust: { layout: DATE_LAYOUT },
    reader,
    envelope: undefined,
    catalogue,
    derived: store,
    signer: () => Promise.resolve(undefined),
    twoPersons: false,
    organizationId: undefined,
    log: undefined,
    timestampCa: undefined,
    warnings: [],
  };
}

interface Timed<T> {
  readonly ms: number;
  readonly cpuMs: number;
  readonly result: T;
}

async function timed<T>(work: () => Promise<T>): Promise<Timed<T>> {
  const began = performance.now();
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { ms: performance.now() - began, cpuMs: (user + system) / 1_000, result };
}

async function showTable(): Promise<TableOnce> {
  const archive = archiveOf(near);
  const table = await timed(() => listRecordings(archive, {}, {}, unlimited));
  const filter = await timed(() => listRecordings(archive, { queues: [inventedQueue(5)] }, {}, unlimited));
  const rows = Math.min(table.result.items.length, filter.result.items.length);
  return {
    rows,
    tableMs: table.ms,
    filterMs: filter.ms,
    tableCpuMs: table.cpuMs,
    filterCpuMs: filter.cpuMs,
  };
}

async function archiveSound(): Promise<string> {
  const ids = { recordingId: uuidOf('sound', 1), conversationId: uuidOf('conversation', 1) };
  const recorded = '2026-03-05T08:00:00.000Z';
  const key = objectKey({ recordingId: ids.recordingId, at: Date.parse(recorded) });
  const envelope = createS3ecEnvelope({ format: 's3ec-v3', wrapper: createAesWrapper(wrapping) });
  const sealer = await envelope.seal(ids);
  const plaintext = Buffer.alloc(SOUND_BYTES, 0x55);
  const body = Buffer.concat([sealer.update(plaintext), sealer.final()]);
  const options = { metadata: sealer.metadata, contentType: 'application/octet-stream' };
  await near.put(key, Readable.from(slicesOf(body)), { ...options, contentLength: body.length }, unlimited);
  const hasher = LeafHasher.full();
  hasher.update(body);
  const { sha256, leaves, leafBytes } = { ...hasher.finish(), leafBytes: hasher.leafBytes };
  const wrapSha256 = hashWrap(sealer.metadata);
  const receipt: Receipt = {
    schema: RECEIPT_SCHEMA,
    kind: 'archived',
    ids: { conversation: ids.conversationId, recording: ids.recordingId },
    source: { contentType: 'audio/wav', resumes: 0, restarts: 0 },
    plaintext: { bytes: plaintext.length, sha256: createHash('sha256').update(plaintext).digest('hex') },
    ciphertext: {
      bytes: body.length,
      sha256: sha256.toString('hex'),
      leafBytes,
      leaves: leaves.map((leaf) => leaf.toString('hex')),
    },
    object: { key, store: near.location },
    envelope: {
      format: envelope.format,
      metadataSha256: hashMetadata(sealer),
      ...present({ wrapSha256 }),
    },
    times: { recorded, stored: recorded, issued: recorded },
    tool: { name: 'genesys-media-archive', version: '0.0.0' },
  };
  const text = Buffer.from(await formatReceipt(receipt, undefined));
  await near.put(receiptKey(key), text, { metadata: {}, contentType: 'application/json' }, unlimited);
  return key;
}

function* slicesOf(body: Buffer): Generator<Buffer> {
  for (let at = 0; at < body.length; at += 1024 * 1024) yield body.subarray(at, at + 1024 * 1024);
}

async function playSound(): Promise<SoundOnce> {
  const key = await archiveSound();
  let reads = 0;
  const late = lateStore(near, LATE_MS);
  const store: ObjectStore = {
    ...late.store,
    get: (asked, budget, range) => {
      if (asked === key) reads += 1;
      return late.store.get(asked, budget, range);
    },
  };
  const archive = archiveOf(store);
  const { clock } = archive.catalogue;
  const access = new AccessLog({ clock, logger: silentLogger });
  const now = clock.now();
  const session = {
    id: '0123456789abcdef',
    issuedAt: now,
    seenAt: now,
    sub: 'bench',
    name: 'bench',
    signIn: 'launch' as const,
    roles: ['viewer' as const],
    divisions: '*' as const,
  };
  const piece = async (from: Awaited<ReturnType<typeof openRecording>>, first: number) =>
    gatherBytes(
      from.read({ first, last: first + PIECE_BYTES - 1 }, unlimited),
      PIECE_BYTES,
      () => new Error(),
    );
  const first = await timed(async () => {
    const opened = await openRecording(archive, key, unlimited);
    await formatOfFile(archive, opened, unlimited);
    await access.write(archive, session, { action: 'listen', recording: uuidOf('sound', 1), key });
    await piece(opened, 0);
    return opened;
  });
  const firstReads = reads;
  const seeks: { ms: number; cpuMs: number; reads: number }[] = [];
  for (let seek = 1; seek <= SEEKS; seek += 1) {
    const before = reads;
    const { ms, cpuMs } = await timed(() =>
      piece(first.result, Math.floor((SOUND_BYTES * seek) / (SEEKS + 1))),
    );
    seeks.push({ ms, cpuMs, reads: reads - before });
  }
  return {
    firstSoundMs: first.ms,
    seekMs: Math.max(...seeks.map(({ ms }) => ms)),
    firstSoundCpuMs: first.cpuMs,
    seekCpuMs: Math.max(...seeks.map(({ cpuMs }) => cpuMs)),
    firstReads,
    seekReads: Math.max(...seeks.map((seek) => seek.reads)),
  };
}

process.stdout.write(JSON.stringify(phase === 'sound' ? await playSound() : await showTable()));
