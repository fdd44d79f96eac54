import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { canonicalMetadata, describeRenamed } from '../metadata-names.ts';
import type { ObjectStat, ObjectStore } from '../ports.ts';
import { present } from '../present.ts';
import { dayOf } from '../recording/time.ts';
import { compareWithKey, compareWithReceipt, type Finding, finding } from './compare-with-receipt.ts';
import { examineContext } from './examine-context.ts';
import type { ExaminePorts } from './examine-ports.ts';
import { judgeWithoutReceipt } from './judge-without-receipt.ts';
import { type Erasure, erasureKey, subjectHash } from '../record/erasure.ts';
import { findErasure, recordingOfKey } from '../record/find-erasure.ts';
import { expiryOf } from './expiry.ts';
import { keyRecordOf, readWrap } from '../record/key-records.ts';
import { hashWrap } from '../record/first-wrap.ts';
import { parseCompanion, receiptKey } from '../record/object-key.ts';
import { isQuarantineKey, releasedKey } from '../record/quarantine-key.ts';
import { readReceipt } from '../record/read-receipt.ts';
import type { SignedReceipt } from '../record/receipt-schema.ts';
import type { SignatureVerdict } from '../record/receipt.ts';
import { checkStoredSignature } from '../record/stored-signature.ts';
import { findExchange } from '../record/wrap-amendment.ts';
import { findWrap, type KnownWrap } from '../record/wrap-standing.ts';

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
  const { store, keys } = ports;
  const { stat, notes, findings: ofObject } = await readStat(store, key, budget);
  if (stat !== undefined && parseCompanion(key) !== undefined) {
    return { ...(await examineBeside(ports, stat, budget)), notes };
  }
  const { receipt, findings: ofReceipt } = await lookAtReceipt(store, key, budget);
  const findings: Finding[] = [...ofObject, ...ofReceipt];
  const signature =
    receipt === undefined || keys === undefined || keys.size === 0
      ? undefined
      : await checkStoredSignature({ store, keys }, receipt, receiptKey(key), budget);
  if (signature !== undefined) findings.push(...judgeSignature(key, signature));
  let instruction: Promise<string | undefined> | undefined;
  const readOnce = () =>
    (instruction ??= stat === undefined ? Promise.resolve(undefined) : readWrap(store, stat, budget));
  const context = { ...ports, location: store.location };
  let wrap = NO_WRAP;
  // metadata that are damaged are an object's
  const erasure = ofObject.length > 0 ? undefined : await lookForErasure(ports, key, stat, budget);
  if (erasure !== undefined && stat === undefined) notes.push(`erased: ${erasureKey(erasure.id)}`);
  let erased: string | undefined;
  let expiredAt: number | undefined;
  if (stat === undefined) {
    const isExpected = ofObject.length === 0 && erasure === undefined && receipt?.kind !== 'terminal';
    const isKnown = receipt !== undefined || ofReceipt.length > 0;
    const why = await whyGone(ports, key, isExpected && isKnown, budget);
    notes.push(...why.notes);
    findings.push(...why.findings);
    expiredAt = why.expiredAt;
    if (receipt !== undefined) findings.push(...compareWithKey(key, receipt, context));
  }
  if (stat !== undefined) {
    if (receipt !== undefined) findings.push(...compareWithReceipt(key, stat, receipt, context));
    else if (ofReceipt.length === 0) findings.push(...judgeWithoutReceipt(stat, ports));
    const keptKey = await examineKey(stat, readOnce);
    findings.push(...keptKey.findings);
    erased = keptKey.erased;
    if (erasure !== undefined && erased === undefined) findings.push(finding('erased', key));
    if (erased === undefined && keptKey.findings.length === 0) {
      wrap = await findWrap(store, { stat, receipt, keys, readInstruction: readOnce, thorough }, budget);
    }
    if (wrap.standing === 'changed') findings.push(finding('wrap', key));
    const kept = await withoutExchange({ store, keys }, { stat, receipt, findings, wrap }, budget);
    findings.splice(0, findings.length, ...kept);
  }
  return {
    key,
    stat,
    receipt,
    signature,
    findings,
    notes,
    wrap,
    erasure,
    ...present({ erased, expiredAt }),
    readInstruction: readOnce,
  };
}

