import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  deleteDateOf,
  type DeletionFacts,
  type DeletionRules,
  judgeDeletion,
} from '../../../src/keep/source-delete/policy.ts';
import { isByUs, type SourceDeletion } from '../../../src/record/source-deletion.ts';

const DAY_MS = 86_400_000;
const NOW = Date.parse('2026-11-28T15:30:00Z');

const OWN_DATE = '2026-12-01T00:00:00.000Z';

const RULES: DeletionRules = {
  compare: true,
  statedUnredacted: false,
  wantsContext: true,
  wantsTranscript: true,
  graceDays: 7,
  drillDays: 30,
  plannedAt: NOW - 60_000,
};

const GOOD: DeletionFacts = {
  copy: {
    objects: 'verified',
    comparison: 'same',
    seesUnredacted: 'yes',
    context: 'kept',
    transcript: 'kept',
  },
  heldBy: [],
  protection: 'none',
  source: {
    state: 'listed',
    fileState: 'AVAILABLE',
    dates: { deleteDate: undefined, archiveDate: undefined },
    exportPending: false,
  },
  drill: { at: NOW - 3 * DAY_MS, restored: 20, failed: 0 },
  last: undefined,
};

const listed = (more: object) => ({ ...GOOD, source: { ...GOOD.source, ...more } }) as DeletionFacts;
const copied = (more: Partial<DeletionFacts['copy']>): DeletionFacts => ({
  ...GOOD,
  copy: { ...GOOD.copy, ...more },
});
const stepped = (step: SourceDeletion['step'], more: Partial<SourceDeletion> = {}): SourceDeletion => ({
  schema: 'genesys-media-archive/source-deletion/v1',
  n: 1,
  step,
  day: '2026-05-20',
  ids: { conversation: 'c', recording: 'r' },
  by: 'A. Brandt',
  times: { issued: new Date(NOW - 30_000).toISOString() },
  tool: { name: 'genesys-media-archive', version: '1' },
  ...more,
});

