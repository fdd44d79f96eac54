import type { Budget } from '../clock.ts';
import { canonicalJson } from '../record/canonical-json.ts';
import { ArchiveError } from '../errors.ts';
import { canonicalMetadata } from '../metadata-names.ts';
import type { ExpiredObjects, ObjectStat, ObjectStore, RecordingIds, UnsealRequest } from '../ports.ts';
import { present } from '../present.ts';
import type { Finding, FindingKind } from './compare-with-receipt.ts';
import type { ReceiptTrust } from './examine/ports.ts';
import { type Examination, examineRecording } from './examine/recording.ts';
import { recordingExpired } from './expiry.ts';
import { findErasureOfKey, recordingErased } from '../record/find-erasure.ts';
import { identifyKey } from '../record/layout.ts';
import { isQuarantineKey } from '../record/quarantine/key.ts';
import type { SignedReceipt } from '../record/receipt/schema.ts';
import type { KnownWrap } from '../record/wrap-standing.ts';

/** How an object is opened: what it is held to, and whether that may be left out. */
export interface Checking extends ReceiptTrust {
  /**
   * Opens the object also where its receipt is missing or does not fit. What was not checked is said in the notes. Decryption itself
   * is authenticated all the same, and a data key that is bound to another recording is refused.
   */
  readonly unverified?: boolean | undefined;
}

export interface CheckedPorts extends Checking {
  readonly store: ObjectStore;
  /** Tells an object that a rule of retention let go from one that is missing. */
  readonly expired?: ExpiredObjects | undefined;
}

/**
 * What an object was compared with. `signed`: a receipt whose signature is valid. `unsigned`: a receipt that cannot be checked, for no
 * key is given. `none`: there is no receipt, and none is needed. `unverified`: the caller has waived it.
 */
export type ReceiptStanding = 'signed' | 'unsigned' | 'none' | 'unverified';

export interface CheckedObject {
  readonly stat: ObjectStat;
  readonly standing: ReceiptStanding;
  /** Holds for this object; `undefined` without a receipt that holds. */
  readonly receipt: SignedReceipt | undefined;
  /** The receipt as it stands beside the object, from any writer, valid or not, and what its signature is worth. */
  readonly found: Pick<Examination, 'receipt' | 'signature'>;
  /** Sentences for people: what could not be checked, or is not as it was. */
  readonly notes: readonly string[];
  /** As far as they are known. */
  readonly ids: Partial<RecordingIds>;
  readonly wrap: KnownWrap;
  /** The caller has waived what does not fit, also what shows only once it is read. */
  readonly isWaived: boolean;
  readonly request: UnsealRequest & {
    readonly readInstruction: () => Promise<string | undefined>;
  };
}

/**
 * Kinds of findings that do not keep an object from being opened: its content is compared with the receipt's hashes in any case, and
 * an archive that was copied to another place, or rewrapped, has to be readable.
 */
const NOTED: ReadonlySet<FindingKind> = new Set(['moved', 'adopted', 'rolled-back', 'checksum', 'wrap']);

/**
 * The one door by which every reader opens an object: it is held to the recording that was asked for, before a byte of it is released
 * or anything is written.
 *
 * @param thorough as for `examineRecording`.
 * @throws `RECORDING_ERASED`, `RECORDING_EXPIRED`, `OBJECT_NOT_FOUND`; `RECEIPT_MISMATCH`, or another code of a finding (none retryable); `STORE_*`, `OUT_OF_TIME`.
 */
export async function openChecked(
  ports: CheckedPorts,
  key: string,
  budget: Budget,
  thorough = false,
): Promise<CheckedObject> {
  const { store, keys } = ports;
  const [examination, erasure] = await Promise.all([
    examineRecording(ports, key, budget, thorough),
    findErasureOfKey({ store, keys }, key, budget),
  ]);
  // not waived by anything: what a lock still keeps is erased all the same
  if (erasure !== undefined) throw recordingErased(erasure);
  const { stat, receipt, findings, wrap, readInstruction } = examination;
  if (stat === undefined) throw explainMissing(examination, ports.store.location);
  // no waiver helps: the key is gone permanently
  if (examination.erased !== undefined) {
    throw new ArchiveError('RECORDING_ERASED', examination.erased, { details: { key } });
  }
  const blocking = findings.filter((found) => !isNoted(found, receipt));
  const [first] = blocking;
  if (first !== undefined && ports.unverified !== true) throw refusal(first);
  const held = blocking.length === 0 ? receipt : undefined;
  const { contextOf } = examination;
  const ids = contextOf === undefined || blocking.length > 0 ? idsOf(key, held, receipt) : idsIn(contextOf);
  return {
    stat,
    standing: standingOf(examination, blocking),
    receipt: held,
    found: { receipt, signature: examination.signature },
    notes: [
      ...(isQuarantineKey(key) ? [QUARANTINED] : []),
      ...notesOf(examination, blocking),
      ...examination.notes,
      ...findings.filter((found) => !blocking.includes(found)).map(describe),
    ],
    ids,
    wrap,
    isWaived: ports.unverified === true,
    request: {
      readInstruction,
      // a key names its recording; metadata copied from another object do not change that
      ...present({ expected: ids.recordingId === undefined ? undefined : expectedOf(ids, blocking) }),
      budget,
    },
  };
}

