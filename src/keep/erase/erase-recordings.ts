/**
 * Erases recordings. The tombstone comes first: from then on nothing reads the recording, and nothing archives it again; what follows can
 * be broken off and gone on with at any point. Holds are read before the tombstones and once more after them: who places a hold looks for
 * tombstones after it, so that of the two at least one sees the other, and what is held is not touched.
 */
import { createHash } from 'node:crypto';
import type { Budget } from '../../clock.ts';
import { ArchiveError, toArchiveError } from '../../errors.ts';
import { type Erasure, ERASURE_SCHEMA, erasureKey, subjectHash, tombstoneId } from '../../record/erasure.ts';
import { findErasure } from '../../record/find-erasure.ts';
import { receiptKey } from '../../record/object-key.ts';
import { formatSigned } from '../../record/receipt/receipt.ts';
import { MAX_RECEIPT_BYTES } from '../../record/receipt/schema.ts';
import type { PartKind } from '../../record/recording-parts.ts';
import { getSmall, putSmall } from '../../record/small-object.ts';
import { heldAmong } from '../read-holds.ts';
import type { ErasedItem, ErasePorts, ErasureItem, ErasureReason, KeptPart } from './erase-types.ts';
import { findParts, type FoundPart, keptOf, readableOf, removeParts } from './parts.ts';
import { forEachOf } from '../../for-each-of.ts';
import { present } from '../../present.ts';

/** Recordings of one batch that are worked on at once. */
const CONCURRENCY = 8;

/** What of a recording an item names, and what was found of it. */
interface Looked {
  readonly item: ErasureItem;
  readonly parts: readonly FoundPart[];
}

/**
 * Erases a batch of recordings, and then makes anew what names them: rows, people, facts, lines of lists. Idempotent: an item whose
 * work was broken off is gone on with.
 *
 * @param items all files of a recording in one item; in the order of their days, so that each day is made anew once.
 * @throws `HOLD_DAMAGED` where it cannot be told what is held; what making anew throws: the caller tries the batch again. What keeps from
 *   one recording is its own outcome.
 */
export async function eraseRecordings(
  ports: ErasePorts,
  items: readonly ErasureItem[],
  reason: ErasureReason,
  budget: Budget,
): Promise<readonly ErasedItem[]> {
  const outcomes = new Map<ErasureItem, ErasedItem>();
  const settle = (item: ErasureItem, outcome: Omit<ErasedItem, 'item' | 'bytes' | 'versions'>) =>
    outcomes.set(item, { bytes: 0, versions: 0, item, ...outcome });
  const attempt = (item: ErasureItem, work: () => Promise<void>) =>
    work().catch((error: unknown) => {
      if (budget.signal.aborted) throw error;
      const { code, message, retryable } = toArchiveError(error);
      settle(item, { state: 'failed', error: { code, message, retryable } });
    });
  const looked: Looked[] = [];
  await forEachOf(items, CONCURRENCY, (item) =>
    attempt(item, async () => {
      looked.push({ item, parts: await findParts(ports, item, budget) });
    }),
  );
  const free = await sortOutHeld(ports, looked, settle, budget);
  const standing: Looked[] = [];
  await forEachOf(free, CONCURRENCY, (one) =>
    attempt(one.item, async () => {
      const known = await findErasure(ports, one.item.recording, budget);
      if (known !== undefined && one.parts.length === 0) {
        settle(one.item, { state: 'already', tombstone: known.id });
        return;
      }
      await writeTombstones(ports, one, reason, budget);
      standing.push(one);
    }),
  );
  const sure = await sortOutHeld(ports, standing, settle, budget);
  await forEachOf(sure, CONCURRENCY, ({ item }) =>
    attempt(item, async () => {
      const removal = await removeParts(ports, item, budget);
      const kept = keptOf(removal.left);
      const isReadable = readableOf(removal).length > 0;
      outcomes.set(item, {
        item,
        state: isReadable ? 'kept' : 'erased',
        bytes: removal.bytes,
        versions: removal.versions,
        tombstone: tombstoneOf(item),
        ...(kept.length === 0 ? {} : { kept }),
      });
    }),
  );
  const done = [...outcomes.values()].filter(({ state }) => state !== 'held' && state !== 'failed');
  if (done.length > 0) {
    const days = new Set(done.map(({ item }) => item.day));
    const erased = new Set(done.map(({ item }) => subjectHash(item.recording)));
    const { kept } = await ports.forget(days, erased, budget);
    // what a lock keeps of rows, people and facts can be read: nothing of these days is erased as long as it is there
    if (kept.length > 0) for (const one of done) outcomes.set(one.item, withKept(one, kept));
  }
  return items.flatMap((item) => outcomes.get(item) ?? []);
}

