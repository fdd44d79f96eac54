import type { Budget } from '../../clock.ts';
import type { ObjectStat } from '../../ports.ts';
import { present } from '../../present.ts';
import { compareWithKey, type Finding, finding } from '../compare-with-receipt.ts';
import type { ExaminePorts } from './ports.ts';
import { objectOfReceipt, DATE_LAYOUT } from '../../record/layout.ts';
import { parseCompanion } from '../../record/object-key.ts';
import { lookAtReceipt } from '../../record/receipt/read-receipt.ts';
import type { SignedReceipt } from '../../record/receipt/schema.ts';
import { isIdempotencyKeyOf } from '../../record/same-recording.ts';
import { checkStoredSignature } from '../../record/stored-signature.ts';
import { checkMark } from '../../record/writer-mark.ts';

export interface ContextExamination {
  readonly findings: readonly Finding[];
  /** Of the recording that it stands beside, by that one's receipt. */
  readonly ids: SignedReceipt['ids'] | undefined;
  /** Whether a valid mark says that it was stored for that recording. */
  readonly isMarked: boolean;
}

/**
 * Compares the context or the transcript of a recording, which has no receipt of its own, with the receipt of that recording. Where
 * public keys are given, only its writer's mark proves whose it is.
 *
 * @throws what the store throws.
 */
export async function examineContext(
  ports: ExaminePorts,
  stat: ObjectStat,
  budget: Budget,
): Promise<ContextExamination> {
  const { store, keys, layout = DATE_LAYOUT } = ports;
  const { key, metadata } = stat;
  const { kind, receipt: place } = parseCompanion(key) ?? { kind: 'context', receipt: '' };
  const { receipt, damage } = await lookAtReceipt(store, place, budget);
  const none = (found: 'missing-receipt' | 'unreadable-receipt' | 'swapped', message: string) => ({
    findings: [finding(found, key, message)],
    ids: undefined,
    isMarked: false,
  });
  if (damage !== undefined) return none('unreadable-receipt', 'the receipt of its recording cannot be read');
  if (receipt === undefined) return none('missing-receipt', 'the recording it stands beside has no receipt');
  const media = receipt.object?.key ?? objectOfReceipt(layout, place);
  const findings =
    media === undefined ? [] : compareWithKey(media, receipt, { ...ports, location: store.location });
  if (media === undefined || findings.some((found) => found.kind === 'swapped')) {
    return none('swapped', 'the receipt beside it is that of another recording');
  }
  const known: Finding[] = findings.map((found) => ({ ...found, key }));
  if (!isIdempotencyKeyOf(stat, receipt.ids)) {
    known.push(finding('swapped', key, `it is the ${kind} of another recording than the receipt beside it`));
  }
  if (keys === undefined || keys.size === 0) return { findings: known, ids: receipt.ids, isMarked: false };
  const verdict = await checkStoredSignature({ store, keys }, receipt, place, budget);
  if (verdict !== 'valid')
    known.push(finding('bad-signature', key, 'the receipt beside it has no valid signature'));
  const { recording: recordingId, conversation: conversationId, channel, organization } = receipt.ids;
  const ids = { recordingId, conversationId, ...present({ channel }) };
  const isMarked = checkMark({ kind, key, ids, organizationId: organization, metadata }, keys) === 'valid';
  if (!isMarked) known.push(finding('unproven', key, 'it carries no valid mark of its writer'));
  return { findings: known, ids: receipt.ids, isMarked };
}
