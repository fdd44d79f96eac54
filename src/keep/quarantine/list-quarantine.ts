/** What waits in quarantine: why, since when, and until when a person is to decide. */
import type { Budget, Clock } from '../../clock.ts';
import type { ObjectStat } from '../../ports.ts';
import type { Layout } from '../../record/layout.ts';
import { objectsOfReceipt, RECEIPT_PREFIX } from '../../record/object-key.ts';
import { bothPlaces, QUARANTINE_PREFIX, releasedKey } from '../../record/quarantine/key.ts';
import { decideBy, type QuarantineNote, readQuarantineNote } from '../../record/quarantine/note.ts';
import { heldAmong, type HoldTrust } from '../read-holds.ts';

export interface QuarantineTrust extends HoldTrust {
  readonly layout: Layout;
  readonly clock: Clock;
}

export interface QuarantinedFile {
  /** In quarantine. */
  readonly key: string;
  readonly recordingId: string;
  readonly channel: string | undefined;
  /** `YYYY-MM-DD`, of the recording. */
  readonly date: string;
  /** Bytes of the object; `undefined` where it is gone. */
  readonly bytes: number | undefined;
  /** `undefined` where the object says nothing that can be read. */
  readonly note: QuarantineNote | undefined;
  /** Epoch ms. */
  readonly decideBy: number | undefined;
  readonly isOverdue: boolean;
  /** The object stands under its own key: the release was broken off, and doing it again ends it. */
  readonly isReleased: boolean;
  readonly heldBy: readonly string[];
}

/** Objects that are looked at with one reading of all holds. */
const BATCH = 500;

/** By key. @throws `HOLD_DAMAGED`, `STORE_*`. */
export async function* listQuarantine(
  trust: QuarantineTrust,
  budget: Budget,
): AsyncGenerator<QuarantinedFile, void, undefined> {
  const keys = await keysInQuarantine(trust, budget);
  for (let at = 0; at < keys.length; at += BATCH) {
    const batch = keys.slice(at, at + BATCH);
    const held = await heldAmong(trust, new Set(batch.flatMap(bothPlaces)), budget);
    for (const key of batch) {
      const heldBy = [...new Set(bothPlaces(key).flatMap((one) => held.get(one) ?? []))];
      const found = await describeQuarantined(trust, { key, heldBy }, budget);
      if (found !== undefined) yield found;
    }
  }
}

/** Objects, and what a release that was broken off has left of them. In order. */
async function keysInQuarantine(
  { store, layout }: Pick<QuarantineTrust, 'store' | 'layout'>,
  budget: Budget,
): Promise<readonly string[]> {
  const keys = new Set<string>();
  const add = (key: string) => {
    if (key.startsWith(QUARANTINE_PREFIX) && layout.parse(key) !== undefined) keys.add(key);
  };
  for await (const { key } of store.list(QUARANTINE_PREFIX, budget)) add(key);
  for await (const { key } of store.list(RECEIPT_PREFIX + QUARANTINE_PREFIX, budget))
    for (const object of objectsOfReceipt(key)) add(object);
  return [...keys].sort();
}

async function describeQuarantined(
  { store, layout, clock }: QuarantineTrust,
  { key, heldBy }: Pick<QuarantinedFile, 'key' | 'heldBy'>,
  budget: Budget,
): Promise<QuarantinedFile | undefined> {
  const named = layout.parse(key);
  const [stat, released] = await Promise.all([store.head(key, budget), store.head(releasedKey(key), budget)]);
  // its receipt stays when it is erased
  if (named === undefined || (stat === undefined && released === undefined)) return undefined;
  const { recordingId, channel, date } = named;
  return {
    key,
    recordingId,
    channel,
    date,
    bytes: stat?.size,
    ...describeNote(stat, clock.now()),
    isReleased: released !== undefined,
    heldBy,
  };
}

function describeNote(
  stat: ObjectStat | undefined,
  now: number,
): Pick<QuarantinedFile, 'note' | 'decideBy' | 'isOverdue'> {
  const note = stat && readQuarantineNote(stat);
  const by = note && decideBy(note);
  return { note, decideBy: by, isOverdue: by !== undefined && by <= now };
}
