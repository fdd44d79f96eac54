import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { request as send } from 'node:http';
import { updateCatalogue } from '../../src/catalogue/update-catalogue.ts';
import { type Clock, systemClock, unlimited } from '../../src/clock.ts';
import type { Person } from '../../src/console/access.ts';
import type { ConsoleArchive } from '../../src/console/console-archive.ts';
import { type RunningConsole, startConsole } from '../../src/console/start-console.ts';
import type { SignOn } from '../../src/console/sign-on/sign-on.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createAesUnwrapper, createAesWrapper } from '../../src/envelope/raw-wrap.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec/envelope.ts';
import { silentLogger } from '../../src/log.ts';
import { parquetTables } from '../../src/parquet/tables.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { hashWrap } from '../../src/record/first-wrap.ts';
import { hashMetadata } from '../../src/record/identity.ts';
import { DATE_LAYOUT } from '../../src/record/layout.ts';
import { LeafHasher } from '../../src/record/leaf-hasher.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import { createReceiptSigner, formatReceipt, signingKeyId } from '../../src/record/receipt/receipt.ts';
import type { Receipt } from '../../src/record/receipt/schema.ts';
import { type Call, factsLine, putFacts } from '../catalogue/invented-archive.ts';
import { versionedStore } from '../catalogue/versioned-store.ts';

export const DAY = '2026-03-05';
export const LEAF_BYTES = 64 * 1024;
const PAGE_FOLDER = '/nonexistent-console-page';

const wrapping = { kid: 'k1', key: randomBytes(32) };
export const envelope = createS3ecEnvelope({ format: 's3ec-v3', wrapper: createAesWrapper(wrapping) });
export const reader = createEnvelopeReader({ unwrappers: [createAesUnwrapper([wrapping])] });
const signing = generateKeyPairSync('ed25519');
export const signer = createReceiptSigner(signing.privateKey);
export const keys = new Map([[signingKeyId(signing.publicKey), signing.publicKey]]);

/** A two-channel µ-law WAV of that many seconds, 8 kHz: a tone that changes, and silence in the middle third. */
export function wavOf(seconds: number, { format = 7, bits = 8 } = {}): Buffer {
  const frames = seconds * 8_000;
  const frame = (2 * bits) / 8;
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + frames * frame, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(format, 20);
  head.writeUInt16LE(2, 22);
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(8_000 * frame, 28);
  head.writeUInt16LE(frame, 32);
  head.writeUInt16LE(bits, 34);
  head.write('data', 36);
  head.writeUInt32LE(frames * frame, 40);
  const body = Buffer.alloc(frames * frame, 0xff);
  for (let at = 0; at < frames; at += 1) {
    const isSilent = at > frames / 3 && at < (2 * frames) / 3;
    if (!isSilent) body[at * frame] = (at * 37) & 0xff;
  }
  return Buffer.concat([head, body]);
}

export interface Recorded {
  readonly recordingId: string;
  readonly conversationId: string;
  readonly key: string;
  readonly plaintext: Buffer;
}

export interface NewRecording {
  readonly plaintext?: Buffer;
  readonly at?: number;
  readonly contentType?: string;
  readonly recordingId?: string;
  readonly channel?: string;
  readonly leafBytes?: number;
}

/** An object as the archiver writes it, with its signed receipt and the leaves in it. */
export async function record(
  store: ObjectStore,
  {
    plaintext = wavOf(20),
    at = Date.parse(`${DAY}T08:00:00Z`),
    contentType = 'audio/wav',
    recordingId = randomUUID(),
    channel,
    leafBytes = LEAF_BYTES,
  }: NewRecording = {},
): Promise<Recorded> {
  const conversationId = randomUUID();
  const ids = { recordingId, conversationId, ...(channel === undefined ? {} : { channel }) };
  const key = objectKey({ recordingId, channel, at });
  const sealer = await envelope.seal(ids);
  const body = Buffer.concat([sealer.update(plaintext), sealer.final()]);
  const options = { metadata: sealer.metadata, contentType: 'application/octet-stream' };
  await store.put(key, body, options, unlimited);
  const hasher = LeafHasher.full(leafBytes);
  hasher.update(body);
  const { sha256, leaves } = hasher.finish();
  const wrap = hashWrap(sealer.metadata);
  const recorded = new Date(at).toISOString();
  const receipt: Receipt = {
    schema: 'genesys-media-archive/receipt/v1',
    kind: 'archived',
    ids: {
      conversation: conversationId,
      recording: recordingId,
      ...(channel === undefined ? {} : { channel }),
    },
    source: { contentType, resumes: 0, restarts: 0 },
    plaintext: { bytes: plaintext.length, sha256: createHash('sha256').update(plaintext).digest('hex') },
    ciphertext: {
      bytes: body.length,
      sha256: sha256.toString('hex'),
      leafBytes,
      leaves: leaves.map((leaf) => leaf.toString('hex')),
    },
    object: { key, store: store.location },
    envelope: {
      format: envelope.format,
      metadataSha256: hashMetadata(sealer),
      ...(wrap === undefined ? {} : { wrapSha256: wrap }),
    },
    times: { recorded, stored: recorded, issued: recorded },
    tool: { name: 'genesys-media-archive', version: '0.1.0' },
  };
  const signed = Buffer.from(await formatReceipt(receipt, signer));
  await store.put(receiptKey(key), signed, { metadata: {}, contentType: 'application/json' }, unlimited);
  return { recordingId, conversationId, key, plaintext };
}

