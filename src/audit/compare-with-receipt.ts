import { splitVersion, whyNoSuccessor } from '../record/versions.ts';
import type { ErrorCode } from '../errors.ts';
import type { ObjectStat } from '../ports.ts';
import { present } from '../present.ts';
import { isSameId } from '../recording/id.ts';
import { formatOf, hashMetadata } from '../record/identity.ts';
import { DATE_LAYOUT, identifyKey, type Layout } from '../record/layout.ts';
import { releasedKey } from '../record/quarantine/key.ts';
import type { SignedReceipt } from '../record/receipt/schema.ts';
import { isIdempotencyKeyOf } from '../record/same-recording.ts';

/** What can be wrong with a recording in the archive. The words are a contract: reports are read by programs. */
export const FINDING_KINDS = {
  'missing-object': 'there is a receipt and no object',
  erased: 'there is an object of a recording that was erased',
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
  organization: 'the receipt is that of another organization than GENESYS_ORGANIZATION_ID names',
  moved: 'the receipt states that the object was stored in another bucket or place',
  adopted: 'the receipt rests on adoption: it states what stood there, and not what was downloaded',
  unproven: 'there is no receipt, and the object carries no valid mark of its writer',
  wrap: 'the data key is wrapped in a way that neither the receipt nor a signed amendment states',
  'missing-key': 'the key record of the object is gone, and nothing says that it was erased',
  'unreadable-key': 'what stands in the place of the key record is not the record of this object',
  size: 'the object is longer or shorter than its receipt states',
  checksum: "the store's own checksum is not the receipt's, or not that of the bytes",
  metadata: 'the metadata of the object are not those it was stored with',
  'rolled-back': 'another version of the object is current than the one that was archived',
  leaf: 'a piece of the object is not what was archived',
  'leaf-list': 'the list of pieces beside the receipt is missing, or is not the one that the receipt states',
  'ciphertext-sha256': 'the bytes of the object are not those that were archived',
  'decrypt-failed': 'the object cannot be decrypted: changed, damaged, or under another key',
  'plaintext-sha256': 'the object decrypts to something else than was archived',
  catalogue: 'the catalogue, which proves nothing, says something else than receipt and object',
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

const CODES: Partial<Record<FindingKind, ErrorCode>> = {
  unproven: 'OBJECT_UNPROVEN',
  erased: 'ERASURE_UNFINISHED',
  catalogue: 'CATALOGUE_DIFFERS',
};

export function finding(
  kind: FindingKind,
  key: string,
  message: string = FINDING_KINDS[kind],
  more: { readonly code?: ErrorCode; readonly leaf?: number } = {},
): Finding {
  const code = more.code ?? CODES[kind] ?? 'RECEIPT_MISMATCH';
  return { kind, key, message, code, ...pickLeaf(more.leaf) };
}

const pickLeaf = (leaf: number | undefined) => present({ leaf });

/** What a receipt is compared with besides its object. What is not known is not compared. */
export interface ReceiptContext {
  /** Of the archive; that of the tutorial where it is not said. */
  readonly layout?: Layout | undefined;
  /** The organization that the archive belongs to. */
  readonly organizationId?: string | undefined;
  /** Of the store. */
  readonly location?: string | undefined;
}

/** What can be told without reading the object: whether what the store says of it is what its receipt states. Pure. */
export function compareWithReceipt(
  key: string,
  stat: ObjectStat,
  receipt: SignedReceipt,
  context: ReceiptContext = {},
): Finding[] {
  const findings: Finding[] = [];
  const report = (kind: FindingKind, message?: string) => findings.push(finding(kind, key, message));
  const { object, ciphertext, envelope, ids } = receipt;
  if (receipt.kind === 'terminal') report('unexpected-object');
  findings.push(...compareWithKey(key, receipt, context));
  const isOwn = isIdempotencyKeyOf(stat, ids);
  if (!isOwn && !findings.some(({ kind }) => kind === 'swapped')) {
    report('swapped', 'the object is that of another recording than its receipt');
  }
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
  if (envelope !== undefined && envelope.metadataSha256 !== hashMetadata(stat)) {
    report('metadata', describeMetadata(stat, envelope.format));
  }
  if (receipt.kind === 'adopted') report('adopted');
  return findings;
}

/** Another format is told as such: an object of an old one is how a data key that was replaced is made to be accepted. */
function describeMetadata(stat: ObjectStat, stated: string): string | undefined {
  const format = formatOf(stat);
  return format === 'unknown' || format === stated
    ? undefined
    : `the object is in format ${format}, its receipt states another`;
}

/** What can be told of a receipt by the key of its object, whether or not there is one. Pure. */
export function compareWithKey(key: string, receipt: SignedReceipt, context: ReceiptContext = {}): Finding[] {
  const { layout = DATE_LAYOUT, organizationId, location } = context;
  const { organization } = receipt.ids;
  const swapped = whySwapped(key, receipt, layout);
  const findings = swapped === undefined ? [] : [finding('swapped', key, swapped)];
  if (organization !== undefined && organizationId !== undefined && !isSameId(organization, organizationId)) {
    findings.push(finding('organization', key));
  }
  const { store } = receipt.object ?? {};
  if (store !== undefined && location !== undefined && store !== location.slice(0, 1024)) {
    findings.push(finding('moved', key));
  }
  return findings;
}

/** Recording, day and channel stand in the key and in the receipt, in some layouts the conversation too: all must agree. */
function whySwapped(key: string, receipt: SignedReceipt, layout: Layout): string | undefined {
  const { recording, channel } = receipt.ids;
  const parsed = layout.parse(key);
  const named = parsed ?? identifyKey(key);
  if (receipt.object !== undefined && receipt.object.key !== key) return 'the receipt is that of another key';
  if (named === undefined || !isSameId(named.recordingId, recording) || named.channel !== channel) {
    return 'the receipt is that of another recording than the key names';
  }
  const noSuccessor = whyNoSuccessor(key, receipt);
  if (noSuccessor !== undefined) return noSuccessor;
  // a key that another layout has named says its day in another place
  if (parsed === undefined) return undefined;
  if (parsed.date !== receipt.times.recorded.slice(0, 10))
    return 'the receipt states another day than the key';
  return namesKey(key, receipt, layout, named.recordingId)
    ? undefined
    : 'the receipt is that of another conversation than the key names';
}

/** Reports whether the layout gives what the receipt states this very key, letter case aside: it was compared where it matters. */
function namesKey(
  key: string,
  { ids: { conversation, channel }, times }: SignedReceipt,
  layout: Layout,
  recordingId: string,
): boolean {
  const ids = { recordingId, conversationId: conversation, ...present({ channel }) };
  const extension = /\.([A-Za-z0-9]+)$/.exec(key)?.[1];
  try {
    return (
      layout.keyOf({ ids, at: Date.parse(times.recorded), extension }).toLowerCase() ===
      releasedKey(splitVersion(key).base).toLowerCase()
    );
  } catch {
    // the layout refuses to name it: it cannot have written the key either
    return false;
  }
}
