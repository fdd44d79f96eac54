/** Reads what the archive has of the platform's audit. */
import type { Budget } from '../../clock.ts';
import type { EnvelopeReader, ObjectStore } from '../../ports.ts';
import { readField } from '../../json.ts';
import { canonicalId } from '../../recording/id.ts';
import {
  AUDITS_PREFIX,
  type AuditsEntry,
  auditsIds,
  auditsKey,
  parseAuditsKey,
  readAudits,
} from '../../record/audits-file.ts';
import { getSealed } from '../day-object.ts';

/** What is known of a day. A day of neither state was not asked for. */
export interface StoredAuditDay {
  readonly state: 'read' | 'forbidden';
  readonly bytes: number;
  /** Epoch ms. */
  readonly writtenAt: number;
}

/** Days by name, the first one first. One listing. @throws `STORE_*`. */
export async function listAuditDays(
  store: ObjectStore,
  budget: Budget,
): Promise<ReadonlyMap<string, StoredAuditDay>> {
  const days = new Map<string, StoredAuditDay>();
  for await (const { key, size, lastModified } of store.list(AUDITS_PREFIX, budget)) {
    const named = parseAuditsKey(key);
    if (named === undefined || (named.state === 'forbidden' && days.has(named.day))) continue;
    days.set(named.day, { state: named.state, bytes: size, writtenAt: lastModified });
  }
  return days;
}

/** An entry, as far as its members are known. */
export interface PlatformAct {
  /** ISO 8601, as stated. */
  readonly at: string;
  readonly action: string | undefined;
  readonly entityType: string | undefined;
  /** Of the recording, as a rule. */
  readonly entityId: string | undefined;
  readonly conversationId: string | undefined;
  readonly userId: string | undefined;
  readonly userName: string | undefined;
  readonly clientId: string | undefined;
  readonly service: string | undefined;
  readonly level: string | undefined;
  readonly status: string | undefined;
  readonly remoteIps: readonly string[];
  readonly entry: AuditsEntry;
}

/**
 * The entries of a day in the order of their times; `undefined` where the archive has none of it.
 *
 * @throws `OBJECT_MALFORMED`, `DECRYPT_FAILED`, `CONTEXT_MISMATCH`, and what store and key service throw.
 */
export async function readAuditDay(
  source: { readonly store: ObjectStore; readonly reader: EnvelopeReader },
  day: string,
  budget: Budget,
): Promise<readonly PlatformAct[] | undefined> {
  const key = auditsKey(day);
  const bytes = await getSealed(source, { key, ids: auditsIds(day) }, budget);
  return bytes === undefined ? undefined : readAudits(key, bytes).entries.map(describeEntry);
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Pure. */
export function describeEntry(entry: AuditsEntry): PlatformAct {
  const member = (name: string, of: unknown = entry) => text(readField(of, name));
  const ips: unknown = entry['remoteIp'] ?? entry['remoteIps'];
  return {
    at: entry.eventDate,
    action: member('action'),
    entityType: member('entityType'),
    entityId: member('id', entry['entity']),
    conversationId: member('conversationId', entry['context']) ?? member('conversationId'),
    userId: member('id', entry['user']),
    userName: member('name', entry['user']),
    clientId: member('id', entry['client']),
    service: member('serviceName'),
    level: member('level'),
    status: member('status'),
    remoteIps: Array.isArray(ips) ? (ips as unknown[]).flatMap((one) => text(one) ?? []) : [],
    entry,
  };
}

export interface AuditQuery {
  /** Ids of recordings or conversations, in their canonical form; any. */
  readonly ids?: ReadonlySet<string> | undefined;
  /** Id of a user or client, or a part of a user's name. */
  readonly person?: string | undefined;
  readonly actions?: ReadonlySet<string> | undefined;
}

/** Pure. */
export function matchesAudit(act: PlatformAct, { ids, person, actions }: AuditQuery): boolean {
  return (
    (ids === undefined || idsOf(act).some((id) => ids.has(canonicalId(id)))) &&
    (actions === undefined || actions.has((act.action ?? '').toLowerCase())) &&
    (person === undefined || isOf(act, person.toLowerCase()))
  );
}

/** The platform names conversations in a context whose members are not published. */
function idsOf({ entityId, conversationId, entry }: PlatformAct): readonly string[] {
  const context: unknown = entry['context'];
  const others: readonly unknown[] =
    typeof context === 'object' && context !== null ? Object.values(context) : [];
  return [entityId, conversationId, ...others].flatMap((one) => text(one) ?? []);
}

function isOf({ userId, userName, clientId }: PlatformAct, person: string): boolean {
  return (
    [userId, clientId].some((id) => id?.toLowerCase() === person) ||
    (userName ?? '').toLowerCase().includes(person)
  );
}
