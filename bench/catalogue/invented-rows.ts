/** Rows as an archive has them: 2,000 agents, 120 queues, 300,000 customers. Of the same seed the same rows. */
import { createHash } from 'node:crypto';
import type { CatalogueRow } from '../../src/catalogue/schema.ts';
import type { SearchKey } from '../../src/catalogue/search/keys.ts';
import { DAY_MS } from '../../src/recording/time.ts';

export const FIRST_DAY = '2026-01-01';
const AGENTS = 2_000;
const QUEUES = 120;
const CUSTOMERS = 300_000;
const WRAP_UPS = 40;
const COMPANIES = 50;
const CONVERSATION_SHARE = 0.9;

/** mulberry32: a number below 1, and its successors. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A UUID of two words. */
export function uuidOf(kind: string, at: number): string {
  const hex = createHash('sha256').update(`${kind} ${at}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const memo = <T>(count: number, make: (at: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, at) => make(at));

const agents = memo(AGENTS, (at) => uuidOf('agent', at));
const queues = memo(QUEUES, (at) => ({ id: uuidOf('queue', at), name: `Queue ${at}` }));
const wrapUps = memo(WRAP_UPS, (at) => ({ id: uuidOf('wrap-up', at), name: `Wrap-up ${at}` }));
export const inventedAgent = (at: number): string => agents[at % AGENTS] ?? '';
export const inventedCustomer = (at: number): string => `+4915${String(at % CUSTOMERS).padStart(8, '0')}`;
export const inventedQueue = (at: number): string => queues[at % QUEUES]?.id ?? '';

/** Keyed hashes of all customers. */
export function hashCustomers(key: SearchKey): BigInt64Array {
  const hashes = new BigInt64Array(CUSTOMERS);
  for (let at = 0; at < CUSTOMERS; at += 1) hashes[at] = key.hash('customer', inventedCustomer(at));
  return hashes;
}

/** The rows of one day, in the order of a file. @param day `YYYY-MM-DD`. */
export function inventRows(day: string, count: number, customers: BigInt64Array): CatalogueRow[] {
  const start = Date.parse(`${day}T00:00:00Z`);
  const next = numbers(start / DAY_MS);
  const pick = (below: number) => Math.floor(next() * below);
  const rows: CatalogueRow[] = [];
  let conversation = '';
  for (let at = 0; at < count; at += 1) {
    const recording = uuidOf(`recording ${day}`, at);
    if (at === 0 || next() < CONVERSATION_SHARE) conversation = uuidOf(`conversation ${day}`, at);
    const recordedAt = start + 6 * 3_600_000 + Math.floor(next() * 14 * 3_600_000);
    const isMissing = next() < 0.0005;
    const first = pick(QUEUES);
    const asked = next() < 0.1 ? [first, (first + 1) % QUEUES] : [first];
    const answered = next() < 0.15 ? [pick(AGENTS), pick(AGENTS)] : [pick(AGENTS)];
    const wrapUp = pick(WRAP_UPS);
    const inbound = next() < 0.7;
    rows.push({
      organization_id: 'b1f0c1a2-0000-4000-8000-0000000000aa',
      conversation_id: conversation,
      recording_id: recording,
      channel: null,
      key: `archive/${day.replaceAll('-', '/')}/${recording}.enc`,
      receipt_key: null,
      kind: 'archived',
      state: isMissing ? 'missing' : 'archived',
      storage_class: 'STANDARD',
      recorded_at: recordedAt,
      stored_at: recordedAt + 600_000 + pick(1_200_000),
      duration_ms: 5_000 + Math.floor(next() ** 2 * 1_800_000),
      bytes: isMissing ? null : BigInt(100_000 + Math.floor(next() ** 2 * 15_000_000)),
      media: 'call',
      media_subtype: null,
      content_type: 'audio/ogg',
      direction: inbound ? 'inbound' : 'outbound',
      agent_ids: answered.map(inventedAgent),
      queue_ids: asked.map(inventedQueue),
      queue_names: asked.map((one) => queues[one]?.name ?? ''),
      division_ids: [uuidOf('division', pick(3))],
      wrap_up_codes: [wrapUps[wrapUp]?.id ?? ''],
      wrap_up_names: [wrapUps[wrapUp]?.name ?? ''],
      company_address: `+49301234${String(pick(COMPANIES)).padStart(2, '0')}`,
      customer_hash: customers[pick(CUSTOMERS)] ?? null,
      legal_hold: false,
      hold_ids: null,
      retain_until: null,
      format: 's3ec-v3',
      key_id: 'arn:aws:kms:eu-central-1:111122223333:key/0f0f0f0f-0000-4000-8000-000000000001',
      facts: 'analytics',
    });
  }
  return rows.sort((one, other) => one.recorded_at - other.recorded_at || (one.key < other.key ? -1 : 1));
}
