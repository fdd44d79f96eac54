/** Key records that no object has: what attempts that were killed, or lost a race, have left. */
import type { Budget, Clock } from '../clock.ts';
import type { ObjectStat, ObjectStore, VersionedStore } from '../ports.ts';
import { type Examination, examineRecording } from '../audit/examine/recording.ts';
import type { ReceiptTrust } from '../audit/examine/ports.ts';
import {
  isKeyRecordKey,
  KEY_PREFIX,
  keyRecordKey,
  MAX_KEY_RECORD_BYTES,
  parseKeyRecord,
} from '../record/key-record.ts';
import { keyRecordOf } from '../record/key-records.ts';
import { getSmall } from '../record/small-object.ts';

/** ms; twice as long as an attempt may take to complete its object. */
export const MIN_ORPHAN_AGE_MS = 24 * 3_600_000;

export interface SweepPorts extends ReceiptTrust {
  readonly store: ObjectStore;
  /** Of the store of key records. Where it keeps versions, a record is hidden and not destroyed. */
  readonly records: Pick<VersionedStore, 'remove'>;
  readonly clock: Clock;
}

/**
 * What a record was found to be. `needed`: its object has it. `young`: an attempt may be under way. `unsettled`: whether an object needs it
 * cannot be told, because its object is missing or is not what its receipt states, or an upload is open. `unreadable`: it is no record.
 * `orphan`: no object has it.
 */
export type RecordState = 'needed' | 'young' | 'unsettled' | 'unreadable' | 'orphan';

export interface SweptRecord {
  readonly key: string;
  readonly state: RecordState;
  readonly removed: boolean;
  /** Epoch ms. */
  readonly storedAt: number;
}

/**
 * Looks at every key record, and removes those that no object has. A record is kept in every case of doubt: without it, an object that
 * needs it is lost.
 *
 * @throws `STORE_*`, `OUT_OF_TIME`.
 */
export async function* sweepKeyRecords(
  ports: SweepPorts,
  { minAgeMs, dryRun }: { readonly minAgeMs: number; readonly dryRun: boolean },
  budget: Budget,
): AsyncGenerator<SweptRecord, void, undefined> {
  const { store, records, clock } = ports;
  const uploading = new Set<string>();
  for await (const { key } of store.listUploads?.(budget) ?? []) uploading.add(key);
  for await (const { key, lastModified } of store.list(KEY_PREFIX, budget)) {
    if (!isKeyRecordKey(key)) continue;
    const isYoung = lastModified > clock.now() - Math.max(minAgeMs, MIN_ORPHAN_AGE_MS);
    const state = isYoung ? 'young' : await judgeRecord(ports, key, uploading, budget);
    const removed = state === 'orphan' && !dryRun;
    if (removed) await records.remove(asCurrent(key, lastModified), budget);
    yield { key, state, removed, storedAt: lastModified };
  }
}

async function judgeRecord(
  ports: SweepPorts,
  key: string,
  uploading: ReadonlySet<string>,
  budget: Budget,
): Promise<RecordState> {
  const record = parseKeyRecord((await getSmall(ports.store, key, MAX_KEY_RECORD_BYTES, budget)) ?? '');
  if (record === undefined || keyRecordKey(record) !== key) return 'unreadable';
  const { objectKey } = record;
  const examination = await examineRecording(ports, objectKey, budget);
  if (examination.stat !== undefined && keyRecordOf(examination.stat)?.messageId === record.messageId) {
    return 'needed';
  }
  if (uploading.has(objectKey)) return 'unsettled';
  return isSettled(examination) ? 'orphan' : 'unsettled';
}

/** Reports whether an object that is there, or is not, is the last word: not one that took the place of another, or was removed. */
function isSettled({ stat, receipt, findings, contextOf }: Examination): boolean {
  if (stat === undefined) return receipt === undefined && findings.length === 0;
  const isStated = receipt !== undefined || contextOf !== undefined;
  return isStated && findings.length === 0 && !carriesNothing(stat);
}

/** An object whose metadata say nothing of a key is none of this archive's. */
const carriesNothing = ({ metadata }: ObjectStat) => Object.keys(metadata).length === 0;

/** Without a version's name, a store that keeps versions only hides the object. */
const asCurrent = (key: string, lastModified: number) => ({
  key,
  versionId: undefined,
  isLatest: true,
  isMarker: false,
  size: 0,
  lastModified,
});
