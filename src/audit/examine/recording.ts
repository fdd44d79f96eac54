import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { canonicalMetadata, describeRenamed } from '../../metadata-names.ts';
import type { ObjectStat, ObjectStore } from '../../ports.ts';
import { present } from '../../present.ts';
import { type Finding, finding } from '../compare-with-receipt.ts';
import { examineContext } from './context.ts';
import { examineMissing } from './missing.ts';
import type { ExaminePorts } from './ports.ts';
import { examineKey, examineStored, NO_WRAP } from './stored.ts';
import { type Erasure, subjectHash } from '../../record/erasure.ts';
import { findErasure, recordingOfKey } from '../../record/find-erasure.ts';
import { readWrap } from '../../record/key-records.ts';
import { parseCompanion, receiptKey } from '../../record/object-key.ts';
import { lookAtReceipt } from '../../record/receipt/read-receipt.ts';
import type { SignedReceipt } from '../../record/receipt/schema.ts';
import type { SignatureVerdict } from '../../record/receipt/receipt.ts';
import { checkStoredSignature } from '../../record/stored-signature.ts';
import type { KnownWrap } from '../../record/wrap-standing.ts';

/** What can be told of a recording without reading its body or any key. */
export interface Examination {
  readonly key: string;
  /** `undefined` when there is no object, or its metadata are damaged, which is a finding. */
  readonly stat: ObjectStat | undefined;
  /** As it stands there, from any writer; `undefined` without a readable receipt. */
  readonly receipt: SignedReceipt | undefined;
  /** `undefined` where no keys are given, or there is no receipt. */
  readonly signature: SignatureVerdict | undefined;
  readonly findings: readonly Finding[];
  /** Sentences for people about what is worth knowing and nothing wrong, such as names of metadata in another spelling. */
  readonly notes: readonly string[];
  readonly wrap: KnownWrap;
  /** The tombstone of the recording, where there is no object, or {@link ExaminePorts.erased} names it. */
  readonly erasure?: Erasure | undefined;
  /** Its key was destroyed: a sentence that names the erasure. */
  readonly erased?: string;
  /** There is no object, and from this time on (epoch ms) a rule of retention let it go. */
  readonly expiredAt?: number;
  /** Of the recording that an object is the context or transcript of, by that one's receipt. */
  readonly contextOf?: SignedReceipt['ids'] | undefined;
  /** Read at most once: another file a moment later could name another key. */
  readonly readInstruction: () => Promise<string | undefined>;
}

/**
 * Compares an object with its receipt, its key and its wrap. Everything that opens a recording begins here, and so does `verify`.
 *
 * @param thorough looks for an amendment of the wrap also where the receipt states none.
 * @throws `STORE_*`, `OUT_OF_TIME`. What is wrong with the recording is a finding.
 */
export async function examineRecording(
  ports: ExaminePorts,
  key: string,
  budget: Budget,
  thorough = false,
): Promise<Examination> {
  const { store } = ports;
  const { stat, notes, findings: ofObject } = await readStat(store, key, budget);
  if (stat !== undefined && parseCompanion(key) !== undefined) {
    return { ...(await examineBeside(ports, stat, budget)), notes };
  }
  const { receipt, damage } = await lookAtReceipt(store, receiptKey(key), budget);
  const ofReceipt = damage === undefined ? [] : [finding('unreadable-receipt', key, damage.message)];
  const { signature, findings: ofSignature } = await lookAtSignature(ports, key, receipt, budget);
  const readInstruction = once(async () => (stat === undefined ? undefined : readWrap(store, stat, budget)));
  // metadata that are damaged are an object's
  const erasure = ofObject.length > 0 ? undefined : await lookForErasure(ports, key, stat, budget);
  const known = { receipt, erasure, isReceiptDamaged: damage !== undefined };
  const judged =
    stat === undefined
      ? await examineMissing(ports, key, { ...known, isObjectDamaged: ofObject.length > 0 }, budget)
      : await examineStored(ports, stat, { ...known, readInstruction, thorough }, budget);
  return {
    wrap: NO_WRAP,
    ...judged,
    key,
    stat,
    receipt,
    signature,
    findings: [...ofObject, ...ofReceipt, ...ofSignature, ...judged.findings],
    notes: [...notes, ...judged.notes],
    erasure,
    readInstruction,
  };
}

/** Costs nothing for an object that is there, unless it is known to be of an erased recording. */
async function lookForErasure(
  { store, keys, erased }: ExaminePorts,
  key: string,
  stat: ObjectStat | undefined,
  budget: Budget,
): Promise<Erasure | undefined> {
  const id = recordingOfKey(key);
  if (id === undefined || (stat !== undefined && erased?.has(subjectHash(id)) !== true)) return undefined;
  return findErasure({ store, keys }, id, budget);
}

/** Of a context or transcript, which stands beside a recording. */
async function examineBeside(
  ports: ExaminePorts,
  stat: ObjectStat,
  budget: Budget,
): Promise<Omit<Examination, 'notes'>> {
  const { findings, ids, isMarked } = await examineContext(ports, stat, budget);
  const readInstruction = once(() => readWrap(ports.store, stat, budget));
  const keptKey = await examineKey(stat, readInstruction);
  return {
    key: stat.key,
    stat,
    receipt: undefined,
    signature: isMarked ? 'valid' : undefined,
    findings: [...findings, ...keptKey.findings],
    wrap: NO_WRAP,
    ...present({ erased: keptKey.erased }),
    contextOf: ids,
    readInstruction,
  };
}

/** A directory store keeps metadata in files, which can be damaged so far that nothing can be read of them. */
async function readStat(
  store: ObjectStore,
  key: string,
  budget: Budget,
): Promise<{ stat: ObjectStat | undefined; notes: string[]; findings: Finding[] }> {
  try {
    const stat = await store.head(key, budget);
    if (stat === undefined) return { stat, notes: [], findings: [] };
    const { metadata, renamed } = canonicalMetadata(stat.metadata);
    const note = describeRenamed(renamed);
    return { stat: { ...stat, metadata }, notes: note === undefined ? [] : [note], findings: [] };
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'OBJECT_MALFORMED') throw error;
    const findings = [finding('metadata', key, error.message, { code: error.code })];
    return { stat: undefined, notes: [], findings };
  }
}

/** Nothing is said of signatures where no keys are given. */
async function lookAtSignature(
  { store, keys }: ExaminePorts,
  key: string,
  receipt: SignedReceipt | undefined,
  budget: Budget,
): Promise<{ signature: SignatureVerdict | undefined; findings: readonly Finding[] }> {
  if (receipt === undefined || keys === undefined || keys.size === 0)
    return { signature: undefined, findings: [] };
  const signature = await checkStoredSignature({ store, keys }, receipt, receiptKey(key), budget);
  return { signature, findings: judgeSignature(key, signature) };
}

function judgeSignature(key: string, verdict: SignatureVerdict): Finding[] {
  switch (verdict) {
    case 'valid':
      return [];
    case 'unsigned':
      return [finding('unsigned', key, 'the receipt is not signed')];
    case 'unknown-key':
      return [finding('unknown-key', key, 'the receipt is signed with a key that is not among those given')];
    case 'revoked':
      return [finding('revoked-key', key)];
    case 'stored-too-late':
      return [finding('revoked-key', key, 'the store got the receipt after its key was no longer believed')];
    case 'outside-validity':
      return [finding('outside-validity', key)];
    case 'invalid':
      return [finding('bad-signature', key, 'the signature of the receipt does not fit what it states')];
  }
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => (result ??= read());
}
