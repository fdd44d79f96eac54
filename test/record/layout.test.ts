import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listRecordings } from '../../src/audit/find-recording.ts';
import {
  createLayout,
  DATE_LAYOUT,
  type DayRange,
  identifyKey,
  type Layout,
  type LayoutChoice,
  objectOfReceipt,
  prefixesWithin,
} from '../../src/record/layout.ts';
import { contextKey, linkKey, objectKey, receiptKey } from '../../src/record/object-key.ts';
import { walkArchive } from '../../src/audit/walk-archive.ts';
import { unlimited } from '../../src/clock.ts';
import { mapStore } from '../archive/map-store.ts';

const ORGANIZATION = '32aa07aa-db1b-4987-abd0-9483601ec29d';
const DAY_MS = 86_400_000;
const CHOICES: readonly LayoutChoice[] = [
  { name: 'date' },
  { name: 'genesys-export', organizationId: ORGANIZATION },
  { name: 'template', template: 'archive/{yyyy}/{mm}/{dd}/{hh}/{conversationId}/{recordingId}{channel}.enc' },
  { name: 'template', template: 'archive/{conversationId}/{dd}.{mm}.{yyyy}/{recordingId}{channel}.enc' },
  {
    name: 'template',
    template: 'archive/{organizationId}/{yyyy}{mm}/{dd}/x/{recordingId}{channel}.enc',
    organizationId: ORGANIZATION,
  },
];
const LAYOUTS = CHOICES.map((choice) => [describeChoice(choice), createLayout(choice)] as const);

function describeChoice(choice: LayoutChoice): string {
  return choice.name === 'template' ? choice.template : choice.name;
}

const ids = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
const files = fc.record({
  ids: fc.record(
    {
      recordingId: ids,
      conversationId: ids,
      channel: fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/).filter((name) => !/^v\d+$/.test(name)),
    },
    { requiredKeys: ['recordingId', 'conversationId'] },
  ),
  at: fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2100, 0) - 1 }),
  extension: fc.constantFrom('wav', 'opus', 'zip'),
});
async function* nothing(): AsyncGenerator<Uint8Array> {}

it.each(['v2', 'v99'])(
  'a layout of one’s own makes no key of a channel %s, which would read like a version',
  (channel) => {
    const template = 'archive/{conversationId}/{yyyy}-{mm}-{dd}/{recordingId}{channel}.enc';
    const layout = createLayout({ name: 'template', template, organizationId: undefined });
    const keyOf = (of: string) =>
      layout.keyOf({
        ids: { recordingId: 'a', conversationId: 'c', channel: of },
        at: 0 + Date.UTC(2026, 0),
        extension: 'wav',
      });
    expect(keyOf('v1')).toContain('.v1.enc');
    expect(() => keyOf(channel)).toThrow('reads like the version');
  },
);

/** As folders they sort differently than by themselves: `a-b/` and `a.b/` come before `a/`. */
const CONVERSATIONS = ['a', 'a-b', 'a.b', 'a0', 'b', 'B', 'aa'];

const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);

