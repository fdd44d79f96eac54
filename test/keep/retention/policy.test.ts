import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decideRetention,
  dueRetention,
  formatAtWrite,
  removalDays,
  type RetentionFacts,
  retentionAtWrite,
  UNKNOWN_AFTER_DAYS,
} from '../../../src/keep/retention/policy.ts';
import { DAY_MS } from '../../../src/recording/time.ts';
import { RETENTION_MEDIA, type RetentionRules } from '../../../src/record/retention-file.ts';

const QUEUES = ['q1', 'q2', 'q3'];
const DIVISIONS = ['d1', 'd2'];
const UNKNOWN: RetentionFacts = { media: undefined, queues: undefined, divisions: undefined };

const days = fc.integer({ min: 0, max: 4000 });
const term = fc.record({ keep: days, more: fc.option(days, { nil: undefined }) }).map(({ keep, more }) => ({
  keep,
  ...(more === undefined ? {} : { remove: Math.max(1, keep + more) }),
}));
const some = (values: readonly string[]) =>
  fc.option(fc.subarray([...values], { minLength: 1 }), { nil: undefined });
const rule = fc
  .record({ media: some(RETENTION_MEDIA), queues: some(QUEUES), divisions: some(DIVISIONS), term })
  .map(({ media, queues, divisions, term: own }) => ({
    name: 'r',
    ...(media === undefined ? {} : { media }),
    ...(queues === undefined ? {} : { queues }),
    ...(divisions === undefined ? {} : { divisions }),
    ...own,
  }));
const file = fc
  .record({
    by: fc.constantFrom('compliance' as const, 'governance' as const, 'tags' as const),
    rules: fc.array(rule, { maxLength: 6 }),
    otherwise: term,
  })
  .map((made) => ({ schema: 'genesys-media-archive/retention/v1', ...made }) as unknown as RetentionRules);
const known = fc.record({
  media: fc.constantFrom(...RETENTION_MEDIA),
  queues: fc.subarray(QUEUES),
  divisions: fc.subarray(DIVISIONS),
});
const forget = fc.record({ media: fc.boolean(), queues: fc.boolean(), divisions: fc.boolean() });
const without = (
  facts: RetentionFacts,
  { media, queues, divisions }: Record<keyof RetentionFacts, boolean>,
) => ({
  media: media ? undefined : facts.media,
  queues: queues ? undefined : facts.queues,
  divisions: divisions ? undefined : facts.divisions,
});

const rules = (text: Partial<RetentionRules>): RetentionRules =>
  ({
    schema: '',
    by: 'compliance',
    rules: [],
    otherwise: { keep: 90 },
    ...text,
  }) as unknown as RetentionRules;
const TRADES = { name: 'trades', queues: ['q1'], keep: 2562, remove: 3000 };