const QUARANTINED = 'QUARANTINED: it waits for a person to release or erase it (`quarantine list`)';

/** What the data key has to be bound to; the conversation only as a receipt that holds states it. */
function expectedOf(
  { recordingId, conversationId }: Partial<RecordingIds>,
  blocking: readonly Finding[],
): NonNullable<UnsealRequest['expected']> {
  return {
    ...present({ recordingId }),
    ...(conversationId === undefined || blocking.length > 0 ? {} : { conversationId }),
  };
}

/** @throws `STORE_UNAVAILABLE` when the object that was opened is not the one that was checked. */
export function requireUnchanged(checked: ObjectStat, opened: ObjectStat): void {
  const isSame =
    opened.size === checked.size &&
    opened.versionId === checked.versionId &&
    canonicalJson(canonicalMetadata(opened.metadata).metadata) === canonicalJson(checked.metadata);
  if (isSame) return;
  throw new ArchiveError('STORE_UNAVAILABLE', `${checked.key} was replaced while it was opened`);
}

function isNoted({ kind }: Finding, receipt: SignedReceipt | undefined): boolean {
  // nothing else speaks for the bytes then
  if (kind === 'checksum' && receipt !== undefined && !statesContent(receipt)) return false;
  return NOTED.has(kind);
}

function statesContent({ plaintext, ciphertext }: SignedReceipt): boolean {
  const { sha256, leaves, leavesSha256 } = ciphertext ?? {};
  return (
    plaintext !== undefined || sha256 !== undefined || leaves !== undefined || leavesSha256 !== undefined
  );
}

function standingOf(
  { receipt, signature, contextOf }: Examination,
  blocking: readonly Finding[],
): ReceiptStanding {
  if (blocking.length > 0) return 'unverified';
  if (receipt === undefined && contextOf === undefined) return 'none';
  return signature === 'valid' ? 'signed' : 'unsigned';
}

function idsIn({ recording, conversation, channel }: SignedReceipt['ids']): RecordingIds {
  return {
    recordingId: recording,
    conversationId: conversation,
    ...present({ channel }),
  };
}

function notesOf({ receipt, contextOf }: Examination, blocking: readonly Finding[]): string[] {
  if (blocking.length > 0) return blocking.map((found) => `not verified: ${describe(found)}`);
  return receipt === undefined && contextOf === undefined
    ? ['there is no receipt: nothing proves which recording this is']
    : [];
}

const describe = ({ message }: Finding) => message;

/** From the key; the conversation only from a receipt that is of that recording. */
function idsOf(
  key: string,
  held: SignedReceipt | undefined,
  found: SignedReceipt | undefined,
): Partial<RecordingIds> {
  const named = identifyKey(key);
  if (named === undefined) return {};
  const { recordingId, channel } = named;
  const ids = (held ?? found)?.ids;
  const conversation = ids?.recording === recordingId || held !== undefined ? ids?.conversation : undefined;
  return {
    recordingId: held?.ids.recording ?? recordingId,
    ...present({ channel, conversationId: conversation }),
  };
}

function explainMissing({ key, findings, expiredAt }: Examination, location: string): ArchiveError {
  if (expiredAt !== undefined) return recordingExpired(expiredAt);
  const damaged = findings.find(({ kind, code }) => kind === 'metadata' && code === 'OBJECT_MALFORMED');
  if (damaged !== undefined) return new ArchiveError(damaged.code, damaged.message);
  const because = findings.some(({ kind }) => kind === 'missing-object')
    ? ', although there is a receipt'
    : '';
  return new ArchiveError('OBJECT_NOT_FOUND', `no object ${key.slice(0, 200)} in ${location}${because}`);
}

const HINTS: Partial<Record<FindingKind, string>> = {
  organization: 'check GENESYS_ORGANIZATION_ID: the receipt names another organization',
  unsigned: 'the archive has public keys for receipts, and this one is not signed',
  'unknown-key': 'add the public key it was signed with to ARCHIVE_RECEIPT_PUBLIC_KEYS',
  'missing-receipt': 'deliver the event of the recording again, which completes what an attempt left undone',
};

function refusal({ kind, key, message, code }: Finding): ArchiveError {
  const first =
    HINTS[kind] ??
    'keep the object and its receipt as they are; docs/runbook.md says what to do about each finding';
  return new ArchiveError(code, `${key}: ${kind}: ${message}`, {
    hint: `${first}; --unverified reads it all the same, and says what was not checked`,
    details: { key, kind },
  });
}