/** Of an object that is not there: it was released from quarantine, a rule let it go, or it is missing where it `mustBe`. */
async function whyGone(
  ports: ExaminePorts,
  key: string,
  mustBe: boolean,
  budget: Budget,
): Promise<{
  readonly notes: readonly string[];
  readonly findings: readonly Finding[];
  readonly expiredAt?: number;
}> {
  if (await wasReleased(ports.store, key, budget)) {
    return { notes: [`released from quarantine: ${releasedKey(key)}`], findings: [] };
  }
  if (!mustBe) return { notes: [], findings: [] };
  const expiredAt = await expiryOf(ports, key, budget);
  return expiredAt === undefined
    ? { notes: [], findings: [finding('missing-object', key)] }
    : {
        notes: [`expired: its rule of retention let it go on ${dayOf(expiredAt)}`],
        findings: [],
        expiredAt,
      };
}

/** Of an object in quarantine that is gone: a release removes its receipt last. */
async function wasReleased(store: ObjectStore, key: string, budget: Budget): Promise<boolean> {
  return isQuarantineKey(key) && (await store.head(releasedKey(key), budget)) !== undefined;
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

/** Looks for the key of an object that does not carry it: every reader needs it, and no other fits. */
async function examineKey(
  stat: ObjectStat,
  readKey: () => Promise<unknown>,
): Promise<{ readonly findings: readonly Finding[]; readonly erased?: string }> {
  if (keyRecordOf(stat) === undefined) return { findings: [] };
  try {
    await readKey();
    return { findings: [] };
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    const { code, message } = error;
    if (code === 'RECORDING_ERASED') return { findings: [], erased: message };
    if (code === 'KEY_RECORD_MISSING')
      return { findings: [finding('missing-key', stat.key, message, { code })] };
    if (code === 'OBJECT_MALFORMED')
      return { findings: [finding('unreadable-key', stat.key, message, { code })] };
    throw error;
  }
}

type Judged = Pick<Examination, 'receipt' | 'findings' | 'wrap'> & { readonly stat: ObjectStat };

/** Without what the exchange of an object's metadata explains, where an amendment tells of it. */
async function withoutExchange(
  { store, keys }: Pick<ExaminePorts, 'store' | 'keys'>,
  { stat, receipt, findings, wrap }: Judged,
  budget: Budget,
): Promise<readonly Finding[]> {
  const explained = findings.filter((found) => isOfRewrap(found, stat, receipt));
  if (explained.length === 0 || receipt === undefined || wrap.sha256 === undefined) return findings;
  const wanted = { key: stat.key, receipt, wrapSha256: wrap.sha256 };
  const isTold =
    hashWrap(stat.metadata) === undefined
      ? await findExchange(store, wanted, keys, budget)
      : wrap.standing === 'amendment';
  return isTold ? findings.filter((found) => !explained.includes(found)) : findings;
}

/** S3 exchanges metadata by a copy: a new version, and for what was uploaded in parts another kind of checksum, or none. */
function isOfRewrap({ kind }: Finding, stat: ObjectStat, receipt: SignedReceipt | undefined): boolean {
  const isOtherKind = stat.checksum?.type !== receipt?.object?.checksum?.type;
  return kind === 'rolled-back' || (kind === 'checksum' && isOtherKind);
}

const NO_WRAP: KnownWrap = { standing: 'none', sha256: undefined, isProven: false };

/** Of a context or transcript, which stands beside a recording. */
async function examineBeside(
  ports: ExaminePorts,
  stat: ObjectStat,
  budget: Budget,
): Promise<Omit<Examination, 'notes'>> {
  const { findings, ids, isMarked } = await examineContext(ports, stat, budget);
  let instruction: Promise<string | undefined> | undefined;
  const readOnce = () => (instruction ??= readWrap(ports.store, stat, budget));
  const keptKey = await examineKey(stat, readOnce);
  return {
    key: stat.key,
    stat,
    receipt: undefined,
    signature: isMarked ? 'valid' : undefined,
    findings: [...findings, ...keptKey.findings],
    wrap: NO_WRAP,
    ...present({ erased: keptKey.erased }),
    contextOf: ids,
    readInstruction: readOnce,
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

async function lookAtReceipt(
  store: ObjectStore,
  key: string,
  budget: Budget,
): Promise<{ receipt: SignedReceipt | undefined; findings: Finding[] }> {
  try {
    return { receipt: await readReceipt(store, receiptKey(key), budget), findings: [] };
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'OBJECT_MALFORMED') throw error;
    return { receipt: undefined, findings: [finding('unreadable-receipt', key, error.message)] };
  }
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
