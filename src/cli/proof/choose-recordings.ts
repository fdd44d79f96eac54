import { findAllRecordings, type SearchRange } from '../../audit/find-recording.ts';
import { whyNoRecording } from '../../audit/why-missing.ts';
import type { Budget } from '../../clock.ts';
import type { ObjectStore } from '../../ports.ts';

/**
 * Finds the objects of recordings: every file of each.
 *
 * @throws `OBJECT_NOT_FOUND` for an id that names nothing, `RECORDING_ERASED`.
 */
export async function chooseRecordings(
  store: ObjectStore,
  ids: readonly string[],
  range: SearchRange,
  budget: Budget,
): Promise<readonly string[]> {
  return requireFound(await findAllRecordings(store, ids, range, budget), { store, range }, budget);
}

/** The same of what was found already, by what was asked for. */
export async function requireFound(
  found: ReadonlyMap<string, readonly string[]>,
  { store, range }: { readonly store: ObjectStore; readonly range: SearchRange },
  budget: Budget,
): Promise<readonly string[]> {
  for (const [id, keys] of found) {
    if (keys.length > 0) continue;
    throw await whyNoRecording(store, id, range, budget);
  }
  return [...new Set([...found.values()].flat())];
}

/** Returns a name for a recording's files that no two have: the end of its key. */
export function nameOf(key: string): string {
  return (key.split('/').at(-1) ?? key).replace(/\.enc$/, '');
}
