import { describe, expect, it } from 'vitest';
import { type Budget, unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { bodyOf, contentOf } from './bytes.ts';
import { plain, type RunningSuite } from './conformance-suite.ts';

/** What cannot be stored leaves nothing. */
export function describeFailing(suite: RunningSuite): void {
  const { partBytes } = suite;

  describe('all or nothing', () => {
    const stages = [
      { when: 'before the first byte', bytes: 0 },
      { when: 'within the first part', bytes: 70_000 },
      { when: 'after the second part', bytes: 2 * partBytes + 70_000 },
    ];

    it.for(stages)('a body that throws $when: the very error, and no object', async ({ bytes }) => {
      const key = `${suite.newScope()}/k`;
      const failure = new ArchiveError('MEDIA_TRUNCATED', 'made up');
      async function* body() {
        yield* bodyOf(contentOf(bytes));
        throw failure;
      }
      await expect(suite.store.put(key, body(), plain, unlimited)).rejects.toBe(failure);
      expect(await suite.keys(key)).toEqual([]);
      // and the key is still free
      expect(await suite.store.put(key, bodyOf(contentOf(5)), plain, unlimited)).toMatchObject({
        outcome: 'stored',
      });
    });

    it.for(stages)('a signal that aborts $when, while the body stalls', async ({ bytes }) => {
      const key = `${suite.newScope()}/k`;
      const reason = new ArchiveError('INTERRUPTED', 'made up');
      const controller = new AbortController();
      let closed = false;
      async function* body() {
        try {
          yield* bodyOf(contentOf(bytes));
          setTimeout(() => controller.abort(reason), 20);
          await new Promise((resolve) => {
            controller.signal.addEventListener('abort', () => setTimeout(resolve, 20), { once: true });
          });
          yield Buffer.alloc(1);
        } finally {
          closed = true;
        }
      }
      const budget: Budget = { deadline: Number.POSITIVE_INFINITY, signal: controller.signal };
      await expect(suite.store.put(key, body(), plain, budget)).rejects.toBe(reason);
      expect(await suite.keys(key)).toEqual([]);
      await expect.poll(() => closed).toBe(true);
    });

    it.for(stages)('a deadline that passes $when', async ({ bytes }) => {
      const key = `${suite.newScope()}/k`;
      const budget = { deadline: Date.now() + 50, signal: unlimited.signal };
      async function* body() {
        yield* bodyOf(contentOf(bytes));
        while (Date.now() <= budget.deadline) await new Promise((resolve) => setTimeout(resolve, 5));
        yield Buffer.alloc(1);
        yield Buffer.alloc(1);
      }
      await expect(suite.store.put(key, body(), plain, budget)).rejects.toMatchObject({
        code: 'OUT_OF_TIME',
        retryable: true,
      });
      expect(await suite.keys(key)).toEqual([]);
    });

    it.for([
      { declared: 10, actual: 9 },
      { declared: 10, actual: 11 },
      { declared: 0, actual: 1 },
      { declared: partBytes + 100_000, actual: partBytes },
      { declared: partBytes, actual: partBytes + 1 },
      { declared: 2 * partBytes + 1, actual: 2 * partBytes },
    ])('$actual bytes where $declared were declared', async ({ declared, actual }) => {
      const key = `${suite.newScope()}/k`;
      const content = contentOf(actual);
      for (const body of [bodyOf(content), content]) {
        const put = suite.store.put(key, body, { ...plain, contentLength: declared }, unlimited);
        await expect(put).rejects.toMatchObject({ code: 'STORE_MISMATCH', retryable: true });
        expect(await suite.keys(key)).toEqual([]);
      }
    });

    it('starts nothing after the deadline, nor once interrupted', async () => {
      const key = `${suite.newScope()}/k`;
      let read = false;
      async function* body() {
        read = true;
        yield Buffer.alloc(1);
      }
      const late = { deadline: Date.now() - 1, signal: unlimited.signal };
      const reason = new ArchiveError('INTERRUPTED', 'made up');
      const stopped = { deadline: Number.POSITIVE_INFINITY, signal: AbortSignal.abort(reason) };
      const list = async (budget: Budget) => {
        for await (const object of suite.store.list('', budget)) return object;
        return undefined;
      };
      for (const start of [
        (budget: Budget) => suite.store.put(key, body(), plain, budget),
        (budget: Budget) => suite.store.head(key, budget),
        (budget: Budget) => suite.store.get(key, budget),
        list,
      ]) {
        await expect(start(late)).rejects.toMatchObject({ code: 'OUT_OF_TIME' });
        await expect(start(stopped)).rejects.toBe(reason);
      }
      expect(read).toBe(false);
      expect(await suite.keys(key)).toEqual([]);
    });
  });

  describe('refusing', () => {
    const bad = [
      '',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      '../a',
      'a/../b',
      'a/./b',
      'a\\b',
      'a b',
      'ä',
      'a\u0000b',
      'a\nb',
      '%2e',
      'a?b',
    ];
    it.for([...bad, 'k'.repeat(513)])('the key %j', async (key) => {
      const refusal = { code: 'KEY_INVALID', retryable: false };
      await expect(suite.store.put(key, bodyOf(contentOf(1)), plain, unlimited)).rejects.toMatchObject(
        refusal,
      );
      await expect(suite.store.head(key, unlimited)).rejects.toMatchObject(refusal);
      await expect(suite.store.get(key, unlimited)).rejects.toMatchObject(refusal);
    });

    it('metadata that a store would change or drop', async () => {
      const key = `${suite.newScope()}/k`;
      for (const metadata of [
        { Upper: 'x' },
        { 'a b': 'x' },
        { umlaut: 'ä' },
        { line: 'a\r\nb' },
        { padded: ' x' },
        { empty: '' },
        { long: 'x'.repeat(2048) },
      ] as Record<string, string>[]) {
        const put = suite.store.put(key, bodyOf(contentOf(1)), { ...plain, metadata }, unlimited);
        await expect(put).rejects.toMatchObject({ code: 'OBJECT_MALFORMED', retryable: false });
      }
      expect(await suite.keys(key)).toEqual([]);
    });
  });
}
