import { createHash } from 'node:crypto';
import type { SignedReceipt } from '../../record/receipt/schema.ts';
import type { Layout } from '../../record/layout.ts';
import { receiptKey } from '../../record/object-key.ts';
import { isQuarantineKey } from '../../record/quarantine/key.ts';
import type { ListedFile } from './day-inputs.ts';
import type { CallFacts } from './facts-of-day.ts';
import { dayAt } from '../places.ts';
import type { CatalogueRow, PeopleRow } from '../schema.ts';
import { hashedAgent, type SearchKey } from '../search/keys.ts';

/** What of a row only its receipt says; an old row says it as well, so that no receipt is read twice. */
export type ReceiptFacts = Pick<
  CatalogueRow,
  | 'organization_id'
  | 'conversation_id'
  | 'recording_id'
  | 'channel'
  | 'kind'
  | 'recorded_at'
  | 'stored_at'
  | 'content_type'
  | 'format'
  | 'key_id'
>;

export function factsOfReceipt(receipt: SignedReceipt): ReceiptFacts {
  const { ids, times, source, envelope } = receipt;
  return {
    organization_id: ids.organization ?? null,
    conversation_id: ids.conversation,
    recording_id: ids.recording,
    channel: ids.channel ?? null,
    kind: receipt.kind,
    recorded_at: Date.parse(times.recorded),
    stored_at: times.stored === undefined ? null : Date.parse(times.stored),
    content_type: source?.contentType ?? null,
    format: envelope?.format ?? null,
    key_id: envelope?.keyId ?? null,
  };
}

/** What its key says of an object that has no readable receipt. */
export function factsOfKey(layout: Layout, key: string, day: string): ReceiptFacts {
  const named = layout.parse(key);
  return {
    organization_id: null,
    conversation_id: null,
    recording_id: named?.recordingId ?? key,
    channel: named?.channel ?? null,
    kind: null,
    recorded_at: dayAt(day),
    stored_at: null,
    content_type: null,
    format: null,
    key_id: null,
  };
}

export interface RowParts {
  readonly file: ListedFile;
  /** `undefined`: there is no receipt, or none that can be read. */
  readonly receipt: ReceiptFacts | undefined;
  readonly ofKey: ReceiptFacts;
  readonly call: CallFacts | undefined;
  readonly isErased: boolean;
  readonly holds: readonly string[];
  readonly searchKey: SearchKey | undefined;
  readonly agents: 'id' | 'hash';
}

export function rowOf({
  file,
  receipt,
  ofKey,
  call: known,
  isErased,
  holds,
  searchKey,
  agents,
}: RowParts): CatalogueRow {
  const call = isErased ? undefined : known;
  const from = receipt ?? ofKey;
  const { customer = null } = call ?? {};
  return {
    organization_id: from.organization_id,
    conversation_id: from.conversation_id,
    recording_id: from.recording_id,
    channel: from.channel,
    key: file.key,
    receipt_key: file.receipt === undefined || file.receipt === receiptKey(file.key) ? null : file.receipt,
    kind: from.kind,
    state: stateOf(file, receipt, isErased),
    storage_class: file.storageClass ?? null,
    recorded_at: from.recorded_at,
    stored_at: from.stored_at,
    duration_ms: call?.durationMs ?? null,
    bytes: file.size === undefined ? null : BigInt(file.size),
    media: mediaOf(from.content_type, call),
    media_subtype: null,
    content_type: from.content_type,
    direction: call?.direction ?? null,
    agent_ids: call === undefined ? null : agentsOf(call, agents, searchKey),
    queue_ids: call?.queueIds ?? null,
    queue_names: call?.queueNames ?? null,
    division_ids: call?.divisionIds ?? null,
    wrap_up_codes: call?.wrapUpCodes ?? null,
    wrap_up_names: call?.wrapUpNames ?? null,
    company_address: call?.companyAddress ?? null,
    customer_hash: customer === null || searchKey === undefined ? null : searchKey.hash('customer', customer),
    legal_hold: holds.length > 0,
    hold_ids: holds.length > 0 ? holds : null,
    retain_until: null,
    format: from.format,
    key_id: from.key_id,
    facts: call?.source ?? 'none',
  };
}

function stateOf(
  { key, size, isExpired }: ListedFile,
  receipt: ReceiptFacts | undefined,
  isErased: boolean,
): string {
  if (isErased) return 'erased';
  if (receipt?.kind === 'terminal') return 'gone';
  if (receipt === undefined) return size === undefined ? 'missing' : 'unreceipted';
  if (isExpired) return 'expired';
  if (size === undefined) return 'missing';
  return isQuarantineKey(key) ? 'quarantined' : 'archived';
}

/** The keyed hashes where ids are not to be in clear; none at all where there is no key to hash them with. */
function agentsOf({ agentIds }: CallFacts, agents: 'id' | 'hash', key: SearchKey | undefined) {
  if (agents === 'id') return agentIds;
  return key === undefined ? null : agentIds.map((id) => hashedAgent(key, id));
}

const MEDIA_OF_PLATFORM: Readonly<Record<string, string>> = {
  voice: 'call',
  callback: 'call',
  screenshare: 'screen',
  screen: 'screen',
  chat: 'chat',
  email: 'email',
  message: 'message',
};

/** A conversation has several media, a file is of one: its own type says most. */
function mediaOf(contentType: string | null, call: CallFacts | undefined): string | null {
  const [type = ''] = (contentType ?? '').split('/');
  if (type === 'audio') return 'call';
  if (type === 'video') return 'screen';
  const [only, other] = [...new Set((call?.media ?? []).flatMap((one) => MEDIA_OF_PLATFORM[one] ?? []))];
  return only === undefined || other !== undefined ? null : only;
}

export const keyHash = (key: string): bigint => createHash('sha256').update(key).digest().readBigInt64BE(0);

/** `undefined` where nothing is known of people. */
export function peopleOf(key: string, call: CallFacts | undefined): PeopleRow | undefined {
  if (call === undefined) return undefined;
  const { customer, customerName, contactIds, agentIds, agentNames } = call;
  if (customer === null && customerName === null && contactIds.length === 0 && agentIds.length === 0)
    return undefined;
  return {
    key_hash: keyHash(key),
    customer,
    customer_name: customerName,
    external_contact_ids: contactIds.length === 0 ? null : contactIds,
    agent_ids: agentIds.length === 0 ? null : agentIds,
    agent_names: agentIds.length === 0 ? null : agentNames,
  };
}

export function compareRows(one: CatalogueRow, other: CatalogueRow): number {
  return one.recorded_at - other.recorded_at || (one.key < other.key ? -1 : one.key > other.key ? 1 : 0);
}
