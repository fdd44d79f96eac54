/**
 * Does `work` for every item, `atOnce` at a time. Takes no more items once `signal` is aborted or a call of `work` has failed.
 * Waits for the calls under way, and then throws the first error.
 */
export async function forEachOf<T>(
  items: Iterable<T> | AsyncIterable<T>,
  atOnce: number,
  work: (item: T) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
  let isOver = false;
  let isExhausted = false;
  const mayGoOn = () => !isOver && signal?.aborted !== true;
  const takeTurns = async () => {
    try {
      while (mayGoOn()) {
        const next = await source.next();
        if (next.done === true) isExhausted = isOver = true;
        else await work(next.value);
      }
    } catch (error) {
      isOver = true;
      throw error;
    }
  };
  const turns = await Promise.allSettled(Array.from({ length: atOnce }, takeTurns));
  if (!isExhausted) await source.return?.();
  for (const turn of turns) if (turn.status === 'rejected') throw turn.reason;
}
