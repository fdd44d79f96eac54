import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStat, RecordingIds } from '../ports.ts';
import { readReceipt } from '../record/receipt/read-receipt.ts';
import { receiptKey } from '../record/object-key.ts';
import type { SignedReceipt } from '../record/receipt/schema.ts';
import { checkStoredSignature } from '../record/stored-signature.ts';
import { keyOfVersion } from '../record/versions.ts';
import type { ArchivePorts } from './ports.ts';
import { type Downloaded, downloadAgain } from './download-again.ts';
import type { Filing, Source } from './filing.ts';
import { issueReceipt } from './issue-receipt.ts';
import { issuerOf } from './issuer.ts';
import { openObject, type Plaintext } from './open-object.ts';
import { type ReceiptSubject, trustedKeys } from './own-receipt.ts';
import { whyDifferent } from './settle-receipt.ts';
import { storeRecording } from './store-recording.ts';
import { findSuccessors, predecessorOf, type Successor, type Successors } from './successors.ts';

/** A recording that is archived, and is archived again where the source has changed or the object is damaged. */
export interface Renewal {
  /** Of the first object. */
  readonly filing: Filing;
  readonly source: Source;
  readonly reason: string;
  readonly found: Successors;
  /** The current object; `undefined` where it is gone, and its receipt says that it was there. */
  readonly current: {
    readonly key: string;
    readonly stat: ObjectStat | undefined;
    readonly receipt: SignedReceipt;
  };
}

export interface Renewed {
  /** `present`: the current object holds what the platform serves, and nothing was written. */
  readonly state: 'present' | 'successor';
  readonly stat: ObjectStat;
  readonly predecessor?: string;
}

/**
 * Compares the current object with what the platform serves, and stores a successor where they differ. Nothing that stands there is
 * touched. Of several that do so at once, one stores the next version, and the others find it.
 *
 * @throws `CONFIG_INVALID` when no configured key opens the object; `MEDIA_NOT_FOUND`; what the ports throw.
 */
export async function renew(ports: ArchivePorts, renewal: Renewal, budget: Budget): Promise<Renewed> {
  const { filing, source, reason, current } = renewal;
  const expected = current.receipt.plaintext?.bytes ?? (current.stat?.size ?? 0) - TAG_BYTES;
  const served = await downloadAgain(ports.opener, () => Promise.resolve(source), expected, budget);
  if (served === undefined) {
    throw new ArchiveError('MEDIA_NOT_FOUND', 'the platform no longer has the recording');
  }
  if (
    current.stat !== undefined &&
    (await isIntact(ports, { ...current, stat: current.stat }, { ids: filing.ids, served }, budget))
  ) {
    return { state: 'present', stat: current.stat };
  }
  let { found } = renewal;
  for (;;) {
    const key = keyOfVersion(filing.key, found.free);
    const { stored, downloaded, ...how } = await storeRecording(ports, source, { ...filing, key }, budget);
    const before = found.newest?.key ?? filing.key;
    if (stored !== undefined) {
      const predecessor = await predecessorOf(ports, before, budget);
      const succeeds = { predecessor, reason };
      await issueReceipt(issuerOf(ports), { ...filing, ...stored, ...how, succeeds }, budget);
      return { state: 'successor', stat: stored.stat, predecessor: before };
    }
    // another attempt was faster: its object is the successor when it holds the same
    const findSource = () => Promise.resolve(source);
    found = await findSuccessors(ports, { ...filing, findSource, reason }, budget);
    const { newest } = found;
    if (newest !== undefined && newest.key !== before && states(newest.receipt, downloaded ?? served)) {
      return { state: 'present', stat: newest.stat };
    }
  }
}

const TAG_BYTES = 16;

/** Reports whether the object decrypts to what its receipt states and to what the platform serves. */
async function isIntact(
  ports: ArchivePorts,
  { key, stat, receipt }: Successor,
  { ids, served }: { readonly ids: RecordingIds; readonly served: Downloaded },
  budget: Budget,
): Promise<boolean> {
  const opened = await openObject(ports, stat, ids, budget);
  if (opened === undefined) {
    throw new ArchiveError(
      'CONFIG_INVALID',
      `no configured key opens ${key}: whether it is damaged cannot be told`,
      {
        hint: 'run it where the keys are that recordings are restored with',
      },
    );
  }
  const { plaintext } = opened;
  if (plaintext === undefined || whyDifferent(plaintext, served) !== undefined) return false;
  return receipt.plaintext === undefined || states(receipt, plaintext);
}

function states({ plaintext }: SignedReceipt, { bytes, sha256 }: Plaintext): boolean {
  return plaintext?.bytes === bytes && plaintext.sha256 === sha256.toString('hex');
}

/**
 * The receipt of an object that is damaged, exchanged or gone, where the receipt itself speaks for it: signed with a known key, of this
 * key and recording. `undefined` where it does not: then nothing tells which of the two is wrong.
 */
export async function readLastingReceipt(
  ports: ArchivePorts,
  { ids, key }: ReceiptSubject,
  budget: Budget,
): Promise<SignedReceipt | undefined> {
  const keys = trustedKeys(ports);
  const place = receiptKey(key);
  const receipt = await readReceipt(ports.store, place, budget);
  if (keys.size === 0 || receipt?.object?.key !== key || receipt.kind === 'terminal') return undefined;
  const isSame = receipt.ids.recording === ids.recordingId && receipt.ids.conversation === ids.conversationId;
  if (!isSame || receipt.ids.channel !== ids.channel) return undefined;
  const verdict = await checkStoredSignature({ store: ports.store, keys }, receipt, place, budget);
  return verdict === 'valid' ? receipt : undefined;
}
