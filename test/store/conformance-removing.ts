import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { bodyOf, readAll } from './bytes.ts';
import { plain, type RunningSuite } from './conformance-suite.ts';

/** What is removed is gone, and nothing beside it. */
export function describeRemoving(suite: RunningSuite): void {
  const methods = () => {
    const { removeCurrent, removeVersions } = suite.store as Required<ObjectStore>;
    return { removeCurrent, removeVersions };
  };
  const put = (key: string, text: string) =>
    suite.store.put(key, bodyOf(Buffer.from(text)), { ...plain, metadata: { of: text } }, unlimited);

  describe('removing', () => {
    it('takes one object away, and none whose key begins like it', async () => {
      const scope = suite.newScope();
      for (const name of ['keys/a', 'keys/a.json', 'keys/ab/c', 'keys/b'])
        await put(`${scope}/${name}`, name);
      await methods().removeCurrent(`${scope}/keys/a`, unlimited);
      const removal = await methods().removeVersions(`${scope}/keys/b`, unlimited);
      expect(removal.kept).toEqual([]);
      expect(removal.removed).toBeGreaterThan(0);
      expect(await suite.keys(`${scope}/`)).toEqual([`${scope}/keys/a.json`, `${scope}/keys/ab/c`]);
      expect(await suite.subject.reopen().head(`${scope}/keys/a`, unlimited)).toBeUndefined();
      await expect(suite.store.get(`${scope}/keys/b`, unlimited)).rejects.toMatchObject({
        code: 'OBJECT_NOT_FOUND',
      });
    });

    it('finds nothing to remove where nothing is, and says so', async () => {
      const key = `${suite.newScope()}/keys/none`;
      await methods().removeCurrent(key, unlimited);
      expect((await methods().removeVersions(key, unlimited)).kept).toEqual([]);
      expect(await suite.keys(key)).toEqual([]);
    });

    it('leaves room for another object with metadata of its own', async () => {
      const key = `${suite.newScope()}/keys/again`;
      await put(key, 'first');
      await methods().removeVersions(key, unlimited);
      expect((await put(key, 'second')).outcome).toBe('stored');
      const { stat, body } = await suite.subject.reopen().get(key, unlimited);
      expect([stat.metadata, String(await readAll(body))]).toEqual([{ of: 'second' }, 'second']);
    });

    it('of several that remove the same object at once, all succeed', async () => {
      const key = `${suite.newScope()}/keys/raced`;
      await put(key, 'raced');
      const removals = await Promise.all(
        Array.from({ length: 4 }, () => methods().removeVersions(key, unlimited)),
      );
      expect(removals.flatMap(({ kept }) => kept)).toEqual([]);
      expect(await suite.keys(key)).toEqual([]);
    });

    it('refuses keys that are none', async () => {
      await expect(methods().removeVersions('../a', unlimited)).rejects.toMatchObject({
        code: 'KEY_INVALID',
      });
      await expect(methods().removeCurrent('/a', unlimited)).rejects.toMatchObject({ code: 'KEY_INVALID' });
    });
  });
}
