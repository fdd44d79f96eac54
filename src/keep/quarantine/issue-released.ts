/** The receipt of an object that was released from quarantine. */
import type { Budget } from '../../clock.ts';
import type { ObjectStat } from '../../ports.ts';
import { present } from '../../present.ts';
import { hashMetadata, statedWrap, wrapOf } from '../../record/identity.ts';
import type { LeafDigests } from '../../record/leaf-hasher.ts';
import { stateCiphertext } from '../../record/leaf-list.ts';
import { receiptKey } from '../../record/object-key.ts';
import { formatReceipt } from '../../record/receipt/receipt.ts';
import type { Receipt, SignedReceipt } from '../../record/receipt/schema.ts';
import { putSmall } from '../../record/small-object.ts';
import type { Moving, ReleasePorts } from './release-types.ts';

const REASON = 'released from quarantine: ';
/** Characters, of a member of a receipt. */
const MAX_REASON = 256;

/** Reports whether a receipt is that of a release. */
export const isOfRelease = ({ reason }: Pick<SignedReceipt, 'reason'>): boolean =>
  reason?.startsWith(REASON) === true;

/**
 * States what the receipt in quarantine states of the recording, and what was seen of the copy. One that is there already stays: who calls
 * compares it.
 */
export async function issueReleased(
  { store, signer, clock }: ReleasePorts,
  {
    stat: from,
    receipt: { signature: _ofTheOther, ...receipt },
    reason,
    copy,
    digests,
  }: Moving & { readonly copy: ObjectStat; readonly digests: LeafDigests },
  budget: Budget,
): Promise<void> {
  const { key, versionId, etag, checksum, lastModified } = copy;
  const iso = (at: number) => new Date(at).toISOString();
  const wrapSha256 = statedWrap(copy);
  const isSameWrap = receipt.envelope?.wrapSha256 === wrapSha256;
  const { wrap, keyId, format = 'unknown' } = receipt.envelope ?? {};
  const released: Receipt = {
    ...receipt,
    reason: printable(REASON + reason),
    ciphertext: await stateCiphertext({ store, signer }, key, digests, budget),
    object: {
      key,
      store: store.location.slice(0, 1024),
      ...present({ versionId, etag: etag === undefined ? undefined : printable(etag), checksum }),
    },
    envelope: {
      format,
      metadataSha256: hashMetadata(copy),
      ...present({ wrapSha256 }),
      // a data key that was moved in quarantine is wrapped as the object says
      ...(isSameWrap ? present({ wrap, keyId }) : wrapOf(from, undefined)),
    },
    times: { recorded: receipt.times.recorded, stored: iso(lastModified), issued: iso(clock.now()) },
    tool: { name: 'genesys-media-archive', version: PACKAGE_VERSION },
  };
  await putSmall(store, receiptKey(key), await formatReceipt(released, signer, budget), budget);
}

/** One line of printable ASCII, and not too long. */
const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, MAX_REASON);