const withKept = (one: ErasedItem, kept: readonly KeptPart[]): ErasedItem => ({
  ...one,
  state: 'kept',
  kept: [...(one.kept ?? []), ...kept],
});

const tombstoneOf = ({ recording, day, isSecond }: ErasureItem): string =>
  tombstoneId(recording, isSecond === true ? { day } : undefined);

/** Leaves out what a hold of the register, or a legal hold of the store itself, is on. */
async function sortOutHeld(
  ports: ErasePorts,
  looked: readonly Looked[],
  settle: (item: ErasureItem, outcome: Pick<ErasedItem, 'state' | 'heldBy'>) => void,
  budget: Budget,
): Promise<readonly Looked[]> {
  if (looked.length === 0) return looked;
  const held = await heldAmong(ports, new Set(looked.flatMap(keysOf)), budget);
  const free: Looked[] = [];
  await forEachOf(looked, CONCURRENCY, async (one) => {
    const heldBy = [...new Set(keysOf(one).flatMap((key) => held.get(key) ?? []))];
    const locked = heldBy.length > 0 ? [] : await legallyHeld(ports, one.parts, budget);
    if (heldBy.length === 0 && locked.length === 0) free.push(one);
    else settle(one.item, { state: 'held', heldBy: heldBy.length > 0 ? heldBy : ['S3 Object Lock'] });
  });
  return free;
}

const keysOf = ({ item, parts }: Looked): readonly string[] => [
  ...new Set([...item.keys, ...parts.map(({ version }) => version.key)]),
];

/** Media that S3's own legal hold is on, also one that another program has set. */
export async function legallyHeld(
  { archive }: Pick<ErasePorts, 'archive'>,
  parts: readonly FoundPart[],
  budget: Budget,
): Promise<readonly FoundPart[]> {
  if ((await archive.bucketLock(budget)).lock === 'none') return [];
  const held: FoundPart[] = [];
  for (const part of parts) {
    if (part.version.isMarker || part.store !== archive) continue;
    if ((await archive.lockOf(part.version, budget))?.legalHold === true) held.push(part);
  }
  return held;
}

const WHAT: Readonly<Partial<Record<PartKind, Erasure['what'][number]>>> = {
  media: 'media',
  context: 'context',
  transcript: 'transcript',
  key: 'key',
};

async function writeTombstones(
  ports: ErasePorts,
  { item, parts }: Looked,
  { reason, by }: ErasureReason,
  budget: Budget,
): Promise<void> {
  const { store, signer, clock } = ports;
  const what = new Set(parts.flatMap(({ kind }) => WHAT[kind] ?? []));
  const receipt = await hashReceipt(ports, item, budget);
  const erasure: Erasure = {
    schema: ERASURE_SCHEMA,
    id: tombstoneOf(item),
    day: item.day,
    what: [...new Set<Erasure['what'][number]>(['media', ...what, 'lists', 'catalogue'])],
    reason,
    at: new Date(clock.now()).toISOString(),
    by,
    recording: subjectHash(item.recording),
    ...present({ receipt }),
  };
  const place = erasureKey(erasure.id);
  await putSmall(store, place, await formatSigned(erasure, signer, budget), budget);
  // one under a second day stands beside the first
  if (item.isSecond === true || (await findErasure(ports, item.recording, budget)) !== undefined) return;
  throw new ArchiveError(
    'OBJECT_MALFORMED',
    `${place} was there already, and is not a tombstone of this archive`,
    {
      hint: 'look who put it there; remove it, and erase again',
    },
  );
}

/** As the log holds it: over the bytes of the receipt of the first object. */
async function hashReceipt(
  { store }: ErasePorts,
  { keys }: ErasureItem,
  budget: Budget,
): Promise<string | undefined> {
  const [first] = keys;
  const receipt =
    first === undefined ? undefined : await getSmall(store, receiptKey(first), MAX_RECEIPT_BYTES, budget);
  return receipt === undefined ? undefined : createHash('sha256').update(receipt).digest('hex');
}
