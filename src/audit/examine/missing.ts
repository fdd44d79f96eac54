import type { Budget } from '../../clock.ts';
import type { ObjectStore } from '../../ports.ts';
import { dayOf } from '../../recording/time.ts';
import { compareWithKey, type Finding, finding } from '../compare-with-receipt.ts';
import type { ExaminePorts } from './ports.ts';
import { type Erasure, erasureKey } from '../../record/erasure.ts';
import { isQuarantineKey, releasedKey } from '../../record/quarantine/key.ts';
import type { SignedReceipt } from '../../record/receipt/schema.ts';
import { expiryOf } from '../expiry.ts';

interface KnownOfMissing {
  readonly receipt: SignedReceipt | undefined;
  readonly erasure: Erasure | undefined;
  /** There is a receipt, and it cannot be read. */
  readonly isReceiptDamaged: boolean;
  /** There is an object, and its metadata cannot be read. */
  readonly isObjectDamaged: boolean;
}

interface Absence {
  readonly notes: readonly string[];
  readonly findings: readonly Finding[];
  /** Epoch ms: from then on a rule of retention let it go. */
  readonly expiredAt?: number;
}

/** Judges that there is no object: erased, released, let go by a rule, never archived, or missing. */
export async function examineMissing(
  ports: ExaminePorts,
  key: string,
  { receipt, erasure, isReceiptDamaged, isObjectDamaged }: KnownOfMissing,
  budget: Budget,
): Promise<Absence> {
  const isExpected = !isObjectDamaged && erasure === undefined && receipt?.kind !== 'terminal';
  const isKnown = receipt !== undefined || isReceiptDamaged;
  const why = await whyGone(ports, key, isExpected && isKnown, budget);
  const context = { ...ports, location: ports.store.location };
  return {
    ...why,
    notes: [...(erasure === undefined ? [] : [`erased: ${erasureKey(erasure.id)}`]), ...why.notes],
    findings: [...why.findings, ...(receipt === undefined ? [] : compareWithKey(key, receipt, context))],
  };
}

/** It was released from quarantine, a rule let it go, or it is missing where it `mustBe`. */
async function whyGone(ports: ExaminePorts, key: string, mustBe: boolean, budget: Budget): Promise<Absence> {
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
