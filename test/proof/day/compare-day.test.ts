import { describe, expect, it } from 'vitest';
import type { SourceRecording } from '../../../src/ports.ts';
import {
  type Compared,
  compareDay,
  type ComparedDay,
  countDifferences,
  type DayHoldings,
  lineOf,
} from '../../../src/proof/day/compare-day.ts';
import type { ExcludedReason } from '../../../src/proof/formats/reasons.ts';
import { subjectHash } from '../../../src/record/erasure.ts';
import { idFrom } from '../archive-fixture.ts';

const D = '2026-03-02';
const ID = idFrom('call');
const AT = Date.parse(`${D}T12:00:00Z`);

/** Without the members that are optional: where quarantine, expiry and deletion at the source were not looked up. */
const NOTHING: DayHoldings = {
  held: new Set(),
  terminal: new Map(),
  lost: new Set(),
  erased: new Set(),
  elsewhere: new Set(),
  failed: new Map(),
};

const listed = (change: Partial<SourceRecording> = {}): SourceRecording => ({
  conversationId: idFrom('conversation'),
  recordingId: ID,
  media: 'call',
  startedAt: AT,
  state: 'available',
  ...change,
});

const compare = (change: Partial<ComparedDay>) =>
  compareDay({ day: D, source: [listed()], holdings: NOTHING, seesAll: true, ...change });

/** State and reason of the one recording that the platform lists. */
function verdict(holdings: Partial<DayHoldings>, recording: Partial<SourceRecording> = {}) {
  const [{ state, reason } = { state: 'none' }, ...others] = compare({
    source: [listed(recording)],
    holdings: { ...NOTHING, ...holdings },
  }).listed;
  expect(others).toEqual([]);
  return reason === undefined ? state : `${state} ${reason}`;
}

const only = new Set([ID]);
const hashed = new Set([subjectHash(ID)]);
const ended = new Map<string, ExcludedReason>([[ID, 'errored-at-source']]);
const expired = 'excluded policy:retention';

describe('what became of a recording that the platform lists', () => {
  it('is decided by the first that holds, from what was seen here to what the platform says', () => {
    const all = {
      held: only,
      erased: hashed,
      quarantined: only,
      lost: only,
      expired: only,
      elsewhere: only,
      terminal: ended,
      failed: new Map([[ID, 'MEDIA_TRUNCATED']]),
    };
    const verdicts = Object.keys(all).map((_, at) =>
      verdict(Object.fromEntries(Object.entries(all).slice(at)) as Partial<DayHoldings>),
    );
    expect(verdicts).toEqual([
      'both',
      'excluded erased',
      'pending quarantined',
      'missing lost',
      expired,
      'excluded other-day',
      'missing failed:MEDIA_TRUNCATED',
      'missing failed:MEDIA_TRUNCATED',
    ]);
    expect(verdict({})).toBe('missing never-announced');
  });

  it('is what the platform says of one that is excluded, unless what was here is known better', () => {
    const excluded = { state: 'excluded', reason: 'sensitive' } as const;
    expect(verdict({ elsewhere: only, terminal: ended }, excluded)).toBe('excluded sensitive');
    expect(verdict({}, { state: 'excluded' })).toBe('excluded no-media');
    expect(verdict({}, { state: 'excluded', reason: 'uploading' })).toBe('excluded no-media');
    expect(verdict({ expired: only }, excluded)).toBe(expired);
    expect(verdict({ held: only }, excluded)).toBe('both');
  });

  it('is pending while the platform has it not ready, unless the platform had said that it never will', () => {
    expect(verdict({}, { state: 'pending', reason: 'restoring' })).toBe('pending restoring');
    expect(verdict({}, { state: 'pending' })).toBe('pending uploading');
    expect(verdict({}, { state: 'pending', reason: 'sensitive' })).toBe('pending uploading');
    expect(verdict({ terminal: ended }, { state: 'pending', reason: 'restoring' })).toBe(
      'excluded errored-at-source',
    );
    expect(verdict({ elsewhere: only, terminal: ended }, { state: 'pending' })).toBe('excluded other-day');
    expect(verdict({ failed: new Map([[ID, 'MEDIA_TRUNCATED']]) }, { state: 'pending' })).toBe(
      'pending uploading',
    );
  });

  it('names the error that it failed with where that is a code, and else what the receipts say', () => {
    const odd = new Map([[ID, 'no code']]);
    expect(verdict({ failed: odd })).toBe('missing never-announced');
    expect(verdict({ failed: odd, terminal: ended })).toBe('missing failed:TERMINAL');
  });

  it('is told by ids in one spelling, with what the platform says of it and no more', () => {
    const source = [
      listed({ recordingId: ID.toUpperCase(), conversationId: idFrom('conversation').toUpperCase() }),
      { ...listed({ recordingId: idFrom('other'), divisionId: 'north' }), startedAt: AT + 1 },
    ];
    const common = { conversationId: idFrom('conversation'), media: 'call' };
    expect(compare({ source, holdings: { ...NOTHING, held: only } })).toEqual({
      listed: [
        { ...common, recordingId: ID, startedAt: AT, state: 'both' },
        {
          ...common,
          recordingId: idFrom('other'),
          startedAt: AT + 1,
          divisionId: 'north',
          state: 'missing',
          reason: 'never-announced',
        },
      ],
      unexpected: [],
    });
  });

  it('is of the day where the platform does not say when it began', () => {
    const [{ startedAt: _, ...undated }] = [listed()];
    expect(compare({ source: [undated] }).listed).toEqual([
      expect.objectContaining({ recordingId: ID, state: 'missing' }),
    ]);
  });
});