export interface InventedArchive {
  readonly archive: ConsoleArchive;
  readonly store: ReturnType<typeof versionedStore>;
}

export function inventArchive(more: Partial<ConsoleArchive> = {}): InventedArchive {
  const store = versionedStore();
  const given = more.store ?? store;
  return {
    store,
    archive: {
      name: undefined,
      store: given,
      layout: DATE_LAYOUT,
      trust: { keys, layout: DATE_LAYOUT },
      reader,
      envelope,
      catalogue: {
        archive: given,
        catalogue: given,
        tables: parquetTables,
        layout: DATE_LAYOUT,
        reader,
        envelope,
        options: { agents: 'id', facts: 'analytics', shards: 1 },
        clock: systemClock,
        logger: silentLogger,
      },
      derived: given,
      signer: () => Promise.resolve(signer),
      twoPersons: true,
      organizationId: undefined,
      log: undefined,
      timestampCa: undefined,
      warnings: [],
      ...more,
    },
  };
}

/** Facts of the day for these recordings, and the catalogue of all. */
export async function catalogued(
  { archive }: Pick<InventedArchive, 'archive'>,
  calls: readonly (Call & Recorded & { readonly divisions?: readonly string[] })[],
): Promise<void> {
  const lines = calls.map(({ divisions, ...call }) => ({
    ...factsLine(call.conversationId, call),
    ...(divisions === undefined ? {} : { divisionIds: [...divisions] }),
  }));
  if (lines.length > 0) await putFacts(archive.catalogue, lines, DAY);
  await updateCatalogue(archive.catalogue, { scope: 'all' }, unlimited);
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly json: () => Record<string, unknown>;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly json?: unknown;
  readonly cookie?: string | undefined;
}

/** Asks as the page does; `headers` puts others in the place of its own, `undefined` leaves one out. */
export function ask(url: string, { method, headers = {}, json, cookie }: AskOptions = {}): Promise<Answered> {
  const body = json === undefined ? undefined : Buffer.from(JSON.stringify(json));
  const own: Record<string, string | undefined> = {
    'sec-fetch-site': 'same-origin',
    ...(body === undefined ? {} : { 'content-type': 'application/json', origin: new URL(url).origin }),
    cookie,
    ...headers,
  };
  const sent = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
  return new Promise((resolve, reject) => {
    const asked = send(
      url,
      { method: method ?? (body === undefined ? 'GET' : 'POST'), headers: sent, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const bytes = Buffer.concat(chunks);
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: bytes,
            json: () => JSON.parse(bytes.toString('utf8')) as Record<string, unknown>,
          });
        });
      },
    );
    asked.once('error', reject);
    asked.end(body);
  });
}

export interface OpenConsole extends RunningConsole {
  /** Signs the launcher in. @returns the cookie. */
  signIn(): Promise<string>;
  /** Signs anybody in, as a provider would. */
  signInAs(person: Partial<Person>): Promise<string>;
}

export const cookieOf = ({ headers }: Answered): string => {
  const [cookie = ''] = (headers['set-cookie'] ?? []) as string[];
  return cookie.split(';')[0] ?? '';
};

/** A console on a free port, with people who sign in by their names. */
export async function openConsole(
  archives: readonly ConsoleArchive[],
  more: Partial<Parameters<typeof startConsole>[0]> & { readonly clock?: Clock } = {},
): Promise<OpenConsole> {
  const people = new Map<string, Person>();
  const provider = (own: SignOn): SignOn => ({
    ...own,
    redeem: (token) => people.get(token) ?? own.redeem?.(token),
  });
  const running = await startConsole({
    archives,
    port: 0,
    pageFolder: PAGE_FOLDER,
    peaksWorker: undefined,
    who: 'starter@laptop',
    reasonRequired: false,
    clock: systemClock,
    logger: silentLogger,
    wrapSignOn: provider,
    ...more,
  });
  const exchange = async (token: string) => {
    const answer = await ask(`${running.url}/api/session`, { json: { token } });
    if (answer.status !== 201) throw new Error(`no session: ${answer.status}`);
    return cookieOf(answer);
  };
  return {
    ...running,
    signIn: () => exchange(new URL(running.launchUrl).hash.replace('#token=', '')),
    signInAs: (person) => {
      const token = randomUUID();
      people.set(token, {
        sub: person.name ?? token,
        name: 'Ann Example',
        signIn: 'provider',
        roles: [],
        divisions: '*',
        ...person,
      });
      return exchange(token);
    },
  };
}
