import type { Budget } from '../../clock.ts';
import type { ArchivedRecordings } from '../../ports.ts';

/** Items that are looked up together: the archive may have to be listed for each lot. */
export const LOT_SIZE = 100_000;

/** In lots, each an array; holds one at a time. */
export async function* inLots<T>(
  items: AsyncIterable<T> | Iterable<T>,
  size = LOT_SIZE,
): AsyncGenerator<readonly T[], void, undefined> {
  let lot: T[] = [];
  for await (const item of items) {
    lot.push(item);
    if (lot.length < size) continue;
    yield lot;
    lot = [];
  }
  if (lot.length > 0) yield lot;
}

/**
 * Those whose recordings the archive has not, in their order. What it cannot tell stays in: who archives it finds it.
 *
 * @param recordingOf `undefined` for an item that names no recording.
 * @param onLeftOut told for each that is left out.
 */
export async function* leaveOutArchived<T>(
  items: AsyncIterable<T> | Iterable<T>,
  {
    archived,
    recordingOf,
    onLeftOut,
    budget,
  }: {
    readonly archived: ArchivedRecordings;
    readonly recordingOf: (item: T) => string | undefined;
    readonly onLeftOut: (item: T) => void;
    readonly budget: Budget;
  },
): AsyncGenerator<T, void, undefined> {
  for await (const lot of inLots(items)) {
    const ids = lot.map(recordingOf).filter((id) => id !== undefined);
    const known = ids.length === 0 ? new Set<string>() : await archived.which(ids, budget);
    for (const item of lot) {
      const id = recordingOf(item);
      if (id !== undefined && known.has(id)) onLeftOut(item);
      else yield item;
    }
  }
}
