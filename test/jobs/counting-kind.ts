import type { JobKind, Outcome, WorkContext } from '../../src/jobs/kind.ts';

export interface CountedItem {
  readonly id: string;
}

export interface CountingKind extends JobKind<CountedItem> {
  /** How often each item was worked on. */
  readonly seen: Map<string, number>;
}

/** A kind that counts; what becomes of an item is `outcomeOf`'s to say. */
export function countingKind(
  outcomeOf: (
    item: CountedItem,
    context: WorkContext,
  ) => Promise<Omit<Outcome, 'index'>> | Omit<Outcome, 'index'> = () => ({ state: 'done', bytes: 10 }),
): CountingKind {
  const seen = new Map<string, number>();
  return {
    name: 'count',
    seen,
    parse: (value) => {
      const { id } = (value ?? {}) as { id?: unknown };
      if (typeof id !== 'string') throw new Error('no item');
      return { id };
    },
    nameOf: ({ id }) => id,
    async *work(items, context) {
      for (const [index, item] of items.entries()) {
        seen.set(item.id, (seen.get(item.id) ?? 0) + 1);
        yield { index, ...(await outcomeOf(item, context)) };
      }
    },
  };
}

export function* countedItems(count: number): Generator<CountedItem> {
  for (let at = 0; at < count; at += 1) yield { id: `i-${at}` };
}
