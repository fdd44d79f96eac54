import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import type { QuarantineFacts } from '../../src/ports.ts';
import { type QuarantineRule, parseQuarantineFile } from '../../src/record/quarantine/file.ts';
import { decideBy, formatQuarantineNote, readQuarantineNote } from '../../src/record/quarantine/note.ts';
import {
  decideQuarantine,
  factsNeeded,
  mediumOfFile,
  QUARANTINE_UNKNOWNS,
} from '../../src/record/quarantine/policy.ts';
import {
  bothPlaces,
  isQuarantineKey,
  releasedKey,
  withoutReleased,
} from '../../src/record/quarantine/key.ts';
import { DATE_LAYOUT, createLayout, identifyKey } from '../../src/record/layout.ts';

const QUEUE = '0d5a3c6e-1111-4111-8111-111111111111';
const OTHER = '0d5a3c6e-2222-4222-8222-222222222222';
const file = (rules: unknown, more: object = {}) =>
  JSON.stringify({ schema: 'genesys-media-archive/quarantine/v1', rules, ...more }, null, 1);
const parse = (rules: unknown, more: object = {}) => parseQuarantineFile(file(rules, more), 'q.json');
function refusal(rules: unknown, more: object = {}): ArchiveError | undefined {
  try {
    parse(rules, more);
  } catch (error) {
    if (error instanceof ArchiveError) return error;
    throw error;
  }
  return undefined;
}

const NOTHING: QuarantineFacts = {
  media: undefined,
  queues: undefined,
  divisions: undefined,
  annotations: undefined,
};
const KNOWN: QuarantineFacts = { media: 'call', queues: [QUEUE], divisions: [OTHER], annotations: [] };

describe('the file of rules', () => {
  it('is read strictly, and each mistake is told with its line', () => {
    expect(parse([]).rules).toEqual([]);
    expect(parse([{ name: 'a', queues: [QUEUE.toUpperCase()], for: '7d' }]).rules).toEqual([
      { name: 'a', queues: [QUEUE], for: 7, unknown: 'quarantine' },
    ]);
    for (const [rules, said] of [
      [[{ name: 'a', for: '7d' }], 'has none of media, queues'],
      [[{ name: 'a', media: ['call'] }], 'for is missing'],
      [[{ name: 'a', media: ['call'], for: '367d' }], 'more than 366 days'],
      [[{ name: 'a', media: ['call'], for: '0d' }], 'is not a number of days'],
      [[{ name: 'a', media: ['call'], for: '1d', keep: '1d' }], 'keep is no member'],
      [[{ name: 'a b', media: ['call'], for: '1d' }], 'is not a name'],
      [[{ name: 'a', securePause: 'there', for: '1d' }], 'is not "missing"'],
      [[{ name: 'a', queues: ['Payments'], for: '1d' }], 'is not an id of the platform'],
      [
        [
          { name: 'a', media: ['call'], for: '1d' },
          { name: 'a', media: ['chat'], for: '1d' },
        ],
        'stands in the file twice',
      ],
    ] as const) {
      const error = refusal(rules);
      expect(error?.code).toBe('QUARANTINE_FILE_INVALID');
      expect(error?.message).toContain(said);
      expect(error?.message).toMatch(/line \d+/);
    }
    expect(refusal([], { schema: 'x' })?.message).toContain('line 2');
  });
});

