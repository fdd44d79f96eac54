import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heardTo, joined } from '../../web/player/heard.ts';
import { letterCommand, nextSpeed, SPEEDS, stepOf } from '../../web/player/keys.ts';
import { columnsOf, joinPeaks, parsePeaks, type Peaks, windowStart } from '../../web/player/peaks.ts';
import { silences, skipFrom, type Span } from '../../web/player/silence.ts';

function peaksOf(loud: readonly number[], perSecond = 4, start = 0): Peaks {
  return {
    start,
    perSecond,
    length: loud.length,
    lanes: [
      { min: Int8Array.from(loud, (value) => -value), max: Int8Array.from(loud) },
      { min: new Int8Array(loud.length), max: new Int8Array(loud.length) },
    ],
  };
}
const repeat = (value: number, count: number) => Array.from({ length: count }, () => value);

describe('peaks', () => {
  const bytes = Uint8Array.of(0x47, 0x4d, 0x50, 0x31, 2, 4, 0, 0, 0xfe, 3, 0xfc, 5, 0xfa, 7, 0xf8, 9);

  it('are read by channel, the least value before the greatest', () => {
    const peaks = parsePeaks(bytes.buffer, 60);
    expect(peaks).toMatchObject({ start: 60, perSecond: 4, length: 2 });
    expect(peaks?.lanes.map(({ min, max }) => [[...min], [...max]])).toEqual([
      [
        [-2, -6],
        [3, 7],
      ],
      [
        [-4, -8],
        [5, 9],
      ],
    ]);
  });

  it('are not read from anything else, such as the JSON of an error', () => {
    const json = new TextEncoder().encode('{"error":{"code":"NO_PEAKS","message":"no"}}');
    expect(parsePeaks(json.buffer)).toBeUndefined();
    expect(parsePeaks(new ArrayBuffer(3))).toBeUndefined();
    expect(parsePeaks(Uint8Array.from(bytes, (byte, at) => (at === 4 ? 0 : byte)).buffer)).toBeUndefined();
    expect(parsePeaks(Uint8Array.from(bytes, (byte, at) => (at === 5 ? 0 : byte)).buffer)).toBeUndefined();
  });

  it('of portions join to the whole', () => {
    const whole = joinPeaks([peaksOf([1, 2]), peaksOf([3], 4, 0.5)]);
    expect(whole.length).toBe(3);
    expect([...(whole.lanes[0]?.max ?? [])]).toEqual([1, 2, 3]);
  });

  it('show their loudest point in a column however narrow the picture is, and none that is not there', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 127 }), { minLength: 1, maxLength: 200 }),
        fc.integer({ min: 1, max: 300 }),
        (loud, columns) => {
          const peaks = peaksOf(loud);
          const lane = columnsOf(peaks.lanes[0] ?? { min: new Int8Array(), max: new Int8Array() }, peaks, {
            from: 0,
            to: loud.length / 4,
            columns,
          });
          expect(Math.max(...lane.max)).toBe(Math.max(...loud));
          expect([...lane.max].filter((value) => value !== 0 && !loud.includes(value))).toEqual([]);
        },
      ),
    );
  });

  it('of a minute are drawn where the minute is', () => {
    const peaks = peaksOf([9, 0, 0, 0], 4, 60);
    const lane = peaks.lanes[0] ?? { min: new Int8Array(), max: new Int8Array() };
    expect([...columnsOf(lane, peaks, { from: 59, to: 61, columns: 8 }).max]).toEqual([
      0, 0, 0, 0, 9, 0, 0, 0,
    ]);
  });

  it('window stays inside the recording', () => {
    expect(windowStart(0, 60, 600)).toBe(0);
    expect(windowStart(300, 60, 600)).toBe(280);
    expect(windowStart(599, 60, 600)).toBe(540);
    expect(windowStart(5, 60, 20)).toBe(0);
  });
});

