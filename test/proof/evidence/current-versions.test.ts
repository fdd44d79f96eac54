import { describe, expect, it } from 'vitest';
import { currentVersions, nameInPackage } from '../../../src/proof/evidence/current-versions.ts';

const FOLDER = 'archive/2026/05/20/';

const receipt = (key: string, predecessor?: string, kind: 'archived' | 'adopted' = 'archived') => ({
  kind,
  object: { key: `${FOLDER}${key}.enc`, store: 's3://recordings' },
  ...(predecessor === undefined ? {} : { predecessor: { key: `${FOLDER}${predecessor}.enc` } }),
});

describe('the current versions of a package', () => {
  it('are none where everything was archived once', () => {
    expect(
      currentVersions([
        ['a', receipt('a')],
        ['b', receipt('b')],
      ]),
    ).toEqual([]);
  });

  it('are the highest successor of each object, in the order of their names', () => {
    const receipts = [
      ['b.v2', receipt('b.v2', 'b')],
      ['a.v10', receipt('a.v10', 'a.v9')],
      ['a.v9', receipt('a.v9', 'a')],
      ['a', receipt('a')],
      ['a.1.v2', receipt('a.1.v2', 'a.1')],
    ] as const;
    const expected = [
      { name: 'a.1.v2', before: `${FOLDER}a.1.enc` },
      { name: 'a.v10', before: `${FOLDER}a.v9.enc` },
      { name: 'b.v2', before: `${FOLDER}b.enc` },
    ];
    expect(currentVersions(receipts)).toEqual(expected);
    expect(currentVersions(receipts.toReversed())).toEqual(expected);
  });

  it.each([
    ['has another name than its object', 'a.v3', receipt('a.v2', 'a')],
    ['names no predecessor', 'a.v2', receipt('a.v2')],
    ['names a predecessor of another object', 'a.v2', receipt('a.v2', 'b')],
    ['names a newer predecessor', 'a.v2', receipt('a.v2', 'a.v3')],
    ['states that nothing was archived', 'a.v2', receipt('a.v2', 'a', 'adopted')],
    ['has no object', 'a.v2', { kind: 'archived', predecessor: { key: `${FOLDER}a.enc` } } as const],
    ['names the first object', 'a', receipt('a', 'a.v2')],
  ] as const)('leave out a receipt that %s', (_what, name, given) => {
    expect(currentVersions([[name, given]])).toEqual([]);
  });
});

describe('the name of an object in a package', () => {
  it('is the end of its key, without the last ending', () => {
    expect(nameInPackage(`${FOLDER}a.v2.enc`)).toBe('a.v2');
    expect(nameInPackage('a.enc.0.enc')).toBe('a.enc.0');
  });
});