describe('what may be deleted at the source', () => {
  it('allows what is verified in every respect, on the first midnight that is seven days away', () => {
    expect(judgeDeletion(GOOD, RULES, NOW)).toEqual({
      state: 'allowed',
      deleteDate: '2026-12-06T00:00:00.000Z',
    });
  });

  const REFUSED: readonly (readonly [string, DeletionFacts, Partial<DeletionRules>?])[] = [
    ['missing', copied({ objects: 'missing' })],
    ['erased', copied({ objects: 'erased' })],
    ['quarantined', copied({ objects: 'quarantined' })],
    ['other-recording', copied({ objects: 'other-recording' })],
    ['damaged', copied({ objects: 'damaged' })],
    ['unproven', copied({ objects: 'unproven' })],
    ['partial', copied({ objects: 'partial' })],
    ['partial', copied({ comparison: 'partial' }), { statedUnredacted: true }],
    ['different', copied({ comparison: 'different' }), { statedUnredacted: true }],
    ['different', copied({ comparison: 'different' }), { statedUnredacted: true, compare: false }],
    ['not-compared', copied({ comparison: 'unavailable' }), { statedUnredacted: true }],
    ['maybe-redacted', copied({ seesUnredacted: 'no' })],
    ['maybe-redacted', copied({ seesUnredacted: 'unknown' })],
    ['maybe-redacted', copied({ comparison: 'not-asked', seesUnredacted: 'not-asked' }), { compare: false }],
    ['context-missing', copied({ context: 'missing' })],
    ['context-missing', copied({ context: 'damaged' })],
    ['transcript-missing', copied({ transcript: 'missing' })],
    ['transcript-missing', copied({ transcript: 'forbidden' })],
    ['transcript-missing', copied({ transcript: 'damaged' })],
    ['held', { ...GOOD, heldBy: ['h-20261128-0123456789ab'] }],
    ['protected', { ...GOOD, protection: 'protected' }],
    ['protection-unknown', { ...GOOD, protection: 'unknown' }],
    ['drill-missing', { ...GOOD, drill: { at: undefined, restored: 0, failed: 0 } }],
    ['drill-missing', { ...GOOD, drill: { at: NOW - 31 * DAY_MS, restored: 9, failed: 0 } }],
    ['drill-missing', { ...GOOD, drill: { at: NOW + DAY_MS, restored: 9, failed: 0 } }],
    ['drill-missing', { ...GOOD, drill: { at: NOW - DAY_MS, restored: 0, failed: 0 } }],
    ['drill-failed', { ...GOOD, drill: { at: NOW - DAY_MS, restored: 9, failed: 1 } }],
    ['source-unknown', { ...GOOD, source: { state: 'unknown', code: 'GENESYS_FORBIDDEN', reason: '403' } }],
    ['not-available', listed({ fileState: 'ARCHIVED' })],
    ['not-available', listed({ fileState: 'UPLOADING' })],
    ['export-pending', listed({ exportPending: true })],
    ['own-date', listed({ dates: { deleteDate: '2026-12-01T00:00:00.000Z', archiveDate: undefined } })],
    ['taken-back', { ...GOOD, last: stepped('cancelled') }],
    ['date-removed', { ...GOOD, last: stepped('marked', { deleteDate: '2026-12-06T00:00:00.000Z' }) }],
  ];
  for (const [reason, facts, rules] of REFUSED) {
    it(`refuses for ${reason} alone: ${JSON.stringify({ ...facts, ...rules }).slice(0, 60)}…`, () => {
      expect(judgeDeletion(facts, { ...RULES, ...rules }, NOW)).toEqual({
        state: 'refused',
        reasons: [reason],
      });
    });
  }

  it('allows only what has no reason against it, in any combination of findings', () => {
    // the good value of each is drawn most often, or hardly any combination would be allowed
    const mostly = <T>(good: T, ...others: readonly T[]) =>
      fc.oneof(
        { weight: 6, arbitrary: fc.constant(good) },
        { weight: 1, arbitrary: fc.constantFrom(...others) },
      );
    const facts: fc.Arbitrary<DeletionFacts> = fc.record({
      copy: fc.record({
        objects: mostly<DeletionFacts['copy']['objects']>(
          'verified',
          'partial',
          'unproven',
          'damaged',
          'missing',
          'erased',
          'quarantined',
          'other-recording',
        ),
        comparison: mostly<DeletionFacts['copy']['comparison']>(
          'same',
          'different',
          'partial',
          'unavailable',
          'not-asked',
        ),
        seesUnredacted: mostly<DeletionFacts['copy']['seesUnredacted']>('yes', 'no', 'unknown', 'not-asked'),
        context: mostly<DeletionFacts['copy']['context']>('kept', 'missing', 'damaged', 'not-asked'),
        transcript: mostly<DeletionFacts['copy']['transcript']>(
          'kept',
          'none',
          'forbidden',
          'missing',
          'damaged',
          'not-asked',
        ),
      }),
      heldBy: mostly<readonly string[]>([], ['h']),
      protection: mostly<DeletionFacts['protection']>('none', 'protected', 'unknown'),
      source: fc.record({
        state: fc.constant('listed' as const),
        fileState: mostly('AVAILABLE', 'ARCHIVED', 'RESTORED'),
        dates: fc.record({
          deleteDate: mostly<string | undefined>(undefined, OWN_DATE, '2030-01-01T00:00:00.000Z'),
          archiveDate: fc.constant(undefined),
        }),
        exportPending: mostly(false, true),
      }),
      drill: fc.record({
        at: mostly<number | undefined>(NOW - DAY_MS, undefined, NOW - 40 * DAY_MS),
        restored: mostly(2, 0),
        failed: mostly(0, 1),
      }),
      last: fc.constant(undefined),
    });
    const rules = fc.record({
      compare: fc.boolean(),
      statedUnredacted: fc.boolean(),
      wantsContext: fc.boolean(),
      wantsTranscript: fc.boolean(),
      graceDays: fc.constantFrom(7, 30),
      drillDays: fc.constant(30),
      plannedAt: fc.constant(NOW),
    });
    let allowed = 0;
    fc.assert(
      fc.property(facts, rules, (found, wanted) => {
        const verdict = judgeDeletion(found, wanted, NOW);
        const { copy, source, drill } = found;
        const unredacted =
          wanted.statedUnredacted || (copy.comparison === 'same' && copy.seesUnredacted === 'yes');
        const isGood =
          copy.objects === 'verified' &&
          copy.comparison !== 'different' &&
          copy.comparison !== 'partial' &&
          (!wanted.compare || copy.comparison === 'same') &&
          unredacted &&
          (!wanted.wantsContext || copy.context === 'kept') &&
          (!wanted.wantsTranscript || copy.transcript === 'kept' || copy.transcript === 'none') &&
          found.heldBy.length === 0 &&
          found.protection === 'none' &&
          source.state === 'listed' &&
          source.fileState === 'AVAILABLE' &&
          !source.exportPending &&
          source.dates.deleteDate !== OWN_DATE &&
          drill.at === NOW - DAY_MS &&
          drill.failed === 0 &&
          drill.restored > 0;
        if (isGood) allowed += 1;
        expect(verdict.state).toBe(isGood ? 'allowed' : 'refused');
      }),
      { numRuns: 10_000 },
    );
    expect(allowed).toBeGreaterThan(100);
  });

  it('never comes sooner than the grace, also where the platform drops the time of day', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 7, max: 90 }), (now, graceDays) => {
        const date = deleteDateOf(now, graceDays);
        expect(date.slice(10)).toBe('T00:00:00.000Z');
        expect(Date.parse(date)).toBeGreaterThanOrEqual(now + graceDays * DAY_MS);
        expect(Date.parse(date)).toBeLessThan(now + (graceDays + 1) * DAY_MS);
      }),
    );
  });

  it('takes a recording that is gone for ours only when a date that we set had come', () => {
    const past = { deleteDate: '2026-11-27T00:00:00.000Z' };
    const ahead = { deleteDate: '2026-12-06T00:00:00.000Z' };
    expect(isByUs(undefined, NOW)).toBe(false);
    expect(isByUs(stepped('marked', past), NOW)).toBe(true);
    expect(isByUs(stepped('marking', past), NOW)).toBe(true);
    expect(isByUs(stepped('cancelling', past), NOW)).toBe(true);
    expect(isByUs(stepped('marked', ahead), NOW)).toBe(false);
    expect(isByUs(stepped('cancelled', past), NOW)).toBe(false);
    expect(isByUs(stepped('refused', past), NOW)).toBe(false);
    expect(isByUs(stepped('gone'), NOW)).toBe(true);
  });

  it('says of what is marked already that it is, and begins anew what was not finished', () => {
    const date = '2026-12-06T00:00:00.000Z';
    const marked = listed({ dates: { deleteDate: '2026-12-06T00:00:00Z', archiveDate: undefined } });
    expect(
      judgeDeletion({ ...marked, last: stepped('marked', { deleteDate: date }) }, RULES, NOW),
    ).toMatchObject({
      state: 'already',
    });
    expect(
      judgeDeletion({ ...marked, last: stepped('marking', { deleteDate: date }) }, RULES, NOW),
    ).toMatchObject({
      state: 'allowed',
    });
    expect(judgeDeletion({ ...GOOD, source: { state: 'gone', answer: 'DELETED' } }, RULES, NOW)).toEqual({
      state: 'gone',
      answer: 'DELETED',
      byUs: false,
    });
  });
});
