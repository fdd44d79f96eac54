/** Versions of a recording that stand beside its first object. */
import { createHash } from 'node:crypto';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStat } from '../ports.ts';
import { readSuccessor } from '../record/current-version.ts';
import { isSameRecording } from '../record/identity.ts';
import { receiptKey } from '../record/object-key.ts';
import { MAX_RECEIPT_BYTES, type SignedReceipt } from '../record/receipt/schema.ts';
import { getSmall } from '../record/small-object.ts';
import { keyOfVersion, MAX_VERSION } from '../record/versions.ts';
import type { ArchivePorts } from './ports.ts';
import type { Filing, FindSource } from './filing.ts';
import { trustedKeys } from './own-receipt.ts';
import { settleReceipt } from './settle-receipt.ts';

export interface Successor {
  readonly key: string;
  readonly stat: ObjectStat;
  readonly receipt: SignedReceipt;
}

export interface Successors {
  /** The newest that is this archive's own; `undefined` where the first object is the current one. */
  readonly newest: Successor | undefined;
  /** The first version that no object stands under. */
  readonly free: number;
}

/** What a receipt states that another attempt completes: the reason was that attempt's. */
const INTERRUPTED = 'the attempt that stored this object was interrupted before its receipt';

/** What is not ours stays as it is, makes no successor, and is reported. */
const NOT_OURS: ReadonlySet<string> = new Set(['OBJECT_UNPROVEN', 'RECEIPT_MISMATCH', 'KEY_COLLISION']);

/**
 * Finds the newest successor of an object, one request without one. One without a receipt gets it, when it is proved to be this
 * archive's own as any object is; what nothing proves is reported and is no successor.
 *
 * @param first the filing of the first object.
 */
export async function findSuccessors(
  ports: ArchivePorts,
  first: Filing & { readonly findSource: FindSource; readonly reason?: string | undefined },
  budget: Budget,
): Promise<Successors> {
  const trust = { store: ports.store, keys: trustedKeys(ports) };
  const { ids, at, findSource, reason = INTERRUPTED } = first;
  let newest: Successor | undefined;
  for (let version = 2; version <= MAX_VERSION; version += 1) {
    const key = keyOfVersion(first.key, version);
    const stat = await ports.store.head(key, budget);
    if (stat === undefined) return { newest, free: version };
    const settle = async () => {
      if (!isSameRecording(stat, ids)) {
        throw new ArchiveError('KEY_COLLISION', `an object of another recording stands under ${key}`);
      }
      const predecessor = await predecessorOf(ports, newest?.key ?? first.key, budget);
      await settleReceipt(
        ports,
        { ids, key, at, stat, findSource, succeeds: { predecessor, reason } },
        budget,
      );
      return readSuccessor(trust, key, budget);
    };
    const receipt = (await readSuccessor(trust, key, budget)) ?? (await unlessForeign(ports, first, settle));
    if (receipt !== undefined) newest = { key, stat, receipt };
  }
  throw new ArchiveError('KEY_COLLISION', `${first.key} has ${MAX_VERSION} versions, and no more are kept`);
}

/** How a successor names the object that it takes the place of. */
export async function predecessorOf(
  { store }: Pick<ArchivePorts, 'store'>,
  key: string,
  budget: Budget,
): Promise<{ readonly key: string; readonly receiptSha256?: string }> {
  const receipt = await getSmall(store, receiptKey(key), MAX_RECEIPT_BYTES, budget);
  return receipt === undefined
    ? { key }
    : { key, receiptSha256: createHash('sha256').update(receipt).digest('hex') };
}

async function unlessForeign<T>(
  { logger }: ArchivePorts,
  { ids: { recordingId }, key }: Filing,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ArchiveError) || !NOT_OURS.has(error.code)) throw error;
    const { code } = error;
    logger.log('warn', 'what stands beside this object as its successor is not ours', {
      key,
      recordingId,
      code,
    });
    return undefined;
  }
}
