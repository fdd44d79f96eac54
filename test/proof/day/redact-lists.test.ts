import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { prefixesOfLists, redactLists } from '../../../src/proof/day/redact-lists.ts';
import { type ListLine, listRoot, makeList } from '../../../src/proof/formats/list-lines.ts';
import type { ObjectStore } from '../../../src/ports.ts';
import { subjectHash } from '../../../src/record/erasure.ts';
import { failure } from '../../failure.ts';
import { idFrom } from '../archive-fixture.ts';
import { contentsOf, plainStore } from '../plain-store.ts';
import { placeIn } from '../log-fixture.ts';

const { keys } = placeIn(plainStore());

function lines(...words: readonly string[]): ListLine[] {
  return words.map((word, at) => ({
    conversation: idFrom(`conversation of ${word}`),
    media: 'call',
    nonce: String(at).padStart(32, '0'),
    recording: idFrom(word),
    state: 'both',
  }));
}

/** A store with lists of some days. */
function listsOf(days: Readonly<Record<string, readonly string[]>>) {
  const store = plainStore();
  const placed = Object.entries(days).map(([day, words]) => {
    const list = makeList(lines(...words));
    const key = keys.list(day, list.root, 'source');
    store.plant(key, gzipSync(list.lines.map((line) => `${line}\n`).join('')));
    return { key, root: list.root };
  });
  return { store, placed };
}

const textOf = (store: ReturnType<typeof plainStore>, key: string) =>
  gunzipSync(store.bodyOf(key)).toString();
const erased = (...words: readonly string[]) => new Set(words.map((word) => subjectHash(idFrom(word))));

describe('lists from which recordings are erased', () => {
  it('lose the lines of these recordings, on the day and the days beside it, and keep their roots', async () => {
    const { store, placed } = listsOf({
      '2026-03-01': ['gone', 'a'],
      '2026-03-02': ['gone', 'b', 'c'],
      '2026-03-03': ['gone', 'd'],
      '2026-03-04': ['gone', 'e'],
    });
    const [before, on, after, far] = placed;
    const untouched = textOf(store, far?.key ?? '');
    const replaced = await redactLists({ store, keys }, new Set(['2026-03-02']), erased('gone'), unlimited);
    expect([...replaced].sort()).toEqual([before, on, after].map((each) => each?.key ?? '').sort());
    for (const each of [before, on, after]) {
      const text = textOf(store, each?.key ?? '');
      expect(text).not.toContain(idFrom('gone'));
      expect(text.endsWith('\n')).toBe(true);
      const rest = text.trimEnd().split('\n');
      expect(rest.filter((line) => line.startsWith('{"leaf":'))).toHaveLength(1);
      expect(listRoot(rest)).toBe(each?.root);
      const stat = store.objects.get(each?.key ?? '')?.stat;
      expect(stat).toMatchObject({ contentType: 'application/gzip', metadata: {} });
    }
    expect(textOf(store, on?.key ?? '')).toContain(idFrom('b'));
    expect(textOf(store, far?.key ?? '')).toBe(untouched);
  });

  it('are written once: what names none of them, or was erased already, stays as it is', async () => {
    const { store } = listsOf({ '2026-03-02': ['gone', 'b'] });
    const run = (...words: readonly string[]) =>
      redactLists({ store, keys }, new Set(['2026-03-02']), erased(...words), unlimited);
    expect(await run('another')).toEqual([]);
    expect(await run('gone')).toHaveLength(1);
    const once = contentsOf(store);
    expect(await run('gone')).toEqual([]);
    expect(contentsOf(store)).toEqual(once);
  });

  it('are looked for below the days beside each day, once each', () => {
    expect([...prefixesOfLists(keys, new Set(['2026-03-01', '2026-03-02']))].sort()).toEqual(
      ['02/28', '03/01', '03/02', '03/03'].map((day) => `${keys.prefix}lists/2026/${day}/`),
    );
  });

  it('pass over what is no list, and end with an error where a list could not be replaced', async () => {
    const { store, placed } = listsOf({ '2026-03-02': ['gone'] });
    store.plant(`${keys.prefix}lists/2026/03/02/notes.txt`, 'not a list');
    const [{ key } = { key: '' }] = placed;
    const run = (change: Partial<typeof store>) =>
      failure(
        redactLists(
          { store: { ...store, ...change }, keys },
          new Set(['2026-03-02']),
          erased('gone'),
          unlimited,
        ),
      );
    const changed = await run({ replace: () => Promise.resolve({ outcome: 'changed' }) });
    expect([changed.code, changed.retryable, changed.message]).toEqual([
      'STORE_UNAVAILABLE',
      true,
      `${key} was replaced while erased lines were taken out of it`,
    ]);
    const readOnly: ObjectStore = Object.fromEntries(
      Object.entries(store).filter(([name]) => name !== 'replace'),
    ) as unknown as ObjectStore;
    const refused = await failure(
      redactLists({ store: readOnly, keys }, new Set(['2026-03-02']), erased('gone'), unlimited),
    );
    expect([refused.code, refused.message]).toEqual([
      'CONFIG_INVALID',
      `plain: cannot replace ${key}, which names what is erased`,
    ]);
    expect(textOf(store, key)).toContain(idFrom('gone'));
  });

  it('is gone between the listing and the look: nothing is replaced', async () => {
    const { store } = listsOf({ '2026-03-02': ['gone'] });
    const changes: Partial<typeof store>[] = [
      { head: () => Promise.resolve(undefined) },
      { get: () => Promise.reject(new ArchiveError('OBJECT_NOT_FOUND', 'gone')) },
    ];
    for (const change of changes)
      expect(
        await redactLists(
          { store: { ...store, ...change }, keys },
          new Set(['2026-03-02']),
          erased('gone'),
          unlimited,
        ),
      ).toEqual([]);
  });
});
