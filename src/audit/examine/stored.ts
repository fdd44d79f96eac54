import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ObjectStat } from '../../ports.ts';
import { present } from '../../present.ts';
import { compareWithReceipt, type Finding, finding } from '../compare-with-receipt.ts';
import type { ExaminePorts } from './ports.ts';
import { judgeWithoutReceipt } from '../judge-without-receipt.ts';
import type { Erasure } from '../../record/erasure.ts';
import { hashWrap } from '../../record/first-wrap.ts';
import { keyRecordOf } from '../../record/key-records.ts';
import type { SignedReceipt } from '../../record/receipt/schema.ts';
import { findExchange } from '../../record/wrap-amendment.ts';
import { findWrap, type KnownWrap } from '../../record/wrap-standing.ts';

interface KnownOfStored {
  readonly receipt: SignedReceipt | undefined;
  readonly erasure: Erasure | undefined;
  /** There is a receipt, and it cannot be read. */
  readonly isReceiptDamaged: boolean;
  readonly readInstruction: () => Promise<string | undefined>;
  /** Looks for an amendment of the wrap also where the receipt states none. */
  readonly thorough: boolean;
}

export const NO_WRAP: KnownWrap = { standing: 'none', sha256: undefined, isProven: false };

/** Judges an object that is there by its receipt, its key and its wrap. */
export async function examineStored(
  ports: ExaminePorts,
  stat: ObjectStat,
  { receipt, erasure, isReceiptDamaged, readInstruction, thorough }: KnownOfStored,
  budget: Budget,
): Promise<{
  readonly notes: readonly string[];
  readonly findings: readonly Finding[];
  readonly wrap: KnownWrap;
  readonly erased?: string;
}> {
  const { store, keys } = ports;
  const { key } = stat;
  const findings: Finding[] = [];
  const context = { ...ports, location: store.location };
  if (receipt !== undefined) findings.push(...compareWithReceipt(key, stat, receipt, context));
  else if (!isReceiptDamaged) findings.push(...judgeWithoutReceipt(stat, ports));
  const keptKey = await examineKey(stat, readInstruction);
  findings.push(...keptKey.findings);
  const { erased } = keptKey;
  if (erasure !== undefined && erased === undefined) findings.push(finding('erased', key));
  const isReadable = erased === undefined && keptKey.findings.length === 0;
  const wrap = isReadable
    ? await findWrap(store, { stat, receipt, keys, readInstruction, thorough }, budget)
    : NO_WRAP;
  if (wrap.standing === 'changed') findings.push(finding('wrap', key));
  const kept = await withoutExchange({ store, keys }, { stat, receipt, findings, wrap }, budget);
  return { notes: [], findings: kept, wrap, ...present({ erased }) };
}

/** Looks for the key of an object that does not carry it: every reader needs it, and no other fits. */
export async function examineKey(
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

interface Judged extends Pick<KnownOfStored, 'receipt'> {
  readonly stat: ObjectStat;
  readonly findings: readonly Finding[];
  readonly wrap: KnownWrap;
}

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