describe('a recording that is held and not listed', () => {
  it('has nothing of the platform’s, and the reason why it may be so', () => {
    const holdings = { ...NOTHING, held: only };
    const unexpected = (change: Partial<ComparedDay>) =>
      compare({ source: [], holdings, ...change }).unexpected;
    expect(unexpected({})).toEqual([
      {
        conversationId: 'unknown',
        recordingId: ID,
        media: 'unknown',
        state: 'unexpected',
        reason: 'gone-at-source',
      },
    ]);
    expect(unexpected({ seesAll: false }).map(({ reason }) => reason)).toEqual(['outside-visibility']);
    const ours = { holdings: { ...holdings, deletedByUs: hashed } };
    expect(unexpected(ours).map(({ reason }) => reason)).toEqual(['deleted-by-archive']);
    const others = { holdings: { ...holdings, deletedByUs: new Set([subjectHash(idFrom('other'))]) } };
    expect(unexpected(others).map(({ reason }) => reason)).toEqual(['gone-at-source']);
  });
});

describe('counts of a comparison', () => {
  const of = (state: Compared['state'], reason?: string, media = 'call'): Compared => ({
    conversationId: 'c',
    recordingId: 'r',
    media,
    state,
    ...(reason === undefined ? {} : { reason }),
  });

  it('are by state, by reason and by kind of media; a kind that only the archive names has none', () => {
    const counts = countDifferences({
      listed: [
        of('both'),
        of('both', undefined, 'screen'),
        of('missing', 'lost'),
        of('missing', 'lost', 'screen'),
        of('missing', 'never-announced'),
        of('pending', 'uploading'),
        of('excluded', 'sensitive', 'chat'),
      ],
      unexpected: [of('unexpected', 'gone-at-source', 'unknown'), of('unexpected', 'gone-at-source')],
    });
    expect(counts).toEqual({
      both: 2,
      missing: { total: 3, byReason: { lost: 2, 'never-announced': 1 } },
      pending: { total: 1, byReason: { uploading: 1 } },
      excluded: { total: 1, byReason: { sensitive: 1 } },
      unexpected: { total: 2, byReason: { 'gone-at-source': 2 } },
      byMedia: {
        call: { both: 1, excluded: 0, missing: 2, pending: 1 },
        screen: { both: 1, excluded: 0, missing: 1, pending: 0 },
        chat: { both: 0, excluded: 1, missing: 0, pending: 0 },
      },
    });
  });

  it('become lines that say when it began, and why, only where that is known', () => {
    expect(lineOf({ ...of('both'), startedAt: AT }, 'ab')).toEqual({
      conversation: 'c',
      media: 'call',
      nonce: 'ab',
      recording: 'r',
      started: `${D}T12:00:00.000Z`,
      state: 'both',
    });
    expect(lineOf(of('missing', 'lost'), 'ab')).toEqual({
      conversation: 'c',
      media: 'call',
      nonce: 'ab',
      reason: 'lost',
      recording: 'r',
      state: 'missing',
    });
  });
});
