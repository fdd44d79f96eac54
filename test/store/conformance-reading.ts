import { beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import { bodyOf, contentOf, readAll } from './bytes.ts';
import { plain, type RunningSuite } from './conformance-suite.ts';

/** What is stored is found and delivered whole, or with an error. */
export function describeReading(suite: RunningSuite): void {
  const { partBytes, exempt } = suite;

  describe('reading', () => {
    const content = contentOf(2 * partBytes + 1000, 7);
    let key: string;
    beforeAll(async () => {
      key = `${suite.newScope()}/big`;
      await suite.store.put(key, bodyOf(content), plain, unlimited);
    });

    it.for([
      [0, 0],
      [0, 9],
      [1, 65_536],
      [partBytes - 1, partBytes],
      [content.byteLength - 1, content.byteLength - 1],
      [content.byteLength - 5, content.byteLength + 99],
      [0, content.byteLength - 1],
    ] as const)('bytes %i to %i', async ([first, last]) => {
      const got = await suite.store.get(key, unlimited, { first, last });
      expect(got.stat.size).toBe(content.byteLength);
      expect((await readAll(got.body)).equals(content.subarray(first, last + 1))).toBe(true);
    });

    it('refuses ranges that are none, or lie beyond the end', async () => {
      const beyond = { first: content.byteLength, last: content.byteLength };
      for (const range of [beyond, { first: 5, last: 4 }, { first: -1, last: 4 }, { first: 0.5, last: 4 }]) {
        await expect(suite.store.get(key, unlimited, range)).rejects.toMatchObject({
          code: 'OBJECT_MALFORMED',
        });
      }
    });

    it('can be left before the end', async () => {
      const { body } = await suite.store.get(key, unlimited);
      for await (const chunk of body) {
        expect(chunk.byteLength).toBeGreaterThan(0);
        break;
      }
      expect((await suite.store.head(key, unlimited))?.size).toBe(content.byteLength);
    });

    it('stops when the signal aborts', async () => {
      const controller = new AbortController();
      const reason = new ArchiveError('INTERRUPTED', 'made up');
      const { body } = await suite.store.get(key, {
        deadline: Number.POSITIVE_INFINITY,
        signal: controller.signal,
      });
      const read = async () => {
        for await (const _ of body) controller.abort(reason);
      };
      await expect(read()).rejects.toBe(reason);
    });

    it('reports a connection or file that ends early, never a short success', async () => {
      const doomed = `${suite.newScope()}/doomed`;
      await suite.store.put(doomed, bodyOf(content), plain, unlimited);
      const cut = await suite.subject.cutRead(doomed, partBytes);
      let bytes = 0;
      const read = async () => {
        for await (const chunk of (await cut.get(doomed, unlimited)).body) bytes += chunk.byteLength;
      };
      await expect(read()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
      expect(bytes).toBeLessThan(content.byteLength);
    });

    it('says that there is no such object', async () => {
      const missing = `${suite.newScope()}/missing`;
      expect(await suite.store.head(missing, unlimited)).toBeUndefined();
      await expect(suite.store.get(missing, unlimited)).rejects.toMatchObject({
        code: 'OBJECT_NOT_FOUND',
        retryable: false,
      });
      expect(await suite.store.head(`${key}/below`, unlimited)).toBeUndefined();
      expect(await suite.keys(missing)).toEqual([]);
    });
  });

  describe('listing', () => {
    const nasty = [
      'a-b/1',
      'a.b/1',
      'a/b/1',
      'a/b-c',
      'a/b.c',
      'a/b0',
      'a0',
      'a:',
      'A/z',
      'Z',
      '_',
      'a/b=1',
      'a@',
      '+',
      'b',
      'c/1',
      'c/10',
      'c/2',
    ];

    it('gives keys in byte order over several pages, below any prefix', async () => {
      const top = suite.newScope();
      const all = nasty.map((key) => `${top}/${key}`);
      for (const key of all) await suite.store.put(key, bodyOf(contentOf(key.length)), plain, unlimited);
      const sorted = all
        .map((key) => Buffer.from(key))
        .sort((a, b) => a.compare(b))
        .map(String);
      expect(await suite.keys(`${top}/`)).toEqual(sorted);
      for (const prefix of ['a', 'a/', 'a/b', 'a/b-', 'c/1', 'none', 'a/b/1/x']) {
        const expected = sorted.filter((key) => key.startsWith(`${top}/${prefix}`));
        expect({ prefix, keys: await suite.keys(`${top}/${prefix}`) }).toEqual({ prefix, keys: expected });
      }
      for await (const { key, size, lastModified } of suite.store.list(`${top}/`, unlimited)) {
        expect(size).toBe(key.length);
        expect(Number.isSafeInteger(lastModified)).toBe(true);
      }
    });

    it('is lazy, and can be left', async () => {
      const top = suite.newScope();
      for (const key of ['1', '2', '3', '4', '5'])
        await suite.store.put(`${top}/${key}`, bodyOf(contentOf(1)), plain, unlimited);
      for await (const { key } of suite.store.list(top, unlimited)) {
        expect(key).toBe(`${top}/1`);
        break;
      }
    });

    const both = exempt.objectBelowObject;
    it(`${both === undefined ? 'keeps' : 'refuses'} "a/b" beside "a"${both === undefined ? '' : ` (${both})`}`, async () => {
      const top = suite.newScope();
      await suite.store.put(`${top}/a`, bodyOf(contentOf(1)), plain, unlimited);
      const below = suite.store.put(`${top}/a/b`, bodyOf(contentOf(2)), plain, unlimited);
      if (both === undefined) {
        expect(await below).toMatchObject({ outcome: 'stored' });
        expect(await suite.keys(top)).toEqual([`${top}/a`, `${top}/a/b`]);
        return;
      }
      await expect(below).rejects.toMatchObject({ code: 'KEY_COLLISION', retryable: false });
      await suite.store.put(`${top}/c/d`, bodyOf(contentOf(1)), plain, unlimited);
      const above = suite.store.put(`${top}/c`, bodyOf(contentOf(1)), plain, unlimited);
      await expect(above).rejects.toMatchObject({ code: 'KEY_COLLISION', retryable: false });
      expect(await suite.keys(top)).toEqual([`${top}/a`, `${top}/c/d`]);
      expect(await suite.store.head(`${top}/c`, unlimited)).toBeUndefined();
    });
  });
}