describe('which recordings wait', () => {
  const rule = (more: Partial<QuarantineRule>): QuarantineRule => ({
    name: 'r',
    for: 10,
    unknown: 'quarantine',
    ...more,
  });
  const decide = (rules: readonly QuarantineRule[], facts: QuarantineFacts) =>
    decideQuarantine({ rules: [...rules] }, facts);

  it('follows queue, division, medium, annotation and a secure pause that is missing', () => {
    expect(decide([rule({ queues: [QUEUE] })], KNOWN)).toEqual({
      days: 10,
      reasons: [{ rule: 'r', unknown: [] }],
    });
    expect(decide([rule({ queues: [OTHER] })], KNOWN)).toBeUndefined();
    expect(decide([rule({ divisions: [OTHER], media: ['call'] })], KNOWN)).toBeDefined();
    expect(decide([rule({ divisions: [OTHER], media: ['screen'] })], KNOWN)).toBeUndefined();
    expect(decide([rule({ annotations: ['pii'] })], { ...KNOWN, annotations: ['PII'] })).toBeDefined();
    expect(decide([rule({ annotations: ['pii'] })], KNOWN)).toBeUndefined();
    expect(decide([rule({ securePause: 'missing' })], KNOWN)).toBeDefined();
    for (const pause of ['SecurePause', 'pause'])
      expect(decide([rule({ securePause: 'missing' })], { ...KNOWN, annotations: [pause] })).toBeUndefined();
    expect(decide([rule({ securePause: 'missing' })], { ...KNOWN, annotations: ['hold'] })).toBeDefined();
  });

  it('is careful with what the platform did not tell, and says what', () => {
    const paused = rule({ queues: [QUEUE], securePause: 'missing' });
    expect(decide([paused], NOTHING)?.reasons).toEqual([{ rule: 'r', unknown: ['queues', 'annotations'] }]);
    expect(decide([{ ...paused, unknown: 'pass' }], NOTHING)).toBeUndefined();
    // what is known not to fit needs no more knowledge
    expect(decide([paused], { ...NOTHING, queues: [OTHER] })).toBeUndefined();
  });

  const list = fc.option(fc.subarray([QUEUE, OTHER]), { nil: undefined });
  const words = fc.option(fc.subarray(['pii', 'SecurePause', 'Hold']), { nil: undefined });
  const facts: fc.Arbitrary<QuarantineFacts> = fc.record({
    media: fc.constantFrom('call', 'screen', undefined),
    queues: list,
    divisions: list,
    annotations: words,
  });
  const some = fc.constantFrom(undefined, [QUEUE], [OTHER]);
  const rules = fc.array(
    fc
      .record({
        media: fc.constantFrom(undefined, ['call'], ['screen', 'chat']),
        queues: some,
        divisions: some,
        annotations: fc.constantFrom(undefined, ['pii']),
        securePause: fc.constantFrom(undefined, 'missing'),
        for: fc.integer({ min: 1, max: 366 }),
        unknown: fc.constantFrom('quarantine', 'pass'),
      })
      .map(
        (one, index = 0) =>
          ({
            name: `r${index}`,
            ...Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined)),
          }) as QuarantineRule,
      ),
    { maxLength: 4 },
  );

  it('never lets go of a recording because less is known of it', () => {
    fc.assert(
      fc.property(rules, facts, fc.constantFrom(...QUARANTINE_UNKNOWNS), (some_, known, forgotten) => {
        const careful = some_.map((one) => ({ ...one, unknown: 'quarantine' as const }));
        const full = decide(careful, known);
        const less = decide(careful, { ...known, [forgotten]: undefined });
        if (full === undefined) return;
        expect(less?.days).toBeGreaterThanOrEqual(full.days);
      }),
    );
  });

  it('asks for nothing that decides nothing', () => {
    fc.assert(
      fc.property(rules, facts, (some_, known) => {
        const needed = factsNeeded({ rules: some_ }, known.media);
        const asked = { ...known };
        for (const name of ['queues', 'divisions', 'annotations'] as const)
          if (!needed.has(name)) Object.assign(asked, { [name]: undefined });
        expect(decide(some_, asked)).toEqual(decide(some_, known));
      }),
    );
  });

  it('knows a medium by the kind of the recording, else by the type of the file', () => {
    expect(mediumOfFile('screen', 'audio/wav')).toBe('screen');
    expect(mediumOfFile(undefined, 'audio')).toBe('call');
    expect(mediumOfFile(undefined, 'video/webm')).toBe('screen');
    expect(mediumOfFile(undefined, 'email')).toBe('email');
    expect(mediumOfFile(undefined, undefined)).toBeUndefined();
  });
});

describe('the note on an object', () => {
  const reason = fc.record({
    rule: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/),
    unknown: fc.subarray([...QUARANTINE_UNKNOWNS]),
  });
  const note = fc.record({
    since: fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2099, 0) }),
    days: fc.integer({ min: 1, max: 366 }),
    dialect: fc.constantFrom('media', 'recordings'),
    reasons: fc.array(reason, { minLength: 1, maxLength: 60 }),
  });

  it('is read as it was written, with room for three reasons and the number of the others', () => {
    fc.assert(
      fc.property(note, (one) => {
        const text = formatQuarantineNote(one);
        expect(text.length).toBeLessThan(300);
        const read = readQuarantineNote({ metadata: { 'gca-quarantine': text } });
        expect(read).toMatchObject({ ...one, reasons: one.reasons.slice(0, 3) });
        expect(read?.others ?? 0).toBe(Math.max(0, one.reasons.length - 3));
        if (read !== undefined) expect(decideBy(read)).toBe(one.since + one.days * 86_400_000);
      }),
    );
  });

  it('says nothing in any other spelling', () => {
    const good = '2026-05-20T09:00:00.000Z 30 recordings cards pii?annotations +1';
    const read = (text: string) => readQuarantineNote({ metadata: { 'gca-quarantine': text } });
    expect(read(good)).toBeDefined();
    expect(readQuarantineNote({ metadata: {} })).toBeUndefined();
    for (const bad of [
      '',
      good.replace('30', '0'),
      good.replace('30', '367'),
      good.replace('30', '030'),
      good.replace('recordings', 'chat'),
      good.replace('.000Z', 'Z'),
      good.replace('?annotations', '?weather'),
      `${good} more`,
      good.split(' ').slice(0, 3).join(' '),
    ])
      expect([bad, read(bad)]).toEqual([bad, undefined]);
  });
});

describe('the place of what waits', () => {
  const key = 'archive/2026/05/20/aaaaaaaa-0000-4000-8000-000000000000.0.enc';
  const quarantined = `quarantine/${key}`;

  it('is told from its key in every layout, and leads to the key that it will have', () => {
    expect(releasedKey(quarantined)).toBe(key);
    expect(releasedKey(key)).toBe(key);
    expect(bothPlaces(quarantined)).toEqual([key, quarantined]);
    expect(DATE_LAYOUT.parse(quarantined)).toEqual(DATE_LAYOUT.parse(key));
    expect(identifyKey(quarantined)).toEqual(identifyKey(key));
    const layout = createLayout({ name: 'genesys-export', organizationId: 'org' });
    const ids = { recordingId: 'r', conversationId: 'c' };
    const exported = layout.keyOf({ ids, at: Date.UTC(2026, 4, 20), extension: 'wav' });
    expect(layout.parse(`quarantine/${exported}`)).toMatchObject({ recordingId: 'r', date: '2026-05-20' });
    expect(DATE_LAYOUT.parse(`quarantine/${quarantined}`)).toBeUndefined();
    expect(isQuarantineKey(key)).toBe(false);
  });

  it('gives way to the released object where both are there', () => {
    expect(withoutReleased([quarantined, key])).toEqual([key]);
    expect(withoutReleased([quarantined])).toEqual([quarantined]);
  });
});
