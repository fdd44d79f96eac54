import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStat, ObjectStore, RecordingIds } from '../ports.ts';
import { present } from '../present.ts';
import { canonicalId } from '../recording/id.ts';
import { hashMetadata } from '../record/identity.ts';
import { whyNoSuccessor } from '../record/versions.ts';
import { receiptKey } from '../record/object-key.ts';
import { lookAtReceipt } from '../record/receipt/read-receipt.ts';
import type { SignedReceipt } from '../record/receipt/schema.ts';
import type { ReceiptKey, ReceiptKeys } from '../record/receipt/keys.ts';
import type { ReceiptSigner, SignatureVerdict } from '../record/receipt/receipt.ts';
import { checkStoredSignature } from '../record/stored-signature.ts';

export interface ReceiptTrust {
  readonly store: ObjectStore;
  readonly signer?: ReceiptSigner | undefined;
  /** Besides the signer's own. */
  readonly receiptKeys?: ReceiptKeys | undefined;
  readonly organizationId?: string | undefined;
}

/** The keys that a receipt or a mark may be signed with; empty where none is known, and then nothing is asked of signatures. */
export function trustedKeys({
  signer,
  receiptKeys,
}: Pick<ReceiptTrust, 'signer' | 'receiptKeys'>): ReceiptKeys {
  if (signer === undefined) return receiptKeys ?? new Map<string, ReceiptKey>();
  // where the list knows the signer's key as well, its limits hold
  return new Map<string, ReceiptKey>([[signer.keyId, signer.publicKey], ...(receiptKeys ?? [])]);
}

/** What a receipt has to be about. */
export interface ReceiptSubject {
  readonly ids: RecordingIds;
  readonly key: string;
  /** `undefined` where no object is expected. */
  readonly stat: ObjectStat | undefined;
}

/**
 * Reads the receipt of an object and makes sure that it is one: signed where keys are known, of this recording, this key and this
 * object. That it exists says nothing: every writer to the bucket can put one there.
 *
 * A writer that may not read is told only that there is one, and believes it where no key is known.
 *
 * @returns false without a receipt.
 * @throws `RECEIPT_MISMATCH` (not retryable), which quotes nothing of what it holds; what the store throws.
 */
export async function hasOwnReceipt(
  trust: ReceiptTrust,
  subject: ReceiptSubject,
  budget: Budget,
): Promise<boolean> {
  const place = receiptKey(subject.key);
  const keys = trustedKeys(trust);
  let receipt: SignedReceipt | undefined;
  try {
    receipt = await readOwn(trust.store, place, budget);
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'STORE_DENIED') throw error;
    const isThere = (await trust.store.head(place, budget)) !== undefined;
    if (isThere && keys.size > 0) throw error;
    return isThere;
  }
  if (receipt === undefined) return false;
  if (keys.size > 0) {
    requireValid(await checkStoredSignature({ store: trust.store, keys }, receipt, place, budget), place);
  }
  const why = whyAnother(receipt, subject, trust.organizationId);
  if (why !== undefined) throw mismatch(`${place} ${why}`);
  return true;
}

async function readOwn(
  store: ObjectStore,
  place: string,
  budget: Budget,
): Promise<SignedReceipt | undefined> {
  const { receipt, damage } = await lookAtReceipt(store, place, budget);
  if (damage !== undefined) throw mismatch(damage.message);
  return receipt;
}

const REVOKED_HINT =
  'a thief of that key may have written it: docs/keys.md, "Theft", says how to tell, and how the recording gets another receipt';

function requireValid(verdict: SignatureVerdict, place: string): void {
  switch (verdict) {
    case 'valid':
      return;
    case 'invalid':
      throw mismatch(`the signature of ${place} does not fit what it states`);
    case 'unsigned':
      throw mismatch(
        `${place} is not signed, although this archive signs its receipts`,
        'a receipt from before the signing key was set stays unsigned: check the object with `genesys-archive verify`, then discard the event',
      );
    case 'revoked':
    case 'stored-too-late':
      throw mismatch(`${place} is signed with a key that was revoked by then`, REVOKED_HINT);
    case 'outside-validity':
      throw mismatch(
        `${place} is signed with a key that was not in use at the time that it states`,
        'compare validFrom and validUntil of the key list with docs/keys.md',
      );
    case 'unknown-key':
      throw mismatch(
        `${place} is signed with a key that this writer does not know`,
        'if the signing key was changed, list the public key before it in ARCHIVE_RECEIPT_PUBLIC_KEYS (a function takes it in base64); otherwise keep the receipt, the object and the access log of the bucket',
      );
  }
}

/** The first difference between what the receipt states and what it has to be about. */
function whyAnother(
  receipt: SignedReceipt,
  { ids, key, stat }: ReceiptSubject,
  organizationId: string | undefined,
): string | undefined {
  const { object, ciphertext, envelope } = receipt;
  const { organization, conversation, recording, channel } = receipt.ids;
  const isSame =
    sameId(recording, ids.recordingId) &&
    sameId(conversation, ids.conversationId) &&
    channel === ids.channel &&
    (organization === undefined || organizationId === undefined || sameId(organization, organizationId));
  if (!isSame) return 'is the receipt of another recording';
  if (object !== undefined && object.key !== key) return 'is the receipt of another key';
  if (whyNoSuccessor(key, receipt) !== undefined)
    return 'is the receipt of another version than the key names';
  if (stat === undefined) return undefined;
  if (receipt.kind === 'terminal') return 'states that there is nothing to archive, and there is an object';
  if (object === undefined) return 'names no object';
  if (ciphertext !== undefined && ciphertext.bytes !== stat.size)
    return 'states another size than the object has';
  if (envelope !== undefined && envelope.metadataSha256 !== hashMetadata(stat)) {
    return 'states other metadata than the object has';
  }
  // a rewrap copies the object onto itself, which may leave it with a checksum of the other type
  const [stated, stored] = [object.checksum, stat.checksum];
  const differs = stated?.type === stored?.type && stated?.sha256 !== stored?.sha256;
  return differs ? 'states another checksum than the store does' : undefined;
}

const sameId = (one: string, other: string) => canonicalId(one) === canonicalId(other);

function mismatch(message: string, hint?: string): ArchiveError {
  return new ArchiveError('RECEIPT_MISMATCH', message, present({ hint }));
}
