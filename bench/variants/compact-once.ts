/**
 * A process that brings one day of the catalogue up to date: `compact-once.mjs prepare|compact DIRECTORY ROWS none|facts`. One receipt in a
 * hundred is new. The archive is lists in memory; the catalogue, and facts where asked for, are in the directory.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compactDay } from '../../src/catalogue/day/compact-day.ts';
import { writeDayFile } from '../../src/catalogue/day/day-file.ts';
import { NOTHING_ERASED } from '../../src/catalogue/erasures.ts';
import { NOTHING_HELD } from '../../src/catalogue/holds.ts';
import { dayFileKey, WHOLE_DAY } from '../../src/catalogue/places.ts';
import type { CataloguePorts } from '../../src/catalogue/ports.ts';
import type { CatalogueRow } from '../../src/catalogue/schema.ts';
import { sealBytes } from '../../src/record/sealed-object.ts';
import { currentSearchKey, type SearchKey } from '../../src/catalogue/search/keys.ts';
import { unlimited } from '../../src/clock.ts';
import type { ObjectStore } from '../../src/ports.ts';
import {
  FACTS_SCHEMA,
  factsIds,
  factsKey,
  type FactsLine,
  MAX_FACTS_PART_LINES,
  writeFacts,
} from '../../src/record/facts-file.ts';
import { receiptKey } from '../../src/record/object-key.ts';
import { formatReceipt } from '../../src/record/receipt/receipt.ts';
import { RECEIPT_SCHEMA } from '../../src/record/receipt/schema.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { FIRST_DAY, hashCustomers, inventedCustomer, inventRows } from '../catalogue/invented-rows.ts';
import { openBench } from '../catalogue/open-bench.ts';

export interface CompactedOnce {
  readonly rows: number;
  readonly read: number;
  readonly bytes: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

/** Of so many receipts one is new. */
const NEW_OF = 100;
const [phase = '', directory = '', count = '0', kind = 'none'] = process.argv.slice(2);
const keysFile = join(directory, 'keys.json');
const catalogue = createDirectoryStore(directory);
const base = openBench(catalogue);
const searchKey = await currentSearchKey(base, unlimited);
if (searchKey === undefined) throw new Error('there is no search key');

/** Rows are needed while the day is made ready, and no longer. */
async function prepare(key: SearchKey): Promise<void> {
  const rows = inventRows(FIRST_DAY, Number(count), hashCustomers(key));
  const known = rows.filter((_, at) => at % NEW_OF !== 0);
  const body = writeDayFile(base.tables, known, {
    day: FIRST_DAY,
    inputs: '-',
    search_key_id: key.id,
    store: catalogue.location,
  });
  const options = {
    metadata: {},
    contentType: 'application/vnd.apache.parquet',
    contentLength: body.byteLength,
  };
  await catalogue.put(dayFileKey(FIRST_DAY), body, options, unlimited);
  if (kind === 'facts') await putFacts(rows);
  const keys = rows.map((row) => row.key).sort();
  const fresh = new Map<string, string>();
  for (const row of rows.filter((_, at) => at % NEW_OF === 0))
    fresh.set(receiptKey(row.key), await receiptOf(row));
  await writeFile(keysFile, JSON.stringify({ keys, fresh: [...fresh] }));
}

async function receiptOf({ key, conversation_id, recording_id, recorded_at }: CatalogueRow): Promise<string> {
  const recorded = new Date(recorded_at).toISOString();
  const text = await formatReceipt(
    {
      schema: RECEIPT_SCHEMA,
      kind: 'archived',
      ids: { conversation: conversation_id ?? '', recording: recording_id },
      source: { contentType: 'audio/ogg', resumes: 0, restarts: 0 },
      object: { key, store: catalogue.location },
      times: { recorded, stored: recorded, issued: recorded },
      tool: { name: 'genesys-media-archive', version: '0.0.0' },
    },
    undefined,
  );
  return Buffer.from(text).toString('base64');
}