describe('silence', () => {
  it('is two seconds and more in which no channel sounds', () => {
    expect(silences(peaksOf([...repeat(40, 4), ...repeat(2, 8), ...repeat(40, 4)]))).toEqual([[1, 3]]);
    expect(silences(peaksOf([...repeat(40, 4), ...repeat(2, 7), ...repeat(40, 4)]))).toEqual([]);
    expect(silences(peaksOf([...repeat(40, 4), ...repeat(3, 8), ...repeat(40, 4)]))).toEqual([]);
  });

  it('is not where only one of two channels is silent', () => {
    const peaks = peaksOf(repeat(0, 40));
    peaks.lanes[1]?.max.fill(90);
    expect(silences(peaks)).toEqual([]);
  });

  it('reaches to the end of the recording', () => {
    expect(silences(peaksOf([...repeat(40, 4), ...repeat(0, 12)]))).toEqual([[1, 4]]);
  });

  it('is left three tenths of a second before it ends, and never twice', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100, noNaN: true }), (at) => {
        const spans: Span[] = [
          [10, 12],
          [20, 80],
        ];
        const to = skipFrom(spans, at);
        if (to === undefined) return;
        expect(to).toBeGreaterThan(at);
        expect(skipFrom(spans, to)).toBeUndefined();
      }),
    );
    expect(skipFrom([[20, 80]], 30)).toBe(79.7);
    expect(skipFrom([[20, 80]], 20.1)).toBeUndefined();
    expect(skipFrom([[20, 80]], 79.8)).toBeUndefined();
  });
});

describe('what was heard', () => {
  it('grows with the position, and joins', () => {
    let heard: Span[] = [];
    for (const [from, to] of [
      [0, 0.25],
      [0.25, 0.5],
      [10, 10.5],
    ] as const)
      heard = heardTo(heard, from, to);
    expect(heard).toEqual([
      [0, 0.5],
      [10, 10.5],
    ]);
  });

  it('does not grow by a jump, in either direction', () => {
    expect(heardTo([], 0, 30)).toEqual([]);
    expect(heardTo([], 30, 29)).toEqual([]);
  });

  it('counts each second once', () => {
    const span = fc.tuple(fc.nat(100), fc.nat(100)).map(([a, b]): Span => [Math.min(a, b), Math.max(a, b)]);
    fc.assert(
      fc.property(fc.array(span), (spans) => {
        const all = joined(spans);
        const seconds = (list: readonly Span[]) =>
          new Set(list.flatMap(([start, end]) => Array.from({ length: end - start }, (_, at) => start + at)));
        expect(seconds(all)).toEqual(seconds(spans));
        expect(all.every(([start], at) => at === 0 || start > (all[at - 1]?.[1] ?? 0))).toBe(true);
      }),
    );
  });
});

describe('keys of the player', () => {
  const key = (name: string, modifiers: Partial<Record<'altKey' | 'ctrlKey' | 'metaKey', boolean>> = {}) => ({
    key: name,
    altKey: false,
    ctrlKey: false,
    metaKey: false,
    ...modifiers,
  });

  it('are letters, in either case, and never one with a modifier', () => {
    expect(letterCommand(key('J'))).toEqual({ kind: 'step', seconds: -10 });
    expect(letterCommand(key('j', { ctrlKey: true }))).toBeUndefined();
    expect(letterCommand(key('x'))).toBeUndefined();
  });

  it('move the position by 5 s with arrows and by 60 s with pages; Home and End stay with the browser', () => {
    expect(
      ['ArrowLeft', 'ArrowRight', 'PageDown', 'PageUp', 'Home'].map((name) => stepOf(key(name))),
    ).toEqual([-5, 5, -60, 60, undefined]);
    expect(stepOf(key('ArrowLeft', { altKey: true }))).toBeUndefined();
  });

  it('stay within the speeds', () => {
    expect(nextSpeed(1, 1)).toBe(1.25);
    expect(nextSpeed(2, 1)).toBe(2);
    expect(nextSpeed(0.75, -1)).toBe(0.75);
    expect(SPEEDS).toContain(nextSpeed(5, -1));
  });
});
