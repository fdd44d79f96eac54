/**
 * Maps each item, and gives the results in the order of the items, with `ahead` calls of `work` under way at a time. Takes no more
 * items once a call has failed, or the reader has left, and then waits for the calls under way.
 *
 * @throws what the source or `work` throws, in its turn.
 */
export async function* mapAhead<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  ahead: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  const underWay: Promise<R>[] = [];
  let isExhausted = false;
  const begin = async () => {
    if (isExhausted) return;
    const next = await source.next();
    isExhausted = next.done === true;
    if (next.done === true) return;
    const result = work(next.value);
    // a failure is thrown in its turn; until then it is no unhandled rejection
    result.catch(() => {});
    underWay.push(result);
  };
  try {
    for (let count = 0; count < ahead; count += 1) await begin();
    for (let first = underWay.shift(); first !== undefined; first = underWay.shift()) {
      const result = await first;
      await begin();
      yield result;
    }
  } finally {
    await Promise.allSettled(underWay);
    if (!isExhausted) await source.return?.();
  }
}