describe.each(LAYOUTS)('the layout %s', (_, layout) => {
  it('reads back what it wrote, as does a reader with another layout, but for the day', () => {
    fc.assert(
      fc.property(files, (file) => {
        const key = layout.keyOf(file);
        const { recordingId, channel } = file.ids;
        expect(layout.parse(key)).toEqual({ recordingId, channel, date: dayOf(file.at) });
        expect(identifyKey(key)).toEqual({ recordingId, channel });
        expect(key.startsWith(layout.root)).toBe(true);
        expect(key.startsWith(layout.prefixOf(Date.parse(dayOf(file.at))))).toBe(true);
      }),
    );
  });

  it('has a receipt, a mark and a context of its own for every object, and finds the object by its receipt', () => {
    fc.assert(
      fc.property(files, files, (one, other) => {
        const [first, second] = [layout.keyOf(one), layout.keyOf(other)];
        expect(objectOfReceipt(layout, receiptKey(first))).toBe(first);
        const all = (key: string) => [receiptKey(key), linkKey(key), contextKey(key), key];
        if (first !== second) expect(new Set([...all(first), ...all(second)]).size).toBe(8);
      }),
    );
  });

  it('takes none of what stands beside its objects for a recording', () => {
    fc.assert(
      fc.property(files, (file) => {
        const key = layout.keyOf(file);
        for (const other of [receiptKey(key), linkKey(key), contextKey(key), `${key}.instruction`]) {
          expect(layout.parse(other)).toBeUndefined();
        }
        expect(objectOfReceipt(layout, linkKey(key))).toBeUndefined();
        expect(objectOfReceipt(layout, `${receiptKey(key)}.enc`)).toBeUndefined();
      }),
    );
  });

  it('lists exactly the days that are wanted, and walks in the order of keys, each once', async () => {
    const store = mapStore();
    const put = (key: string) => store.put(key, nothing(), { metadata: {}, contentType: 'x/y' }, unlimited);
    // four a day, in the same hour, over the end of a month
    const at = Array.from(
      { length: 40 },
      (__, index) => Date.UTC(2026, 8, 25) + Math.floor(index / 4) * DAY_MS,
    );
    const objects = at.map((time, index) =>
      layout.keyOf({
        ids: { recordingId: `r${index}`, conversationId: CONVERSATIONS[index % 7] ?? '' },
        at: time,
        extension: 'wav',
      }),
    );
    for (const [index, key] of objects.entries()) {
      // every fifth has lost its object, every seventh its receipt
      if (index % 5 !== 0) await put(key);
      if (index % 7 !== 0) await put(receiptKey(key));
      await put(linkKey(key));
    }
    const gone = (index: number) => index % 5 === 0 && index % 7 === 0;
    const ranges: DayRange[] = [
      {},
      { from: Date.UTC(2026, 8, 28), to: Date.UTC(2026, 9, 2, 5) },
      { from: Date.UTC(2026, 9, 3) },
      { to: Date.UTC(2026, 8, 26) },
    ];
    for (const range of ranges) {
      const wanted = objects.filter((key) => {
        const day = layout.parse(key)?.date ?? '';
        const { from = 0, to = Date.UTC(2099, 0) } = range;
        return day >= dayOf(from) && day <= dayOf(to);
      });
      const listed: string[] = [];
      for await (const { key } of listRecordings(store, { ...range, layout }, unlimited)) listed.push(key);
      expect(listed.toSorted()).toEqual(wanted.filter((key) => store.objects.has(key)).toSorted());
      const walked: string[] = [];
      for await (const key of walkArchive(store, { range: { ...range, layout } }, unlimited))
        walked.push(key);
      expect(walked).toEqual(wanted.filter((key) => !gone(objects.indexOf(key))).toSorted());
      const after = walked[Math.floor(walked.length / 2)];
      const rest: string[] = [];
      for await (const key of walkArchive(store, { range: { ...range, layout }, after }, unlimited))
        rest.push(key);
      expect(rest).toEqual(walked.slice(walked.indexOf(after ?? '') + 1));
    }
  });
});

describe('the default', () => {
  it('is that of the tutorial, byte for byte', () => {
    fc.assert(
      fc.property(files, ({ ids: { recordingId, conversationId, channel }, at }) => {
        const key = objectKey({ recordingId, channel, at });
        const parts = { recordingId, conversationId, ...(channel === undefined ? {} : { channel }) };
        expect(createLayout({ name: 'date' }).keyOf({ ids: parts, at })).toBe(key);
        const rest = key.slice('archive/'.length, -'.enc'.length);
        expect(receiptKey(key)).toBe(`receipts/${rest}.json`);
        expect(linkKey(key)).toBe(`links/${rest}.json`);
        expect(contextKey(key)).toBe(`context/${rest}.json.enc`);
      }),
    );
  });
});

