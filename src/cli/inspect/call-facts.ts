import { describeRecording } from '../../audit/describe-recording.ts';
import type { CheckedObject } from '../../audit/open-checked.ts';
import type { Budget } from '../../clock.ts';
import type { ObjectStore } from '../../ports.ts';
import type { Layout } from '../../record/layout.ts';
import { receiptKey } from '../../record/object-key.ts';
import type { SignatureVerdict } from '../../record/receipt/receipt.ts';
import type { SignedReceipt } from '../../record/receipt/schema.ts';

/** What a receipt says that a signature is worth; `not-checked` where no public key is given. */
type SignatureWord = SignatureVerdict | 'not-checked';

/**
 * What is known of the call: from the receipt where it holds for this object, so that another call is never shown in its place. The
 * receipt itself, its kind and its signature are told in any case. No key is needed.
 *
 * @throws what the store throws.
 */
export async function readCallFacts(
  { store, layout }: { readonly store: ObjectStore; readonly layout: Layout },
  checked: CheckedObject,
  budget: Budget,
): Promise<object> {
  const { stat, receipt, standing, wrap, found, notes, ids } = checked;
  const described = receipt === undefined ? {} : await describeRecording(store, layout, stat.key, budget);
  return {
    conversationId: receipt?.ids.conversation ?? (standing === 'unverified' ? undefined : ids.conversationId),
    organizationId: receipt?.ids.organization,
    recordedAt: receipt?.times.recorded,
    kind: described.kind,
    durationMs: described.durationMs,
    contentType: receipt?.source?.contentType ?? stat.contentType,
    objectContentType: stat.contentType,
    plaintextSha256: receipt?.plaintext?.sha256,
    lengthProof: lengthProof(receipt),
    receipt: standing,
    ...describeFound(stat.key, found),
    wrapStanding: wrap.standing,
    notes: notes.length === 0 ? undefined : notes,
  };
}

function describeFound(key: string, { receipt, signature }: CheckedObject['found']): object {
  if (receipt === undefined) return {};
  const { kind, completion, times } = receipt;
  const verdict: SignatureWord = signature ?? (receipt.signature === undefined ? 'unsigned' : 'not-checked');
  return {
    receiptKey: receiptKey(key),
    receiptKind: kind,
    receiptIssuedAt: times.issued,
    signature: verdict,
    signingKeyId: receipt.signature?.keyId,
    completion,
  };
}

/** `stated`: by the length that the host or the file itself states. Only who downloaded the recording knows. */
function lengthProof(receipt: SignedReceipt | undefined): string | undefined {
  if (receipt?.source === undefined) return undefined;
  return receipt.source.length ?? 'stated';
}
