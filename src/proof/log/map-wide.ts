/** Objects that are read or written at once: requests to a store take tens of milliseconds, and cost no memory worth naming. */
const WIDTH = 32;

/** Maps with several at once, in order; the first error ends it. */
export async function mapWide<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let isFailed = false;
  const one = async (): Promise<void> => {
    while (next < items.length && !isFailed) {
      const at = next;
      next += 1;
      try {
        results[at] = await work(items[at] as T);
      } catch (error) {
        isFailed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, items.length) }, one));
  return results;
}
