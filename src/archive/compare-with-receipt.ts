import type { ErrorCode } from '../errors.ts';
import type { ObjectStat } from '../ports.ts';
import { hashMetadata, idempotencyKey } from './identity.ts';
import { DATE_LAYOUT, identifyKey, type Layout } from './layout.ts';
import type { SignedReceipt } from './receipt-schema.ts';

/** What can be wrong with a recording in the archive. The words are a contract: reports are read by programs. */
export const FINDING_KINDS = {
  'missing-object': 'there is a receipt and no object',
  'missing-receipt': 'there is an object and no receipt',
  'unreadable-receipt': 'the receipt is no receipt of this version, or not in its canonical form',
  'bad-signature': 'the signature of the receipt does not fit what it states',
  unsigned: 'the receipt is not signed, although public keys are configured',
  'unknown-key': 'the receipt is signed with a key that is not among those configured',
  'revoked-key': 'the receipt states that it was issued after its key had been revoked',
  'outside-validity':
    'the receipt states that it was issued when its key was not in use yet, or not any more',
  'unexpected-object': 'the receipt says that there is nothing to archive, and there is an object',
  swapped: 'the object, its receipt or its key belong to another recording',
  size: 'the object is longer or shorter than its receipt states',
  checksum: "the store's own checksum is not the receipt's, or not that of the bytes",
  metadata: 'the metadata of the object are not those it was stored with',
  'rolled-back': 'another version of the object is current than the one that was archived',
  leaf: 'a piece of the object is not what was archived',
  'leaf-list': 'the list of pieces beside the receipt is missing, or is not the one that the receipt states',
  'ciphertext-sha256': 'the bytes of the object are not those that were archived',
  'decrypt-failed': 'the object cannot be decrypted: changed, damaged, or under another key',
  'plaintext-sha256': 'the object decrypts to something else than was archived',
} as const;

export type FindingKind = keyof typeof FINDING_KINDS;

export interface Finding {
  readonly kind: FindingKind;
  /** Of the object, also where its receipt is what is wrong. */
  readonly key: string;
  /** Never quotes what a receipt or metadata hold. */
  readonly message: string;
  readonly code: ErrorCode;
  /** Which one, from 0; with `leaf` only. */
  readonly leaf?: number;
}

export function finding(
  kind: FindingKind,
  key: string,
  message: string = FINDING_KINDS[kind],
  more: { readonly code?: ErrorCode; readonly leaf?: number } = {},
): Finding {
  return { kind, key, message, code: more.code ?? 'RECEIPT_MISMATCH', ...pickLeaf(more.leaf) };
}

const pickLeaf = (leaf: number | undefined) => (leaf === undefined ? {} : { leaf });

/** What can be told without reading the object: whether what the store says of it is what its receipt states. Pure. */
export function compareWithReceipt(
  key: string,
  stat: ObjectStat,
  receipt: SignedReceipt,
  layout: Layout = DATE_LAYOUT,
): Finding[] {
  const findings: Finding[] = [];
  const report = (kind: FindingKind, message?: string) => findings.push(finding(kind, key, message));
  const { object, ciphertext, envelope } = receipt;
  if (receipt.kind === 'terminal') report('unexpected-object');
  const swapped = whySwapped(key, stat, receipt, layout);
  if (swapped !== undefined) report('swapped', swapped);
  if (
    object?.versionId !== undefined &&
    stat.versionId !== undefined &&
    object.versionId !== stat.versionId
  ) {
    report('rolled-back');
  }
  if (ciphertext !== undefined && ciphertext.bytes !== stat.size) {
    report('size', `the object has ${stat.size} bytes, its receipt states ${ciphertext.bytes}`);
  }
  const stated = object?.checksum;
  if (stated !== undefined && stat.checksum === undefined) {
    report('checksum', 'the store no longer has the checksum that the receipt states');
  } else if (
    stated !== undefined &&
    (stated.type !== stat.checksum?.type || stated.sha256 !== stat.checksum.sha256)
  ) {
    report('checksum', "the store's own checksum is not the one that the receipt states");
  }
  if (envelope !== undefined && envelope.metadataSha256 !== hashMetadata(stat)) report('metadata');
  return findings;
}

/** Recording, day and channel stand in the key, in the receipt and, hashed, in the object's own metadata: all must agree. */
function whySwapped(
  key: string,
  { metadata }: ObjectStat,
  receipt: SignedReceipt,
  layout: Layout,
): string | undefined {
  const { recording, conversation, channel } = receipt.ids;
  const named = layout.parse(key) ?? identifyKey(key);
  if (receipt.object !== undefined && receipt.object.key !== key) return 'the receipt is that of another key';
  if (named === undefined || named.recordingId !== recording || named.channel !== channel) {
    return 'the receipt is that of another recording than the key names';
  }
  // a key that another layout has named says its day in another place
  const day = layout.parse(key)?.date;
  if (day !== undefined && day !== receipt.times.recorded.slice(0, 10)) {
    return 'the receipt states another day than the key';
  }
  const own = metadata['gca-idem'];
  const ids = {
    recordingId: recording,
    conversationId: conversation,
    ...(channel === undefined ? {} : { channel }),
  };
  return own !== undefined && own !== idempotencyKey(ids)
    ? 'the object is that of another recording than its receipt'
    : undefined;
}
