import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseOptions } from '../bench/options.ts';
import { bytesOfRecording, recordingId } from '../bench/recording-ids.ts';
import { betterOf, compareWithBaseline, formatVerdicts, readBaseline } from '../bench/report/baseline.ts';
import { DOCS_FILE, PLOT_FILE, plotOf, renewDocs } from '../bench/report/docs.ts';
import { unexplained } from '../bench/report/requests.ts';
import { spreadOf } from '../bench/report/statistics.ts';
import { formatTable } from '../bench/report/text.ts';
import { readResults, RESULTS_FILE } from '../bench/results.ts';

const results = readResults(RESULTS_FILE);
if (results === undefined) throw new Error(`${RESULTS_FILE} cannot be read`);

/** When one of these fails: `node bench/main.mjs --write-docs`. */
describe('docs/performance.md shows what bench/results.json holds', () => {
  it('in its tables', () => {
    const page = readFileSync(DOCS_FILE, 'utf8');
    expect(page).toBe(renewDocs(page, results));
  });

  it('in its plot', () => {
    expect(readFileSync(PLOT_FILE, 'utf8')).toBe(plotOf(results));
  });

  it('with a reason for every request of ours', () => {
    const { throughput = [], small = [] } = results.parts;
    const ours = [...throughput, ...small].filter(({ variant }) => variant.startsWith('ours'));
    expect(ours.length).toBeGreaterThan(0);
    expect(ours.flatMap(unexplained)).toEqual([]);
  });
});

describe('the guard', () => {
  const baseline = {
    'throughput ×, a': 2,
    'CPU ×, a': 0.5,
    'requests, a': 9,
    'growth MB, a': 40,
  };

  it('has a committed baseline of every kind', () => {
    const kinds = Object.keys(readBaseline() ?? {}).map((name) => name.split(',')[0]);
    expect(new Set(kinds)).toEqual(new Set(['throughput ×', 'CPU ×', 'requests', 'growth MB']));
  });

  it('passes what is as good or better', () => {
    const better = {
      'throughput ×, a': 3,
      'CPU ×, a': 0.3,
      'requests, a': 8,
      'growth MB, a': 10,
    };
    for (const measured of [baseline, better]) {
      expect(compareWithBaseline(baseline, measured).some(({ regressed }) => regressed)).toBe(false);
    }
  });

  it.each([
    ['throughput ×, a', 1.51, 1.49],
    ['CPU ×, a', 0.59, 0.61],
    ['requests, a', 9, 9.5],
    ['growth MB, a', 54, 56],
  ])('%s: %d passes, %d does not, and is named', (name, passing, failing) => {
    expect(compareWithBaseline(baseline, { [name]: passing })).toMatchObject([{ name, regressed: false }]);
    const verdicts = compareWithBaseline(baseline, { ...baseline, [name]: failing });
    expect(verdicts.filter(({ regressed }) => regressed)).toMatchObject([{ name, measured: failing }]);
    expect(formatVerdicts(verdicts)).toMatch(new RegExp(`^WORSE {2}${name}: `, 'm'));
  });

  it('counts the better of two runs', () => {
    expect(betterOf({ ...baseline, 'CPU ×, a': 0.9 }, { ...baseline, 'throughput ×, a': 1 })).toEqual(
      baseline,
    );
  });
});

describe('the options', () => {
  it.each([
    [['--only', 'nothing'], '"nothing" is none of throughput'],
    [['--sizes', '100MiB'], '"100MiB" is no size'],
    [['--rounds', '0'], '"0" is no number'],
    [['--nonsense'], '--nonsense'],
  ])('%j are refused with the usage', (args, why) => {
    const options = parseOptions(args);
    expect(options).toMatchObject({ exit: 2 });
    expect('usage' in options && options.usage).toContain(why);
    expect('usage' in options && options.usage).toContain('--write-baseline');
  });

  it('mean all parts, those of the baseline, or none', () => {
    expect(parseOptions([])).toMatchObject({ parts: { length: 13 } });
    expect(parseOptions(['--quick', '--check'])).toMatchObject({ parts: ['throughput', 'small', 'memory'] });
    expect(parseOptions(['--write-docs'])).toMatchObject({ parts: [] });
    expect(parseOptions(['--sizes', '1MB,2GB'])).toMatchObject({ sizes: [1e6, 2e9] });
  });
});

it('an id gives back the length of its recording', () => {
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), fc.nat(2 ** 48 - 1), (sequence, bytes) => {
      expect(bytesOfRecording(recordingId(sequence, bytes))).toBe(bytes);
    }),
  );
});

it('the median of an even number of values lies between the middle two', () => {
  expect(spreadOf([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 });
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
});

it('columns are as wide as their widest cell', () => {
  expect(formatTable({ header: ['a', 'b'], rows: [['long', '1']] })).toBe('a     b\nlong  1');
});