function archiveOf(keys: readonly string[], receipts: ReadonlyMap<string, Uint8Array>): ObjectStore {
  const list = (named: (key: string) => string): ObjectStore['list'] =>
    async function* (prefix) {
      for (const key of keys) {
        const name = named(key);
        if (name.startsWith(prefix))
          yield await Promise.resolve({ key: name, size: 1_000_000, lastModified: 0 });
      }
    };
  const [objects, beside] = [list((key) => key), list(receiptKey)];
  return {
    ...catalogue,
    list: (prefix, budget) => (prefix.startsWith('receipts/') ? beside : objects)(prefix, budget),
    get: async (key, budget, range) => {
      const bytes = receipts.get(key);
      if (bytes === undefined) return catalogue.get(key, budget, range);
      const stat = {
        key,
        size: bytes.byteLength,
        lastModified: 0,
        metadata: {},
        contentType: 'application/json',
        checksum: undefined,
        etag: undefined,
      };
      return { stat, body: bodyOf(bytes) };
    },
  };
}

async function* bodyOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(bytes);
}

async function putFacts(rows: readonly CatalogueRow[]): Promise<void> {
  const parts = Math.ceil(rows.length / MAX_FACTS_PART_LINES);
  const none = { status: 'known' as const, names: {} };
  for (let part = parts; part >= 1; part -= 1) {
    const own = rows.slice((part - 1) * MAX_FACTS_PART_LINES, part * MAX_FACTS_PART_LINES);
    const header = {
      schema: FACTS_SCHEMA,
      day: FIRST_DAY,
      source: 'analytics-details-job',
      fetchedAt: `${FIRST_DAY}T23:00:00.000Z`,
      part,
      writtenBy: 'bench',
      named: { queues: none, wrapUps: none, divisions: none, users: none },
      ...(part === 1 ? { parts } : {}),
    } as const;
    const chunks: Uint8Array[] = [];
    for await (const chunk of writeFacts(header, own.map(lineOf))) chunks.push(chunk);
    if (base.envelope === undefined) throw new Error('facts are sealed');
    const { body, options } = await sealBytes(
      base.envelope,
      factsIds(FIRST_DAY),
      Buffer.concat(chunks),
      unlimited,
    );
    await catalogue.put(factsKey(FIRST_DAY, part), body, options, unlimited);
  }
}

function lineOf(row: CatalogueRow, at: number): FactsLine {
  const strings = (cell: readonly (string | null)[] | null) => (cell ?? []).filter((one) => one !== null);
  const [agentIds, queueIds] = [strings(row.agent_ids), strings(row.queue_ids)];
  return {
    conversationId: row.conversation_id ?? '',
    start: new Date(row.recorded_at).toISOString(),
    direction: 'inbound',
    divisionIds: strings(row.division_ids),
    media: ['voice'],
    recorded: { audio: true, screen: false, snippet: false },
    ani: `tel:${inventedCustomer(at)}`,
    dnis: `tel:${row.company_address ?? ''}`,
    agentIds,
    queueIds,
    wrapUpCodes: strings(row.wrap_up_codes),
    durations: { totalMs: row.duration_ms ?? 0 },
    participants: [
      {
        id: 'customer',
        purpose: 'customer',
        sessions: [{ id: 's', media: 'voice', queueIds, holds: [], wrapUps: [] }],
      },
      ...agentIds.map((userId, index) => ({
        id: `agent-${index}`,
        purpose: 'agent',
        userId,
        sessions: [{ id: 's', media: 'voice', queueIds, holds: [], wrapUps: [] }],
      })),
    ],
    evaluationIds: [],
    surveyIds: [],
  };
}

if (phase === 'prepare') await prepare(searchKey);
else process.stdout.write(JSON.stringify(await compact(searchKey)));

async function compact(key: SearchKey): Promise<CompactedOnce> {
  const made = JSON.parse(await readFile(keysFile, 'utf8')) as { keys: string[]; fresh: [string, string][] };
  const receipts = new Map(made.fresh.map(([name, text]) => [name, Buffer.from(text, 'base64')] as const));
  const ports: CataloguePorts = {
    ...base,
    archive: archiveOf(made.keys, receipts),
    options: { ...base.options, facts: kind === 'facts' ? 'analytics' : 'none' },
  };
  const before = process.cpuUsage();
  const run = { erased: NOTHING_ERASED, held: NOTHING_HELD, searchKey: key };
  const { rows, read } = await compactDay(ports, { day: FIRST_DAY, shard: WHOLE_DAY }, run, unlimited);
  const { user, system } = process.cpuUsage(before);
  const stat = await catalogue.head(dayFileKey(FIRST_DAY), unlimited);
  return {
    rows,
    read,
    bytes: stat?.size ?? 0,
    cpuSeconds: (user + system) / 1e6,
    peakRssMb: process.resourceUsage().maxRSS / 1024,
  };
}
