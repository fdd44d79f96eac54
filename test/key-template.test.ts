import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileKeyTemplate, type KeyTemplate, type TemplateFile } from '../src/key-template.ts';
import { isObjectKey } from '../src/store/object-rules.ts';

const END = '{recordingId}{channel}.enc';
const DATE = `archive/{yyyy}/{mm}/{dd}/${END}`;
const ID = 'a1b2c3d4-5678-90ab-cdef-1234567890ab';
const file: TemplateFile = {
  recordingId: ID,
  conversationId: '2f7bf00a-0fc2-4d6a-9b56-92238191433e',
  organizationId: '32aa07aa-db1b-4987-abd0-9483601ec29d',
  at: Date.UTC(2026, 4, 2, 3, 59, 59, 999),
};

function compile(source: string): KeyTemplate {
  const compiled = compileKeyTemplate(source);
  if ('template' in compiled) return compiled.template;
  throw new Error(compiled.problem);
}
const keyOf = (source: string, changed: Partial<TemplateFile> = {}) => {
  const expanded = compile(source).expand({ ...file, ...changed });
  return 'key' in expanded ? expanded.key : expanded.problem;
};

describe('a template of keys', () => {
  it.each([
    [DATE, `archive/2026/05/02/${ID}.enc`],
    [`archive/{yyyy}{mm}{dd}T{hh}/${END}`, `archive/20260502T03/${ID}.enc`],
    [
      `archive/{organizationId}/year={yyyy}/m={mm}/d={dd}/{conversationId}/${END}`,
      `archive/${file.organizationId}/year=2026/m=05/d=02/${file.conversationId}/${ID}.enc`,
    ],
    [
      `archive/{dd}.{mm}.{yyyy}/c+{conversationId}@x/${END}`,
      `archive/02.05.2026/c+${file.conversationId}@x/${ID}.enc`,
    ],
  ])('%s', (source, key) => {
    expect(keyOf(source)).toBe(key);
    expect(keyOf(source, { channel: '0' })).toBe(key.replace('.enc', '.0.enc'));
    expect(compile(source).parse(key)).toEqual({ recordingId: ID, channel: undefined, date: '2026-05-02' });
  });

  it.each([
    ['', 'must begin with archive/'],
    [`{yyyy}/{mm}/{dd}/${END}`, 'must begin with archive/'],
    [`receipts/{yyyy}/{mm}/{dd}/${END}`, 'must begin with archive/'],
    [`archive/{year}/${END}`, 'has a placeholder that is none of {yyyy}, {mm}'],
    [`archive/{YYYY}/{mm}/{dd}/${END}`, 'has a placeholder that is none of'],
    [`archive/{}/{yyyy}/{mm}/{dd}/${END}`, 'has a placeholder that is none of'],
    [`archive/{yyyy}/{mm}/{dd/${END}`, 'has a brace'],
    [`archive/{yyyy}/{mm}/dd}/${END}`, 'has a brace'],
    [`archive/{{yyyy}}/{mm}/{dd}/${END}`, 'has a brace'],
    [`archive/{yyyy}/{mm}/{dd}/my calls/${END}`, 'has a character that keys must not have'],
    [`archive/{yyyy}/{mm}/{dd}/ü/${END}`, 'has a character that keys must not have'],
    [`archive/{yyyy}/{mm}/{dd}//${END}`, 'has an empty folder'],
    [`archive/{yyyy}/{mm}/{dd}/../${END}`, 'has an empty folder, or one named'],
    [`archive/{yyyy}/{mm}/{dd}/`, 'has an empty folder'],
    ['archive/{yyyy}/{mm}/{dd}/{recordingId}.enc', `must end with /${END}`],
    ['archive/{yyyy}/{mm}/{dd}/{channel}.enc', `must end with /${END}`],
    ['archive/{yyyy}/{mm}/{dd}/x{recordingId}{channel}.enc', `must end with /${END}`],
    [`archive/{yyyy}/{mm}/{dd}/${END}.gz`, `must end with /${END}`],
    [`archive/{recordingId}/{yyyy}/{mm}/{dd}/${END}`, 'has {recordingId} twice'],
    [`archive/{yyyy}/{yyyy}/{mm}/{dd}/${END}`, 'has {yyyy} twice'],
    [`archive/{conversationId}/${END}`, 'lacks {yyyy}, {mm}, {dd}: recordings are listed'],
    [`archive/{yyyy}/{mm}/${END}`, 'lacks {dd}:'],
    [`archive/{yyyy}/{mm}/{dd}/{organizationId}-{conversationId}/${END}`, 'has two ids in one folder'],
    [`archive/{yyyy}/{mm}/{dd}/${'x'.repeat(200)}/${END}`, 'must have 200 characters at most'],
  ])('%s is refused', (source, problem) => {
    expect(compileKeyTemplate(source)).toEqual({ problem: expect.stringContaining(problem) as unknown });
  });

  it.each([
    [{ recordingId: '../x' }, 'the recordingId is not fit'],
    [{ recordingId: '' }, 'the recordingId is not fit'],
    [{ conversationId: 'a/b' }, 'the conversationId is not fit'],
    [{ organizationId: undefined }, 'the organizationId is not fit'],
    [{ channel: 'a.b' }, 'the channel is not fit'],
    [{ channel: '' }, 'the channel is not fit'],
    [{ at: 0 }, 'not within 2000 to 2099'],
    [{ at: Number.NaN }, 'not within 2000 to 2099'],
  ])('%j has no key', (changed, problem) => {
    expect(keyOf(`archive/{yyyy}/{mm}/{dd}/{organizationId}/{conversationId}/${END}`, changed)).toContain(
      problem,
    );
  });

  it.each([
    ['archive/2026/02/30', 'a day of no calendar'],
    ['archive/1999/12/31', 'a year that no recording has'],
    ['archive/2026/5/2', 'a month without its zero'],
    ['archive/2026/05/02/03', 'a folder more'],
  ])('%s: %s is none of its keys', (folder) => {
    expect(compile(DATE).parse(`${folder}/${ID}.enc`)).toBeUndefined();
  });

  it.each(['.enc', 'x', 'a=b.enc', `${ID}.enc.instruction`, `${ID}.json`, `${ID}.0.1.enc`, `${ID}..enc`])(
    '%s is no name of a file',
    (name) => {
      expect(compile(DATE).parse(`archive/2026/05/02/${name}`)).toBeUndefined();
    },
  );

  it('has hours of a day, and means its dots and signs as they stand', () => {
    const template = compile(`archive/{yyyy}.{mm}+{dd}/{hh}/${END}`);
    expect(template.parse(`archive/2026.05+02/23/${ID}.enc`)).toBeDefined();
    expect(template.parse(`archive/2026.05+02/24/${ID}.enc`)).toBeUndefined();
    expect(template.parse(`archive/2026x05+02/23/${ID}.enc`)).toBeUndefined();
    expect(template.parse(`archive/2026.0505/23/${ID}.enc`)).toBeUndefined();
  });

  it.each([
    [DATE, 'archive/2026/05/02/'],
    [`archive/calls/{yyyy}-{mm}-{dd}_{hh}/${END}`, 'archive/calls/2026-05-02_'],
    [`archive/{yyyy}/{hh}/{mm}/{dd}/${END}`, 'archive/2026/'],
    [`archive/{yyyy}/{mm}/{conversationId}/{dd}/${END}`, 'archive/2026/05/'],
    [`archive/{conversationId}/{yyyy}/{mm}/{dd}/${END}`, 'archive/'],
  ])('%s: all keys of a day begin with the same', (source, prefix) => {
    expect(compile(source).prefixOf(file.at)).toBe(prefix);
  });

  /** Folders of all kinds, in any order, around the parts there have to be. */
  const folder = fc.constantFrom(
    'x',
    'a.b',
    'k={conversationId}',
    '{organizationId}',
    '{conversationId}',
    'h{hh}',
    '{hh}',
  );
  const templates = fc
    .tuple(
      fc.shuffledSubarray(['{yyyy}', '{mm}', '{dd}'], { minLength: 3 }),
      fc.array(folder, { maxLength: 4 }),
    )
    .chain(([days, others]) =>
      fc.shuffledSubarray([...days, ...others], { minLength: days.length + others.length }),
    )
    .map((folders) => ['archive', ...folders, END].join('/'))
    .filter((source) => 'template' in compileKeyTemplate(source));
  const ids = fc.stringMatching(/^[A-Za-z0-9._-]{1,36}$/).filter((id) => id !== '.' && id !== '..');
  const files = fc.record({
    recordingId: ids,
    conversationId: ids,
    organizationId: ids,
    channel: fc.option(fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/), { nil: undefined }),
    at: fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2100, 0) - 1 }),
  });

  it('reads back what it wrote, names no two files alike, and only legally', () => {
    fc.assert(
      fc.property(templates, files, files, (source, one, other) => {
        const template = compile(source);
        const [key, second] = [keyOf(source, one), keyOf(source, other)];
        expect(isObjectKey(key)).toBe(true);
        expect(keyOf(source, one)).toBe(key);
        const date = new Date(one.at).toISOString().slice(0, 10);
        expect(template.parse(key)).toEqual({ recordingId: one.recordingId, channel: one.channel, date });
        expect(key.startsWith(template.prefixOf(Date.parse(date)))).toBe(true);
        if (one.recordingId !== other.recordingId || one.channel !== other.channel)
          expect(key).not.toBe(second);
      }),
      { numRuns: 1_000 },
    );
  });

  it('never reads a key that it would not write itself', () => {
    const noise = fc.stringMatching(/^archive(\/[A-Za-z0-9._=-]{1,6}){1,5}(\.enc)?$/);
    const close = fc
      .tuple(files, fc.nat(60), fc.constantFrom('', '/', '.', '0', '=2E', '=', 'x'))
      .map(([one, at, put]) => {
        const key = keyOf(DATE, one);
        return key.slice(0, at) + put + key.slice(at + 1);
      });
    fc.assert(
      fc.property(fc.oneof(noise, close), (key) => {
        const template = compile(DATE);
        const named = template.parse(key);
        if (named === undefined) return;
        const { recordingId, channel, date } = named;
        expect(keyOf(DATE, { recordingId, channel, at: Date.parse(date) })).toBe(key);
      }),
      { numRuns: 1_000 },
    );
  });
});
