/** Every version of every part of a recording, in all stores that have any. */
import type { Budget } from '../../clock.ts';
import type { ObjectVersion, VersionedStore, VersionLock } from '../../ports.ts';
import { isPartOf, type PartKind, prefixesOfParts } from '../../record/recording-parts.ts';
import type { ErasePorts, ErasureItem, KeptPart } from './erase-types.ts';

export interface FoundPart {
  readonly kind: PartKind;
  readonly store: VersionedStore;
  readonly version: ObjectVersion;
}

type PartPorts = Pick<ErasePorts, 'archive' | 'others'>;

/** @throws `STORE_*`. */
export async function findParts(
  { archive, others }: PartPorts,
  { recording, keys }: ErasureItem,
  budget: Budget,
): Promise<readonly FoundPart[]> {
  const found: FoundPart[] = [];
  for (const part of prefixesOfParts(recording, keys)) {
    for (const store of [archive, ...others]) {
      for await (const version of store.versions(part.prefix, budget)) {
        if (isPartOf(recording, part, version.key)) found.push({ kind: part.kind, store, version });
      }
    }
  }
  return found;
}

/** Rounds in which what came meanwhile is removed as well: a copy of metadata under way, an upload. */
const MAX_ROUNDS = 5;

export interface Removal {
  readonly versions: number;
  readonly bytes: number;
  /** What is still there, with what its lock says. */
  readonly left: readonly { readonly part: FoundPart; readonly lock: VersionLock | undefined }[];
}

/**
 * Removes every version, and reads back that nothing but what a lock keeps is left.
 *
 * @throws `STORE_*`; `STORE_DENIED` where a permission is missing.
 */
export async function removeParts(ports: PartPorts, item: ErasureItem, budget: Budget): Promise<Removal> {
  let versions = 0;
  let bytes = 0;
  for (const { kind, prefix } of prefixesOfParts(item.recording, item.keys)) {
    if (kind === 'media') await ports.archive.abortUploads(prefix, budget);
  }
  for (let round = 1; ; round += 1) {
    const found = await findParts(ports, item, budget);
    const left: Removal['left'][number][] = [];
    let removed = 0;
    for (const part of found) {
      if ((await part.store.remove(part.version, budget)) === 'removed') {
        removed += 1;
        bytes += part.version.size;
      } else {
        left.push({ part, lock: await part.store.lockOf(part.version, budget) });
      }
    }
    versions += removed;
    if (removed === 0 || round === MAX_ROUNDS) return { versions, bytes, left };
  }
}

/** Reports whether a version of media can be opened by itself: its own metadata wrap its data key, or its format has none. */
function opensByItself({ part: { kind, version }, lock }: Removal['left'][number]): boolean {
  if (kind !== 'media') return true;
  const { metadata = {} } = lock ?? {};
  if (version.key.endsWith('.instruction')) return true;
  return !('x-amz-c' in metadata && !('x-amz-3' in metadata));
}

/** What is left that can still be read; empty where all of it has lost its key. */
export function readableOf({ left }: Removal): readonly KeptPart[] {
  return left.some((one) => opensByItself(one) && one.part.kind !== 'mark') ? keptOf(left) : [];
}

export function keptOf(left: Removal['left']): readonly KeptPart[] {
  return left.map(({ part: { store, version }, lock }) => ({
    key: version.key,
    store: store.location,
    legalHold: lock?.legalHold === true,
    until: lock?.retainUntil,
  }));
}
