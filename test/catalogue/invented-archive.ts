import { randomBytes, randomUUID } from 'node:crypto';
import type { CataloguePorts } from '../../src/catalogue/ports.ts';
import { sealBytes } from '../../src/record/sealed-object.ts';
import { systemClock, unlimited } from '../../src/clock.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import { silentLogger } from '../../src/log.ts';
import { parquetTables } from '../../src/parquet/tables.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { erasureKey, ERASURE_SCHEMA, formatErasure, subjectHash } from '../../src/record/erasure.ts';
import {
  FACTS_SCHEMA,
  factsIds,
  factsKey,
  type FactsHeader,
  type FactsLine,
  writeFacts,
} from '../../src/record/facts-file.ts';
import { DATE_LAYOUT } from '../../src/record/layout.ts';
import { objectKey, receiptKey } from '../../src/record/object-key.ts';
import { formatReceipt } from '../../src/record/receipt/receipt.ts';
import { RECEIPT_SCHEMA } from '../../src/record/receipt/schema.ts';
import { versionedStore } from './versioned-store.ts';

export const DAY = '2026-03-05';

export interface Invented {
  readonly recordingId: string;
  readonly conversationId: string;
  readonly key: string;
}

/** Ports of a catalogue over stores in memory, with a key of its own. */
export function inventPorts(more: Partial<CataloguePorts> & { key?: Buffer } = {}): CataloguePorts {
  const { key = randomBytes(32), ...others } = more;
  const archive = others.archive ?? versionedStore();
  return {
    archive,
    catalogue: archive,
    tables: parquetTables,
    layout: DATE_LAYOUT,
    reader: createEnvelopeReader({ staticKey: key }),
    envelope: createStaticEnvelope(key),
    options: { agents: 'id', facts: 'analytics', shards: 1 },
    clock: systemClock,
    logger: silentLogger,
    ...others,
  };
}

/** An object with its receipt, without a signature, as an archive has them. */
export async function addRecording(
  store: ObjectStore,
  {
    day = DAY,
    at,
    without,
    ...ids
  }: Partial<Invented> & { day?: string; at?: number; without?: 'object' | 'receipt' } = {},
): Promise<Invented> {
  const { recordingId = randomUUID(), conversationId = randomUUID() } = ids;
  const recordedAt = at ?? Date.parse(`${day}T08:00:00.000Z`) + Math.floor(Math.random() * 36_000_000);
  const key = objectKey({ recordingId, at: recordedAt });
  const options = { metadata: {}, contentType: 'application/octet-stream' };
  if (without !== 'object') await store.put(key, Buffer.alloc(16 + (recordedAt % 100)), options, unlimited);
  const recorded = new Date(recordedAt).toISOString();
  const body = await formatReceipt(
    {
      schema: RECEIPT_SCHEMA,
      kind: 'archived',
      ids: { conversation: conversationId, recording: recordingId },
      source: { contentType: 'audio/wav', resumes: 0, restarts: 0 },
      object: { key, store: store.location },
      times: { recorded, stored: recorded, issued: recorded },
      tool: { name: 'genesys-media-archive', version: '0.1.0' },
    },
    undefined,
  );
  if (without !== 'receipt') await store.put(receiptKey(key), body, options, unlimited);
  return { recordingId, conversationId, key };
}

export interface Call {
  readonly agents?: readonly string[];
  readonly queues?: readonly string[];
  readonly wrapUps?: readonly string[];
  readonly direction?: 'inbound' | 'outbound';
  readonly customer?: string;
  readonly company?: string;
  readonly totalMs?: number;
}

export const NAMES = {
  queues: { 'queue-1': 'Claims', 'queue-2': 'Sales' },
  wrapUps: { 'wrap-1': 'Solved' },
  users: { 'agent-1': 'Mara Vogel', 'agent-2': 'Jonas Reh' },
} as const;

export function factsLine(conversationId: string, call: Call, day = DAY): FactsLine {
  const { agents = ['agent-1'], queues = ['queue-1'], wrapUps = ['wrap-1'], direction = 'inbound' } = call;
  const { customer = '+4915112345678', company = '+49301234', totalMs = 61_000 } = call;
  const [ani, dnis] = direction === 'inbound' ? [customer, company] : [company, customer];
  return {
    conversationId,
    start: `${day}T08:00:00.000Z`,
    direction,
    divisionIds: ['division-1'],
    media: ['voice'],
    recorded: { audio: true, screen: false, snippet: false },
    ani: `tel:${ani}`,
    dnis: `tel:${dnis}`,
    agentIds: [...agents],
    queueIds: [...queues],
    wrapUpCodes: [...wrapUps],
    durations: { totalMs },
    participants: [
      { id: 'p1', purpose: 'customer', name: 'Kim Beispiel', externalContactId: 'contact-1', sessions: [] },
      ...agents.map((userId, at) => ({ id: `a${at}`, purpose: 'agent', userId, sessions: [] })),
    ],
    evaluationIds: [],
    surveyIds: [],
  };
}

/** Writes the facts of a day, or puts others in their place. */
export async function putFacts(
  { catalogue, envelope }: CataloguePorts,
  lines: readonly FactsLine[],
  day = DAY,
  head: Partial<FactsHeader> = {},
): Promise<void> {
  const known = (names: Record<string, string>) => ({ status: 'known' as const, names });
  const header: FactsHeader = {
    schema: FACTS_SCHEMA,
    day,
    source: 'analytics-details-job',
    fetchedAt: `${day}T23:00:00.000Z`,
    part: 1,
    parts: 1,
    writtenBy: 'run-1',
    named: {
      queues: known(NAMES.queues),
      wrapUps: known(NAMES.wrapUps),
      divisions: known({}),
      users: known(NAMES.users),
    },
    ...head,
  };
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeFacts(header, lines)) chunks.push(chunk);
  if (envelope === undefined) throw new Error('facts are sealed');
  const { body, options } = await sealBytes(envelope, factsIds(day), Buffer.concat(chunks), unlimited);
  const key = factsKey(day, header.part);
  const before = await catalogue.head(key, unlimited);
  if (before === undefined) await catalogue.put(key, body, options, unlimited);
  else await catalogue.replace?.(before, body, options, unlimited);
}

export async function putErasure(store: ObjectStore, { recordingId }: Invented, day = DAY): Promise<void> {
  const id = randomUUID();
  const body = formatErasure({
    schema: ERASURE_SCHEMA,
    id,
    day,
    what: ['media', 'catalogue'],
    reason: 'art. 17',
    at: '2026-04-01T00:00:00.000Z',
    recording: subjectHash(recordingId),
  });
  await store.put(erasureKey(id), body, { metadata: {}, contentType: 'application/json' }, unlimited);
}
