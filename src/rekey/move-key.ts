/** Moves the wrapped data key of an object from its metadata into a key record, so that it can be destroyed on its own. */
import type { Budget } from '../clock.ts';
import { systemClock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { KeyRecord, ObjectStat, ReplaceResult, VersionedStore } from '../ports.ts';
import { present } from '../present.ts';
import { type CheckedObject, openChecked } from '../audit/open-checked.ts';
import { firstWrapMetadata, hashWrap, WRAP_MEMBERS } from '../record/first-wrap.ts';
import { formatOf } from '../record/identity.ts';
import { createKeyRecords, keyRecordOf } from '../record/key-records.ts';
import { readAmendment } from '../record/wrap-amendment.ts';
import { amendReceipt, type AmendPorts } from './amend-receipt.ts';
import { requireKnownWrap } from './rewrap-recordings.ts';

export interface MovePorts extends AmendPorts {
  /** Of the store of the objects: tells what is locked. */
  readonly versions: Pick<VersionedStore, 'lockOf'>;
  readonly organizationId?: string | undefined;
}

export interface KeyMove {
  /**
   * `moved`: the record holds the wrap, and the object does not any more, or, with `dryRun`, would. `present`: it was so already. `locked`: a
   * lock keeps the version that holds the wrap, so that nothing would be won. `other-format`: only `s3ec-v3` commits to its key.
   * `unsupported`: this store cannot exchange the metadata.
   */
  readonly state: 'moved' | 'present' | 'locked' | 'other-format' | 'unsupported';
  readonly key: string;
  /** With `locked` and `unsupported`. */
  readonly reason?: string;
  /** Key of what states the move in addition to the receipt. */
  readonly amendment?: string;
  /** Sentences for people: what could not be checked, or is not as it was. */
  readonly notes: readonly string[];
}

/** How often an object that changed in the meantime is looked at anew. */
const MAX_ROUNDS = 3;

/**
 * Moves one key. The record is stored first and the receipt amended, then the metadata of the object are exchanged, if they still are those
 * that were read: at every moment the object can be read. The media are neither read nor sent. Asking again does nothing.
 *
 * In a bucket with versions the earlier version of the object, and with it the wrap, stays until it is removed.
 *
 * @throws `OBJECT_NOT_FOUND`, `RECORDING_ERASED`, `KEY_RECORD_MISSING`, `RECEIPT_MISMATCH`, `CONFIG_INVALID` when receipts are signed and nothing here can sign (not retryable), `STORE_*`.
 */
export async function moveKey(
  ports: MovePorts,
  key: string,
  { dryRun }: { readonly dryRun: boolean },
  budget: Budget,
): Promise<KeyMove> {
  const { store } = ports;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const checked = await openChecked(ports, key, budget, true);
    requireKnownWrap(checked);
    const { stat, notes } = checked;
    if (keyRecordOf(stat) !== undefined) return { state: 'present', key, notes };
    const record = recordOf(checked, ports.organizationId);
    if (record === undefined) return { state: 'other-format', key, notes };
    const reason = await whyLocked(ports, stat, budget);
    if (reason !== undefined) return { state: 'locked', key, reason, notes };
    if (dryRun) return { state: 'moved', key, notes };
    await storeRecord(ports, record, budget);
    const amendment = await amendMove(ports, checked, record, budget);
    const result: ReplaceResult | undefined = await store.replaceMetadata?.(
      stat,
      { ...withoutWrap(stat), ...firstWrapMetadata(record.wrap) },
      budget,
    );
    const { outcome } = result ?? { outcome: 'unsupported' };
    if (outcome === 'replaced') return { state: 'moved', key, notes, ...present({ amendment }) };
    if (outcome === 'unsupported') {
      const why = result?.outcome === 'unsupported' ? result.reason : 'the store cannot replace it';
      return { state: 'unsupported', key, reason: why, notes };
    }
  }
  throw new ArchiveError('STORE_UNAVAILABLE', `${key} is being changed by another process`, {
    details: { key },
  });
}

/** @throws `RECEIPT_MISMATCH` (not retryable) for an object that does not say of which conversation it is. */
function recordOf({ stat, ids }: CheckedObject, organizationId: string | undefined): KeyRecord | undefined {
  const { key, metadata } = stat;
  const messageId = metadata['x-amz-i'];
  if (formatOf(stat) !== 's3ec-v3' || messageId === undefined) return undefined;
  const { recordingId, conversationId } = ids;
  if (recordingId === undefined || conversationId === undefined) {
    throw new ArchiveError('RECEIPT_MISMATCH', `${key} has no receipt that says whose it is`);
  }
  const wrap = Object.fromEntries(Object.entries(metadata).filter(([name]) => WRAP_MEMBERS.has(name)));
  return {
    ids: { ...ids, recordingId, conversationId, ...present({ organizationId }) },
    objectKey: key,
    messageId,
    wrap,
  };
}

function withoutWrap({ metadata }: ObjectStat): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !WRAP_MEMBERS.has(name)));
}

async function whyLocked(
  { versions, clock = systemClock }: MovePorts,
  { key, versionId }: ObjectStat,
  budget: Budget,
): Promise<string | undefined> {
  const version = { key, versionId, isLatest: true, isMarker: false, size: 0, lastModified: 0 };
  const { legalHold = false, retainUntil = 0 } = (await versions.lockOf(version, budget)) ?? {};
  if (legalHold) return 'a legal hold keeps the version that holds the data key';
  if (retainUntil <= clock.now()) return undefined;
  return `the version that holds the data key is locked until ${new Date(retainUntil).toISOString()}`;
}

/** What an earlier run left, before the wrap was moved under another key, is replaced. */
async function storeRecord({ store }: MovePorts, record: KeyRecord, budget: Budget): Promise<void> {
  const records = createKeyRecords(store);
  if ((await records.put(record, budget)) === 'stored') return;
  const found = await records.get(record, budget);
  if (found !== undefined && hashWrap(found.record.wrap) === hashWrap(record.wrap)) return;
  const outcome = found && (await records.replace(found, record.wrap, budget));
  if (outcome === 'replaced') return;
  throw new ArchiveError('STORE_UNAVAILABLE', `the key record of ${record.objectKey} is being changed`, {
    details: { key: record.objectKey },
  });
}

/** The same wrap in another place: stated once, by the first run that comes so far. */
async function amendMove(
  ports: MovePorts,
  checked: CheckedObject,
  { wrap }: KeyRecord,
  budget: Budget,
): Promise<string | undefined> {
  const { receipt, stat } = checked;
  const wrapSha256 = hashWrap(wrap);
  if (receipt === undefined || wrapSha256 === undefined) return undefined;
  const wanted = { key: stat.key, receipt, wrapSha256 };
  if ((await readAmendment(ports.store, wanted, ports.keys, budget)) !== undefined) return undefined;
  return amendReceipt(
    ports,
    checked,
    {
      placement: 'record',
      wrapSha256,
      replaces: wrapSha256,
      instruction: undefined,
      proof: checked.wrap.isProven ? 'receipt' : 'none',
    },
    budget,
  );
}