describe('the rules of retention', () => {
  it('apply the longest of those that are for a recording, and otherwise only where none is', () => {
    const both = rules({ rules: [TRADES, { name: 'calls', media: ['call'], keep: 30 }] });
    expect(decideRetention(both, { media: 'call', queues: ['q1'], divisions: [] })).toMatchObject({
      rules: ['trades', 'calls'],
      keepDays: 2562,
      removeDays: undefined,
      isCertain: true,
    });
    expect(decideRetention(both, { media: 'call', queues: [], divisions: [] }).keepDays).toBe(30);
    expect(decideRetention(both, { media: 'email', queues: [], divisions: [] })).toMatchObject({
      rules: ['otherwise'],
      keepDays: 90,
    });
  });

  it('take a queue that is not known for any: the longest applies, and what is sure is the shortest', () => {
    const decision = decideRetention(rules({ rules: [TRADES] }), { ...UNKNOWN, media: 'call' });
    expect(decision).toMatchObject({
      rules: ['otherwise', 'trades'],
      isCertain: false,
      keepDays: 2562,
      sureKeepDays: 90,
    });
  });

  it('are never shorter, for whom less is known, and never surer, in any file', () => {
    fc.assert(
      fc.property(file, known, forget, (made, facts, hidden) => {
        const full = decideRetention(made, facts);
        const part = decideRetention(made, without(facts, hidden));
        expect(full.isCertain).toBe(true);
        expect(full.sureKeepDays).toBe(full.keepDays);
        expect(part.keepDays).toBeGreaterThanOrEqual(full.keepDays);
        expect(part.sureKeepDays).toBeLessThanOrEqual(full.keepDays);
        expect(part.removeDays ?? Infinity).toBeGreaterThanOrEqual(full.removeDays ?? Infinity);
        if (part.isCertain) expect(part.keepDays).toBe(full.keepDays);
        if (part.isRemovalCertain) expect(part.removeDays).toBe(full.removeDays);
      }),
      { numRuns: 2000 },
    );
  });

  it('never let something go before it may, at whichever time they are applied', () => {
    fc.assert(
      fc.property(file, known, forget, fc.integer({ min: 0, max: 9000 }), (made, facts, hidden, age) => {
        const full = decideRetention(made, facts);
        const due = dueRetention(decideRetention(made, without(facts, hidden)), { at: 0, now: age * DAY_MS });
        if (due.tagDays !== undefined) {
          expect(due.tagDays).toBeGreaterThanOrEqual(full.removeDays ?? Infinity);
          expect(due.tagDays).toBeGreaterThanOrEqual(full.keepDays);
        }
        // while something may still become known, no lock is longer than what the recording needs
        if (due.isWaiting && due.lockUntil !== undefined)
          expect(due.lockUntil).toBeLessThanOrEqual(full.keepDays * DAY_MS);
        if (!due.isWaiting && full.keepDays > age)
          expect(due.lockUntil ?? 0).toBeGreaterThanOrEqual(full.keepDays * DAY_MS);
      }),
      { numRuns: 2000 },
    );
  });

  it('wait for what is not known until the day that the log waits for, and then apply the longest', () => {
    const decision = decideRetention(rules({ rules: [TRADES] }), { ...UNKNOWN, media: 'call' });
    const at = Date.parse('2026-05-20T00:00:00Z');
    const on = (day: number) => dueRetention(decision, { at, now: at + day * DAY_MS });
    expect(on(UNKNOWN_AFTER_DAYS - 1)).toEqual({
      lockUntil: at + 90 * DAY_MS,
      tagDays: undefined,
      isWaiting: true,
    });
    expect(on(UNKNOWN_AFTER_DAYS)).toMatchObject({ lockUntil: at + 2562 * DAY_MS, isWaiting: false });
  });

  it('lock nothing until a time that is over', () => {
    const decision = decideRetention(rules({}), { media: 'call', queues: [], divisions: [] });
    expect(dueRetention(decision, { at: 0, now: 91 * DAY_MS }).lockUntil).toBeUndefined();
  });
});

const atWrite = (made: RetentionRules) => {
  const sure = retentionAtWrite(made);
  return sure === undefined ? '' : formatAtWrite(sure);
};

describe('what is applied at the write', () => {
  const calls = { name: 'calls', media: ['call' as const], keep: 365, remove: 400 };

  it('is what is sure by the medium alone', () => {
    expect(atWrite(rules({ rules: [TRADES, calls] }))).toBe('compliance audio=365 video=90 other=90');
  });

  it('is a tag only where it is sure when something goes', () => {
    expect(atWrite(rules({ by: 'tags', rules: [calls] }))).toBe('tags audio=400');
    expect(atWrite(rules({ by: 'tags', rules: [TRADES, calls] }))).toBe('');
  });

  it('is nothing where nothing must stay', () => {
    expect(atWrite(rules({ otherwise: { keep: 0 } }))).toBe('');
  });

  it('is never longer than the rules want of any recording of that medium', () => {
    fc.assert(
      fc.property(file, known, (made, facts) => {
        const stated = atWrite({ ...made, by: 'compliance' });
        const kind = facts.media === 'call' ? 'audio' : facts.media === 'screen' ? 'video' : 'other';
        const own = Number(new RegExp(`${kind}=(\\d+)`).exec(stated)?.[1] ?? 0);
        expect(own).toBeLessThanOrEqual(decideRetention(made, facts).keepDays);
      }),
      { numRuns: 1000 },
    );
  });

  it('has a lifecycle rule for every number of days that a tag may have', () => {
    fc.assert(
      fc.property(file, known, forget, (made, facts, hidden) => {
        const { tagDays } = dueRetention(decideRetention(made, without(facts, hidden)), { at: 0, now: 0 });
        if (tagDays !== undefined) expect(removalDays(made)).toContain(tagDays);
      }),
    );
  });
});
