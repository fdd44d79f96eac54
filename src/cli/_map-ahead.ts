/**
 * Maps each item in order, with up to `ahead` calls under way at a time.
 * @throws what the source or `map` throws, in its turn.
 */
export async function* mapAhead<T, U>(
  source: AsyncIterable<T>,
  ahead: number,
  map: (item: T) => Promise<U>,
): AsyncGenerator<U, void, undefined> {
  const underWay: Promise<U>[] = [];
  try {
    for await (const item of source) {
      const mapped = map(item);
      // a failure is thrown in its turn; until then it is no unhandled rejection
      mapped.catch(() => {});
      underWay.push(mapped);
      const first = underWay.length < ahead ? undefined : underWay.shift();
      if (first !== undefined) yield await first;
    }
    for (let first = underWay.shift(); first !== undefined; first = underWay.shift()) yield await first;
  } finally {
    await Promise.allSettled(underWay);
  }
}
