/** What an erasure would touch, looked at before anything is. */
import type { Budget } from '../../clock.ts';
import type { ObjectVersion, VersionLock } from '../../ports.ts';
import { canonicalId } from '../../recording/id.ts';
import { findErasure } from '../../record/find-erasure.ts';
import type { Layout } from '../../record/layout.ts';
import type { PartKind } from '../../record/recording-parts.ts';
import { heldAmong } from '../read-holds.ts';
import type { Sealed } from '../sealed-item.ts';
import type { ErasePorts, ErasureItem } from './erase-types.ts';
import { findParts, type FoundPart } from './parts.ts';
import { forEachOf } from '../../for-each-of.ts';

/** Recordings, each with all the keys that were chosen of it, in the order of their days. Pure. */
export function groupByRecording(layout: Layout, keys: Iterable<string>): readonly ErasureItem[] {
  const byPlace = new Map<string, { recording: string; day: string; keys: string[] }>();
  for (const key of keys) {
    const named = layout.parse(key);
    if (named === undefined) continue;
    const recording = canonicalId(named.recordingId);
    const place = `${named.date} ${recording}`;
    const known = byPlace.get(place) ?? { recording, day: named.date, keys: [] };
    if (!known.keys.includes(key)) known.keys.push(key);
    byPlace.set(place, known);
  }
  const seen = new Set<string>();
  const items: ErasureItem[] = [];
  for (const place of [...byPlace.keys()].sort()) {
    const item = byPlace.get(place);
    if (item === undefined) continue;
    items.push({ ...item, ...(seen.has(item.recording) ? { isSecond: true } : {}) });
    seen.add(item.recording);
  }
  return items;
}

/** What is known of one recording before it is erased. */
export interface PlannedErasure {
  readonly item: ErasureItem;
  readonly versions: number;
  readonly bytes: number;
  readonly byKind: Readonly<Partial<Record<PartKind, number>>>;
  /** Ids of holds of the register; `S3 Object Lock` for a legal hold that only the bucket knows. */
  readonly heldBy: readonly string[];
  /** Until when the store's lock keeps something of it, epoch ms; `undefined` where nothing is locked. */
  readonly lockedUntil: number | undefined;
  /** Of what the lock keeps nothing can be read, once the key record is gone. */
  readonly losesKey: boolean;
  /** It has its tombstone already, and something of it is left. */
  readonly isBegun: boolean;
}

const AT_ONCE = 8;
/** Recordings whose holds are looked up with one reading of all lists. */
const BATCH = 1_000;

/** Looks at every recording; writes nothing. @throws `STORE_*`, `HOLD_DAMAGED`. */
export async function* examineErasures(
  ports: ErasePorts,
  items: readonly ErasureItem[],
  budget: Budget,
): AsyncGenerator<PlannedErasure, void, undefined> {
  for (let at = 0; at < items.length; at += BATCH) {
    const batch = items.slice(at, at + BATCH);
    const parts = new Map<ErasureItem, readonly FoundPart[]>();
    await forEachOf(batch, AT_ONCE, async (item) => {
      parts.set(item, await findParts(ports, item, budget));
    });
    const keys = new Set(
      batch.flatMap((item) => [...item.keys, ...(parts.get(item) ?? []).map(({ version }) => version.key)]),
    );
    const held = await heldAmong(ports, keys, budget);
    for (const item of batch)
      yield await describeRecording(ports, { item, parts: parts.get(item) ?? [], held }, budget);
  }
}

async function describeRecording(
  ports: ErasePorts,
  {
    item,
    parts,
    held,
  }: {
    readonly item: ErasureItem;
    readonly parts: readonly FoundPart[];
    readonly held: ReadonlyMap<string, readonly string[]>;
  },
  budget: Budget,
): Promise<PlannedErasure> {
  const byKind: Partial<Record<PartKind, number>> = {};
  let bytes = 0;
  for (const { kind, version } of parts) {
    byKind[kind] = (byKind[kind] ?? 0) + 1;
    bytes += version.size;
  }
  const locks = await locksOf(ports, parts, budget);
  const keys = new Set([...item.keys, ...parts.map(({ version }) => version.key)]);
  const holds = new Set([...keys].flatMap((key) => held.get(key) ?? []));
  if (holds.size === 0 && locks.some(({ lock }) => lock.legalHold)) holds.add('S3 Object Lock');
  const untils = locks
    .flatMap(({ lock }) => lock.retainUntil ?? [])
    .filter((until) => until > ports.clock.now());
  const known = await findErasure(ports, item.recording, budget);
  const media = locks.filter(({ part }) => part.kind === 'media');
  return {
    item,
    versions: parts.length,
    bytes,
    byKind,
    heldBy: [...holds],
    lockedUntil: untils.length === 0 ? undefined : Math.max(...untils),
    losesKey:
      (byKind.key ?? 0) > 0 &&
      media.every(({ lock }) => 'x-amz-c' in lock.metadata && !('x-amz-3' in lock.metadata)),
    isBegun: known !== undefined,
  };
}

async function locksOf(
  { archive }: ErasePorts,
  parts: readonly FoundPart[],
  budget: Budget,
): Promise<readonly { readonly part: FoundPart; readonly lock: VersionLock }[]> {
  if ((await archive.bucketLock(budget)).lock === 'none') return [];
  const found: { part: FoundPart; lock: VersionLock }[] = [];
  for (const part of parts) {
    if (part.version.isMarker || part.store !== archive) continue;
    const lock = await archive.lockOf(part.version, budget);
    if (lock !== undefined) found.push({ part, lock });
  }
  return found;
}

/** A planned item as it is written down. */
export type SealedItem = Sealed<ErasureItem>;

/** A version of something erased that is there, against what its tombstone says. */
export interface LeftOver {
  readonly tombstone: string;
  readonly store: string;
  readonly version: ObjectVersion;
  readonly lock: VersionLock | undefined;
}
