/** What is there of recordings that have a tombstone: what a lock keeps, what a broken off erasure left, what came back. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ObjectVersion, VersionedStore, VersionLock } from '../../ports.ts';
import { canonicalId } from '../../recording/id.ts';
import {
  type Erasure,
  ERASURE_PREFIX,
  erasureKey,
  MAX_ERASURE_BYTES,
  parseErasure,
  subjectHash,
} from '../../record/erasure.ts';
import { isTrusted } from '../../record/find-erasure.ts';
import type { Layout } from '../../record/layout.ts';
import { prefixesOfDay, recordingOfPart } from '../../record/recording-parts.ts';
import { getSmall } from '../../record/small-object.ts';
import type { ErasePorts, ErasureItem } from './erase-types.ts';

export interface StandingErasure {
  readonly erasure: Erasure;
  /** False where receipts are signed and it is not: it erases nothing. */
  readonly isTrusted: boolean;
  readonly left: readonly LeftVersion[];
  /** Versions of rows, people, facts and lists of its day that were replaced, and are there: they may name it. */
  readonly replaced: readonly LeftVersion[];
  /** To go on with it; `undefined` where nothing is left, or nothing says which recording it was. */
  readonly item: ErasureItem | undefined;
}

export interface LeftVersion {
  readonly store: VersionedStore;
  readonly version: ObjectVersion;
  readonly lock: VersionLock | undefined;
}

/**
 * Every tombstone, day by day, with what is left of the recording, and of what named it. Lists every version of these days.
 *
 * @throws `OBJECT_MALFORMED` for what is no tombstone; `STORE_*`.
 */
export async function* standingErasures(
  ports: ErasePorts,
  layout: Layout,
  budget: Budget,
): AsyncGenerator<StandingErasure, void, undefined> {
  const byDay = new Map<string, Erasure[]>();
  for await (const { key } of ports.store.list(ERASURE_PREFIX, budget)) {
    const json = await getSmall(ports.store, key, MAX_ERASURE_BYTES, budget);
    const erasure = json === undefined ? undefined : parseErasure(json);
    if (erasure === undefined || erasureKey(erasure.id) !== key)
      throw new ArchiveError('OBJECT_MALFORMED', `${key} is not the tombstone of an erasure`);
    byDay.set(erasure.day, [...(byDay.get(erasure.day) ?? []), erasure]);
  }
  for (const day of [...byDay.keys()].sort()) {
    const erasures = byDay.get(day) ?? [];
    const found = await leftOfDay(ports, layout, { day, erasures }, budget);
    const replaced = await replacedOfDay(ports, day, budget);
    for (const erasure of erasures) {
      const left = found.get(erasure.recording ?? '');
      const isSecond = erasure.id !== erasure.recording;
      yield {
        erasure,
        isTrusted: await isTrusted(ports, erasure, budget),
        left: left?.versions ?? [],
        replaced,
        item: left && {
          recording: left.recording,
          day,
          keys: [...left.keys],
          ...(isSecond ? { isSecond } : {}),
        },
      };
    }
  }
}

async function replacedOfDay(
  { replaced }: ErasePorts,
  day: string,
  budget: Budget,
): Promise<readonly LeftVersion[]> {
  const found: LeftVersion[] = [];
  for await (const { store, version } of replaced(new Set([day]), budget)) {
    const lock = version.isMarker ? undefined : await store.lockOf(version, budget);
    found.push({ store, version, lock });
  }
  return found;
}

interface Left {
  readonly recording: string;
  readonly keys: Set<string>;
  readonly versions: LeftVersion[];
}

async function leftOfDay(
  { archive, others }: ErasePorts,
  layout: Layout,
  { day, erasures }: { readonly day: string; readonly erasures: readonly Erasure[] },
  budget: Budget,
): Promise<ReadonlyMap<string, Left>> {
  const wanted = new Set(erasures.map(({ recording }) => recording ?? ''));
  const found = new Map<string, Left>();
  const prefixes = prefixesOfDay(layout.prefixOf(Date.parse(`${day}T00:00:00Z`)), day);
  for (const store of [archive, ...others]) {
    for (const prefix of prefixes) {
      for await (const version of store.versions(prefix, budget)) {
        const recording = recordingOfPart(version.key);
        const hash = recording === undefined ? '' : subjectHash(recording);
        if (recording === undefined || !wanted.has(hash)) continue;
        const known = found.get(hash) ?? { recording: canonicalId(recording), keys: new Set(), versions: [] };
        known.keys.add(
          layout.parse(version.key) === undefined ? placeOf(layout, day, recording) : version.key,
        );
        const lock = version.isMarker ? undefined : await store.lockOf(version, budget);
        known.versions.push({ store, version, lock });
        found.set(hash, known);
      }
    }
  }
  return found;
}

/** A key that leads to all parts, where only what stands beside the object is left. */
function placeOf(layout: Layout, day: string, recording: string): string {
  return `${layout.prefixOf(Date.parse(`${day}T00:00:00Z`))}${recording.replaceAll('.', '=2E')}.enc`;
}
