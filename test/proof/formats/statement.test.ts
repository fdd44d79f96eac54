import { describe, expect, it } from 'vitest';
import {
  brokenEquations,
  formatStatement,
  parseStatement,
  type Statement,
} from '../../../src/proof/formats/statement.ts';
import { aStatement } from '../statement-fixture.ts';

const text = (statement: Statement) => formatStatement(statement).toString('utf8');
const { source: asked, differences } = aStatement();
if ('unavailable' in asked || differences === undefined) throw new Error('the fixture was asked');

describe('statements', () => {
  it('are read back as they were written, and in no other spelling', () => {
    const statement = aStatement();
    expect(parseStatement(text(statement))).toEqual(statement);
    expect(parseStatement(text(statement).slice(0, -1))).toBeUndefined();
    expect(parseStatement(JSON.stringify(statement))).toBeUndefined();
    expect(parseStatement(text(statement).replace('{', '{"name":"someone",'))).toBeUndefined();
    expect(parseStatement('')).toBeUndefined();
  });

  it('take reasons of the closed lists only', () => {
    const withReason = (reason: string) =>
      aStatement({ differences: { ...differences, missing: { total: 1, byReason: { [reason]: 1 } } } });
    for (const reason of ['never-announced', 'lost', 'failed:MEDIA_GONE']) {
      expect(parseStatement(text(withReason(reason)))).toBeDefined();
    }
    for (const reason of ['because', 'failed:', 'failed:a name', 'erased', '']) {
      expect(parseStatement(text(withReason(reason)))).toBeUndefined();
    }
    const excluded = (reason: string) =>
      aStatement({ differences: { ...differences, excluded: { total: 1, byReason: { [reason]: 1 } } } });
    for (const reason of ['policy:media', 'sensitive', 'division', 'deleted-at-source', 'erased']) {
      expect(parseStatement(text(excluded(reason)))).toBeDefined();
    }
    expect(parseStatement(text(excluded('policy:John Smith')))).toBeUndefined();
  });

  it('are of a day that there is', () => {
    expect(parseStatement(text(aStatement({ day: '2026-02-30' })))).toBeUndefined();
  });

  it('above 65,535 bytes are none: they would be no entry', () => {
    const looked = Array.from({ length: 399 }, () => '2026-03-02');
    const divisions = Array.from({ length: 500 }, (_, at) => `${at}`.padStart(150, 'd'));
    const large = aStatement({ looked, source: { ...asked, visibility: { divisions, permissions: [] } } });
    expect(text(large).length).toBeGreaterThan(65_535);
    expect(parseStatement(text(large))).toBeUndefined();
  });
});

describe('the equations of a statement', () => {
  it('hold for what adds up', () => {
    expect(brokenEquations(aStatement())).toEqual([]);
    const { differences: _, ...unasked } = aStatement();
    const source = { unavailable: { code: 'GENESYS_UNAVAILABLE', asked: '2026-03-03T03:00:00.000Z' } };
    expect(brokenEquations({ ...unasked, source })).toEqual([]);
  });

  it('hold where every count has its part', () => {
    const { archive, log } = aStatement();
    const counted = aStatement({
      archive: { ...archive, receipts: 13, completed: 3, objects: { ...archive.objects, sizeDiffers: 9 } },
      log: { ...log, from: 5, to: 5, index: 5, before: { ...log.before, size: 5 } },
      source: {
        ...asked,
        recordings: 12,
        byMedia: { call: 11, screen: 1 },
        list: { ...asked.list, count: 12 },
      },
      differences: {
        ...differences,
        pending: { total: 2, byReason: { 'in-queue': 2 } },
        byMedia: { ...differences.byMedia, call: { both: 7, missing: 1, pending: 2, excluded: 1 } },
        list: { ...differences.list, count: 5 },
      },
    });
    expect(brokenEquations(counted)).toEqual([]);
  });

  it('name media that only one side counts', () => {
    const { screen: _, ...call } = differences.byMedia;
    expect(brokenEquations(aStatement({ differences: { ...differences, byMedia: call } }))).toEqual([
      'source.byMedia.screen = both + excluded + pending + missing',
    ]);
    const chat = { both: 0, missing: 0, pending: 0, excluded: 0 };
    const more = { ...differences.byMedia, chat };
    expect(brokenEquations(aStatement({ differences: { ...differences, byMedia: more } }))).toEqual([]);
  });

  it('name each sum that does not come out', () => {
    const { archive, log, policy } = aStatement();
    const cases: readonly (readonly [Partial<Statement>, string])[] = [
      [{ archive: { ...archive, receipts: 11 } }, 'receipts = archived + adopted + completed + terminal'],
      [{ archive: { ...archive, recordings: 10 } }, 'archive.recordings = both + unexpected'],
      [
        { archive: { ...archive, refused: { total: 1, byReason: {} } } },
        'refused.total = sum of refused.byReason',
      ],
      [
        { archive: { ...archive, objects: { ...archive.objects, sizeDiffers: 10 } } },
        'objects.sizeDiffers ≤ objects.compared',
      ],
      [{ log: { ...log, to: 11 } }, 'log: before ≤ from ≤ to ≤ index'],
      [{ log: { ...log, from: 10, to: 9 } }, 'log: before ≤ from ≤ to ≤ index'],
      [{ log: { ...log, before: { ...log.before, size: 1 } } }, 'log: before ≤ from ≤ to ≤ index'],
      [{ log: { ...log, first: '2026-03-03' } }, 'log: first ≤ through'],
      [{ policy: { ...policy, rules: {} } }, 'policy.sha256 = SHA-256 of policy.rules'],
      [
        { differences: { ...differences, both: 7 } },
        'source.recordings = both + excluded + pending + missing',
      ],
      [
        { differences: { ...differences, missing: { total: 1, byReason: {} } } },
        'missing.total = sum of missing.byReason',
      ],
      [
        { source: { ...asked, byMedia: { call: 10 } } },
        'source.byMedia.call = both + excluded + pending + missing',
      ],
      [{ source: { ...asked, byMedia: { call: 9 } } }, 'source.recordings = sum of source.byMedia'],
      [{ source: { ...asked, list: { ...asked.list, count: 9 } } }, 'source.list.count = source.recordings'],
      [
        { differences: { ...differences, list: { ...differences.list, count: 2 } } },
        'differences.list.count = missing + pending + excluded + unexpected',
      ],
      [
        { source: { unavailable: { code: 'X', asked: '2026-03-03T03:00:00.000Z' } } },
        'differences, if and only if the source was asked',
      ],
    ];
    for (const [change, equation] of cases) expect(brokenEquations(aStatement(change))).toContain(equation);
  });
});
