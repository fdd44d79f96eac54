/** Tells why there is nothing to read: erased, let go by a rule, gone, never archived, or not known here. */
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';
import { canonicalId } from '../recording/id.ts';
import { type ErasureTrust, findErasure, findErasureOfKey, recordingErased } from '../record/find-erasure.ts';
import { DATE_LAYOUT, type DayRange } from '../record/layout.ts';
import { receiptKey } from '../record/object-key.ts';
import { lookAtReceipt } from '../record/receipt/read-receipt.ts';
import type { ReceiptKeys } from '../record/receipt/keys.ts';
import type { ExaminePorts } from './examine/ports.ts';
import { expiryOf, recordingExpired } from './expiry.ts';
import { walkArchive } from './walk-archive.ts';

/** Where what is missing is looked for. */
export interface MissingRange extends DayRange {
  /** Public keys that receipts and tombstones may be signed with. */
  readonly keys?: ReceiptKeys | undefined;
  /** What rules of retention let go. */
  readonly expired?: ExaminePorts['expired'];
}

type MissingTrust = ErasureTrust & Pick<ExaminePorts, 'expired' | 'layout'>;

/**
 * Why the archive holds no object of this id. Lists the range once.
 *
 * @returns `RECORDING_ERASED`; where a receipt is left, what {@link whyNoObject} says of its key; else `OBJECT_NOT_FOUND`.
 * @throws `HOLD_DAMAGED`, `STORE_*`: then nothing is known of it.
 */
export async function whyNoRecording(
  store: ObjectStore,
  id: string,
  range: MissingRange,
  budget: Budget,
): Promise<ArchiveError> {
  return (await reasonsOf(store, [id], range, budget)).get(id) ?? noSuchRecording(store, id, range);
}

/** Tells it of each of several ids, with one listing for all of them, which the first question makes. */
export function createMissingReasons(
  store: ObjectStore,
  ids: readonly string[],
  range: MissingRange,
  budget: Budget,
): (id: string) => Promise<ArchiveError> {
  let reasons: ReturnType<typeof reasonsOf> | undefined;
  return async (id) => {
    reasons ??= reasonsOf(store, ids, range, budget);
    return (await reasons).get(id) ?? noSuchRecording(store, id, range);
  };
}

async function reasonsOf(
  store: ObjectStore,
  ids: readonly string[],
  range: MissingRange,
  budget: Budget,
): Promise<ReadonlyMap<string, ArchiveError>> {
  const { keys, expired, layout = DATE_LAYOUT } = range;
  const reasons = new Map<string, ArchiveError>();
  const left = new Map<string, string>();
  for (const id of ids) {
    const erasure = await findErasure({ store, keys }, id, budget);
    if (erasure === undefined) left.set(canonicalId(id), id);
    else reasons.set(id, recordingErased(erasure));
  }
  const idOf = (key: string) => left.get(canonicalId(layout.parse(key)?.recordingId ?? ''));
  const isMeant = (key: string) => idOf(key) !== undefined;
  if (left.size === 0) return reasons;
  for await (const key of walkArchive(store, { range, isMeant }, budget)) {
    const id = idOf(key);
    if (id === undefined || reasons.has(id)) continue;
    reasons.set(id, await whyNoObject({ store, keys, expired, layout }, key, budget));
  }
  return reasons;
}

/**
 * Why there is no object under this key.
 *
 * @returns `RECORDING_ERASED`, `RECORDING_EXPIRED`, or `OBJECT_NOT_FOUND`, which says whether a receipt states that it was there.
 * @throws `HOLD_DAMAGED`, `STORE_*`: then nothing is known of it.
 */
export async function whyNoObject(trust: MissingTrust, key: string, budget: Budget): Promise<ArchiveError> {
  const erasure = await findErasureOfKey(trust, key, budget);
  if (erasure !== undefined) return recordingErased(erasure);
  const expiredAt = await expiryOf(trust, key, budget);
  if (expiredAt !== undefined) return recordingExpired(expiredAt);
  const { store, layout = DATE_LAYOUT } = trust;
  const shown = key.slice(0, 200);
  const told = layout.parse(key) === undefined ? 'none' : await receiptOf(store, key, budget);
  if (told === 'none') return new ArchiveError('OBJECT_NOT_FOUND', `no object ${shown} in ${store.location}`);
  return told === 'terminal'
    ? new ArchiveError(
        'OBJECT_NOT_FOUND',
        `${shown} was never archived: its receipt in ${store.location} says that the platform had nothing to download`,
        { hint: '`genesys-archive inspect` shows the receipt, with the reason' },
      )
    : new ArchiveError(
        'OBJECT_NOT_FOUND',
        `${shown} is gone from ${store.location}: its receipt is there, and ${trust.expired === undefined ? 'it was not erased' : 'no erasure and no rule of retention explains it'}`,
        {
          hint: `${trust.expired === undefined ? '`genesys-archive inspect` says whether a rule of retention let it go; ' : ''}\`genesys-archive verify\` tells what else is gone; see docs/runbook.md, Deleted object`,
        },
      );
}

async function receiptOf(
  store: ObjectStore,
  key: string,
  budget: Budget,
): Promise<'none' | 'terminal' | 'other'> {
  const { receipt, damage } = await lookAtReceipt(store, receiptKey(key), budget);
  if (damage !== undefined) return 'other';
  return receipt === undefined ? 'none' : receipt.kind === 'terminal' ? 'terminal' : 'other';
}

/** That nothing here tells of such a recording. */
function noSuchRecording(
  store: Pick<ObjectStore, 'location'>,
  id: string,
  { layout = DATE_LAYOUT }: DayRange,
): ArchiveError {
  return new ArchiveError('OBJECT_NOT_FOUND', `no recording ${id.slice(0, 80)} in ${store.location}`, {
    hint: `\`genesys-archive list\` shows what it holds in the layout ${layout.source}; ARCHIVE_LAYOUT chooses another`,
  });
}
