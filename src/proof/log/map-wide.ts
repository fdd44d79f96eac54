import { forEachOf } from '../../for-each-of.ts';
/** Objects that are read or written at once: requests to a store take tens of milliseconds, and cost no memory worth naming. */
const WIDTH = 32;

/** Maps with several at once, in order; the first error ends it. */
export async function mapWide<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  await forEachOf(items.entries(), WIDTH, async ([at, item]) => {
    results[at] = await work(item);
  });
  return results;
}
