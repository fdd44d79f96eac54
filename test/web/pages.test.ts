import { describe, expect, it } from 'vitest';
import type { CompletenessDay } from '../../src/console/api-keeping-schema.ts';
import { heardText } from '../../web/pages/access-words.ts';
import { contextOf, marksOf } from '../../web/pages/recording/context.ts';
import { kindOf, sumOf } from '../../web/pages/day-kind.ts';
import {
  askedOf,
  countFilters,
  dayAndTime,
  filtersOf,
  nextCursor,
  timeOf,
  typedValues,
} from '../../web/pages/recordings/filters.ts';
import { custodyOf } from '../../web/pages/recording/receipt.ts';
import { daysOfMonth } from '../../web/ui/months.ts';

describe('filters', () => {
  it('take pasted ids however they are separated, each once', () => {
    expect(typedValues('id', 'a, b;c\n"d"\t a')).toEqual(['a', 'b', 'c', 'd']);
    expect(typedValues('queue', 'Claims, north; Sales ')).toEqual(['Claims, north', 'Sales']);
  });

  it('forget where the list stood when one of them changes, and keep what is no filter out', () => {
    const kept = filtersOf(new URLSearchParams('queue=A&queue=B&cursor=1~x&page=2&archive=east&direction='));
    expect(kept.toString()).toBe('queue=A&queue=B');
    expect(countFilters(kept)).toBe(1);
  });

  it('ask for many ids a portion at a time, and miss none', () => {
    const ids = Array.from({ length: 400 }, (_, index) => `id-${index}`);
    const query = new URLSearchParams(ids.map((id): [string, string] => ['id', id]));
    const seen: string[] = [];
    let cursor: string | undefined = '';
    for (let pages = 0; cursor !== undefined && pages < 10; pages += 1) {
      query.set('cursor', cursor);
      seen.push(...[askedOf(query)['id'] ?? []].flat());
      cursor = nextCursor(query, null);
    }
    expect(seen).toEqual(ids);
  });

  it('go on with the cursor of the server within a portion', () => {
    const query = new URLSearchParams('queue=A&cursor=0~abc~def');
    expect(askedOf(query)['cursor']).toBe('abc~def');
    expect(nextCursor(query, 'next')).toBe('0~next');
    expect(nextCursor(query, null)).toBeUndefined();
  });

  it('include the whole minute at the end of a time', () => {
    expect(timeOf('2026-11-27', '10:30', false)).toBe('2026-11-27T10:30:00Z');
    expect(timeOf('2026-11-27', '10:30', true)).toBe('2026-11-27T10:30:59Z');
    expect(timeOf('2026-11-27', '', true)).toBe('2026-11-27');
    expect(dayAndTime('2026-11-27T10:30:59Z')).toEqual(['2026-11-27', '10:30']);
    expect(dayAndTime('nonsense')).toEqual(['', '']);
  });
});

const day = (changed: Partial<CompletenessDay>): CompletenessDay => ({
  date: '2026-11-27',
  statement: 'sealed',
  recorded: 4,
  archived: 4,
  gone: 0,
  pending: 0,
  missing: 0,
  ...changed,
});

describe('a day', () => {
  it('is complete only when its final statement verifies and nothing is missing or pending', () => {
    expect(kindOf(day({}))).toBe('complete');
    for (const changed of [
      { statement: 'none' },
      { statement: 'unchecked' },
      { statement: 'provisional' },
      { statement: 'broken' },
      { missing: 1 },
      { missing: null },
      { pending: 1 },
      { pending: null },
      { recorded: null },
    ] as const)
      expect(kindOf(day(changed))).not.toBe('complete');
  });

  it('is broken before all else, and says missing before pending', () => {
    expect(kindOf(day({ statement: 'broken', missing: 3 }))).toBe('broken');
    expect(kindOf(day({ missing: 3, pending: 1 }))).toBe('missing');
    expect(kindOf(day({ statement: 'none', recorded: null, missing: null, pending: null }))).toBe('unasked');
    expect(kindOf(day({ statement: 'provisional' }))).toBe('provisional');
  });

  it('without recordings and without a statement is empty, not complete, and counts for no day', () => {
    const blank = day({ statement: 'none', recorded: null, archived: 0, missing: null, pending: null });
    expect(kindOf(blank)).toBe('blank');
    expect(sumOf([blank, day({})])).toMatchObject({ days: 1, notAsked: 0, complete: 1 });
    expect(kindOf({ ...blank, missing: 2 })).toBe('missing');
  });

  it('that was not compared counts for nothing in the sum of what was recorded', () => {
    const sum = sumOf([day({ missing: 1 }), day({ recorded: null, missing: null, archived: 7 })]);
    expect(sum).toEqual({ archived: 11, recorded: 4, missing: 1, days: 2, notAsked: 1, complete: 0 });
    expect(sumOf([day({ recorded: null })]).recorded).toBeUndefined();
  });
});

describe('a month', () => {
  it('has each of its days once, in weeks from Monday on', () => {
    const weeks = daysOfMonth(2024, 1);
    expect(weeks.every((week) => week.length === 7)).toBe(true);
    expect(weeks.flat().filter((one) => one !== undefined)).toHaveLength(29);
    expect(weeks[0]?.indexOf('2024-02-01')).toBe(3);
    expect(daysOfMonth(2026, 1).flat()[0]).toBeUndefined();
  });
});

describe('a context', () => {
  const stored = {
    conversationId: 'c',
    participants: [{ purpose: 'agent', queueName: 'Claims', holds: [{}, {}], wrapUp: { code: 'w' } }, null],
    recordings: [
      {
        id: 'r1',
        pauses: [
          { reason: 'hold', offsetMs: 1000, durationMs: 2000 },
          { reason: 'secure', offsetMs: 5000, durationMs: 500 },
          { reason: 'broken', offsetMs: 'x' },
        ],
      },
      { id: 'r2', pauses: [{ reason: 'hold', offsetMs: 0, durationMs: 1 }] },
    ],
  };

  it('marks the holds and pauses of its own recording, in seconds of the file', () => {
    expect(marksOf(contextOf(stored), 'r1')).toEqual([
      { span: [1, 3], kind: 'hold', words: 'hold' },
      { span: [5, 5.5], kind: 'pause', words: 'secure' },
    ]);
  });

  it('leaves out what is not of the expected shape, and is unknown where none was archived', () => {
    const context = contextOf(stored);
    expect(context?.participants[0]).toMatchObject({
      purpose: 'agent',
      queue: 'Claims',
      holds: 2,
      wrapUp: 'w',
    });
    expect(context?.participants[1]).toMatchObject({ purpose: undefined, holds: 0 });
    expect(contextOf(undefined)).toBeUndefined();
    expect(contextOf({ participants: 'no', recordings: 3 })?.participants).toEqual([]);
  });
});

describe('custody', () => {
  it('says of a receipt what it states, and of the rest that it is not known', () => {
    const custody = custodyOf({
      kind: 'archived',
      times: { issued: 't' },
      signature: { keyId: 'k' },
      source: 'odd',
    });
    expect(custody).toMatchObject({ kind: 'archived', issued: 't', signedBy: 'k', resumes: undefined });
    expect(custodyOf(null)).toBeUndefined();
  });
});

describe('what was heard', () => {
  it('is said in spans, or as nothing', () => {
    expect(heardText([[0, 61.9]])).toBe('0:00–1:01');
    expect(heardText([])).toBe('nothing');
  });
});
