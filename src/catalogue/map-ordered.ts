/** Gives what becomes of each item in their order, while some of those that follow are under way already. */
export async function* mapOrdered<T, R>(
  items: Iterable<T>,
  ahead: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const rest = items[Symbol.iterator]();
  const under: Promise<R>[] = [];
  const begin = () => {
    const next = rest.next();
    if (next.done === true) return;
    const promise = work(next.value);
    // it is waited for in its turn; until then its failure is not reported
    promise.catch(() => {});
    under.push(promise);
  };
  try {
    for (let count = 0; count < ahead; count += 1) begin();
    for (let first = under.shift(); first !== undefined; first = under.shift()) {
      const result = await first;
      begin();
      yield result;
    }
  } finally {
    await Promise.allSettled(under);
  }
}
