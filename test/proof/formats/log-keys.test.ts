import { describe, expect, it } from 'vitest';
import {
  logKeys,
  parseCountedKey,
  parseNoteKey,
  parseStatementKey,
} from '../../../src/proof/formats/log-keys.ts';

describe('names of the objects of a log', () => {
  it('stand below the prefix of the organization, and sort as the log grows', () => {
    const keys = logKeys('org');
    expect(keys.seal(7)).toBe('proof/org/seals/000000000007.json.gz');
    expect(keys.statement('2026-03-02', 12)).toBe('proof/org/days/2026/03/02/000000000012.json');
    expect(keys.note(3)).toBe('proof/org/checkpoints/000000000003.note');
    expect(keys.log).toBe('proof/org/log.json');
    expect(keys.checkpoint).toBe('proof/org/checkpoint');
    expect(keys.key(4)).toBe('proof/org/keys/000000000004.json');
    expect(keys.dayPrefix('2026-03-02')).toBe('proof/org/days/2026/03/02/');
    expect(keys.cosignature(3, '0a1b2c3d')).toBe('proof/org/checkpoints/000000000003.0a1b2c3d.cosig');
    expect(keys.counted('2026-03-02', 1_772_500_000_000)).toBe(
      'proof/org/counting/2026/03/02/001772500000000.json.gz',
    );
    expect(keys.path('tile/0/000')).toBe('proof/org/tile/0/000');
    const { prefix, days, checkpoints, seals, lists, counting } = keys;
    expect([prefix, days, checkpoints, seals, lists, counting]).toEqual(
      ['', 'days/', 'checkpoints/', 'seals/', 'lists/', 'counting/'].map((name) => `proof/org/${name}`),
    );
    expect(keys.token(3, 'tsa-1')).toBe('proof/org/checkpoints/000000000003.tsa-1.tsr');
    expect(keys.list('2026-03-02', 'ab'.repeat(32), 'source')).toBe(
      `proof/org/lists/2026/03/02/${'ab'.repeat(8)}.source.jsonl.gz`,
    );
  });

  it('are read back, and nothing else is', () => {
    const keys = logKeys('org');
    expect(parseStatementKey(keys, keys.statement('2026-03-02', 12))).toEqual({
      day: '2026-03-02',
      index: 12,
    });
    expect(parseNoteKey(keys, keys.note(3))).toBe(3);
    expect(parseStatementKey(keys, keys.note(3))).toBeUndefined();
    expect(parseStatementKey(logKeys('other'), keys.statement('2026-03-02', 12))).toBeUndefined();
    expect(parseNoteKey(keys, keys.token(3, 'a'))).toBeUndefined();
  });

  it('of what was counted are read back, and nothing else is', () => {
    const keys = logKeys('org');
    const counted = keys.counted('2026-03-02', 1_772_500_000_000);
    expect(parseCountedKey(keys, counted)).toEqual({ day: '2026-03-02', at: 1_772_500_000_000 });
    for (const wrong of [
      `x${counted}`,
      `${counted}.old`,
      counted.replace('counting/', 'counting/x'),
      counted.replace('counting', 'lists'),
      counted.replace('2026/03/02', '2026-03-02'),
      counted.replace('00177', '177'),
      logKeys('other').counted('2026-03-02', 1_772_500_000_000),
    ]) {
      expect(parseCountedKey(keys, wrong)).toBeUndefined();
    }
  });

  it('with anything before, behind or in another form are not taken for them', () => {
    const keys = logKeys('org');
    const [statement, note] = [keys.statement('2026-03-02', 12), keys.note(3)];
    for (const wrong of [
      `${statement}.gz`,
      statement.replace('days/', 'days/0'),
      statement.replace('proof/org/days', 'other/org/days'),
    ]) {
      expect(parseStatementKey(keys, wrong)).toBeUndefined();
    }
    for (const wrong of [
      `${note}.gz`,
      note.replace('checkpoints/', 'checkpoints/0'),
      note.replace('proof/org/checkpoints', 'other/org/checkpoints'),
    ]) {
      expect(parseNoteKey(keys, wrong)).toBeUndefined();
    }
  });
});
