import fc from 'fast-check';
import type { CatalogueRow } from '../../src/catalogue/schema.ts';
import type { SearchKey } from '../../src/catalogue/search/keys.ts';
import { dayAt, nextDay } from '../../src/catalogue/places.ts';
import { objectKey } from '../../src/record/object-key.ts';

export const FIRST = '2026-02-26';
export const DAYS = Array.from({ length: 6 }, (_, at) => nextDay(FIRST, at));

export const AGENTS = ['agent-1', 'agent-2', 'agent-3'];
export const QUEUES: Readonly<Record<string, string>> = {
  'queue-1': 'Claims',
  'queue-2': "Sales & O'Neil",
  'queue-3': 'Ärger',
};
export const WRAP_UPS: Readonly<Record<string, string>> = { 'wrap-1': 'Solved', 'wrap-2': 'Not solved' };
export const CUSTOMERS = ['+4915112345678', '+4917000111', 'someone@example.com'];
export const COMPANIES = ['+49301234', '+49305678'];
export const STATES = ['archived', 'missing', 'unreceipted', 'gone', 'erased'];

const orNull = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 5 });
const someOf = (values: readonly string[]) => orNull(fc.subarray([...values]));
const oneOf = (values: readonly string[]) => orNull(fc.constantFrom(...values));

/** A row of a day, as the compactor could have made it of anything. */
export function rowOfDay(day: string, key: SearchKey): fc.Arbitrary<CatalogueRow> {
  return fc
    .record({
      recordingId: fc.uuid(),
      conversationId: orNull(fc.uuid()),
      at: fc.integer({ min: dayAt(day), max: dayAt(day) + 86_399_999 }),
      durationMs: orNull(fc.integer({ min: 0, max: 7_200_000 })),
      bytes: orNull(fc.bigInt({ min: 0n, max: 2n ** 40n })),
      agents: someOf(AGENTS),
      queues: someOf(Object.keys(QUEUES)),
      wrapUps: someOf(Object.keys(WRAP_UPS)),
      divisions: someOf(['division-1', 'division-2']),
      customer: oneOf(CUSTOMERS),
      company: oneOf(COMPANIES),
      direction: oneOf(['inbound', 'outbound']),
      media: oneOf(['call', 'screen', 'chat']),
      state: fc.constantFrom(...STATES),
      holds: fc.subarray(['hold-1', 'hold-2']),
      channel: orNull(fc.constantFrom('0', '1')),
    })
    .map((one) => ({
      organization_id: null,
      conversation_id: one.conversationId,
      recording_id: one.recordingId,
      channel: one.channel,
      key: objectKey({ recordingId: one.recordingId, at: one.at }),
      receipt_key: null,
      kind: one.state === 'unreceipted' ? null : 'archived',
      state: one.state,
      storage_class: 'STANDARD',
      recorded_at: one.at,
      stored_at: one.at,
      duration_ms: one.durationMs,
      bytes: one.bytes,
      media: one.media,
      media_subtype: null,
      content_type: 'audio/wav',
      direction: one.direction,
      agent_ids: one.agents,
      queue_ids: one.queues,
      queue_names: one.queues?.map((id) => QUEUES[id] ?? null) ?? null,
      division_ids: one.divisions,
      wrap_up_codes: one.wrapUps,
      wrap_up_names: one.wrapUps?.map((id) => WRAP_UPS[id] ?? null) ?? null,
      company_address: one.company,
      customer_hash: one.customer === null ? null : key.hash('customer', one.customer),
      legal_hold: one.holds.length > 0,
      hold_ids: one.holds.length > 0 ? one.holds : null,
      retain_until: null,
      format: 's3ec-v3',
      key_id: null,
      facts: one.agents === null ? 'none' : 'analytics',
    }));
}