describe('prefixesWithin', () => {
  const between = (from: number, to: number, layout: Layout = DATE_LAYOUT) =>
    prefixesWithin({ from, to, layout });

  it('lists every day once, both ends included', () => {
    expect(between(Date.UTC(2024, 1, 28, 23), Date.UTC(2024, 2, 1, 1))).toEqual([
      'archive/2024/02/28/',
      'archive/2024/02/29/',
      'archive/2024/03/01/',
      'quarantine/archive/',
    ]);
    expect(between(Date.UTC(2024, 1, 28), Date.UTC(2024, 1, 28))).toEqual([
      'archive/2024/02/28/',
      'quarantine/archive/2024/02/28/',
    ]);
    expect(between(Date.UTC(2024, 1, 29), Date.UTC(2024, 1, 28))).toEqual([]);
    expect(between(Date.UTC(1999, 11, 30), Date.UTC(2000, 0, 1))[0]).toBe('archive/2000/01/01/');
    expect(between(Date.UTC(2099, 11, 31), Date.UTC(2100, 0, 9))[0]).toBe('archive/2099/12/31/');
  });

  it('holds exactly the days an object between the two times can be under', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: Date.UTC(2000, 1), max: Date.UTC(2099, 9) }),
        fc.integer({ min: 0, max: 40 * DAY_MS }),
        fc.integer({ min: -2 * DAY_MS, max: 42 * DAY_MS }),
        (from, span, shift) => {
          const prefixes = between(from, from + span);
          const at = from + shift;
          expect(prefixes).toEqual([...new Set(prefixes)].toSorted());
          const within = dayOf(at) >= dayOf(from) && dayOf(at) <= dayOf(from + span);
          expect(prefixes.includes(DATE_LAYOUT.prefixOf(at))).toBe(within);
        },
      ),
    );
  });

  it('is the whole archive for an open end, and for more days than are worth a request each', () => {
    expect(prefixesWithin({})).toEqual(['archive/', 'quarantine/archive/']);
    expect(prefixesWithin({ from: 0 })).toEqual(['archive/', 'quarantine/archive/']);
    expect(between(Date.UTC(2024, 0), Date.UTC(2024, 0) + 400 * DAY_MS)).toEqual([
      'archive/',
      'quarantine/archive/',
    ]);
    expect(between(Date.UTC(2024, 0), Date.UTC(2024, 0) + 400 * DAY_MS - 1)).toHaveLength(401);
  });

  it('asks once where a template does not begin with the day', () => {
    const [, layout] = LAYOUTS[3] ?? [];
    expect(between(Date.UTC(2024, 0), Date.UTC(2024, 5), layout)).toEqual([
      'archive/',
      'quarantine/archive/',
    ]);
  });
});

describe('a layout refuses', () => {
  const file = { ids: { recordingId: 'r', conversationId: 'c' }, at: Date.UTC(2026, 0) };

  it('what it needs and is not stated', () => {
    const [, layout] = LAYOUTS[1] ?? [];
    expect(() => layout?.keyOf(file)).toThrow('needs the format of the file');
    const template = createLayout({
      name: 'template',
      template: 'archive/{organizationId}/{yyyy}/{mm}/{dd}/{recordingId}{channel}.enc',
    });
    expect(() => template.keyOf(file)).toThrow('no object can be named: the organizationId is not fit');
  });

  it('a template that is none', () => {
    expect(() => createLayout({ name: 'template', template: 'calls/{id}' })).toThrow(
      'the layout has a placeholder that is none of',
    );
  });

  it.each([
    '',
    'a.wav',
    'archive/',
    'archive/.enc',
    'receipts/2026/05/20/r.json',
    'x/archive/r.enc',
    'archive/r.enc',
    'archive//r.enc',
  ])('to say whose %s is', (key) => {
    expect(identifyKey(key)).toBeUndefined();
  });
});
