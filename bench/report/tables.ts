/** Tables for the terminal. */
import { formatSize } from '../options.ts';
import type { ComparedVariant } from '../parts/throughput.ts';
import type { Spread } from './statistics.ts';

/** Columns as wide as their widest cell, the first one to the left and the others to the right. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [header, ...rows].map(line).join('\n');
}

/** `median (min–max)`, or the median alone where there was one round. */
export function formatSpread({ median, min, max }: Spread, digits = 0): string {
  const [shown = '', low = '', high = ''] = [median, min, max].map((value) => value.toFixed(digits));
  return low === high ? shown : `${shown} (${low}–${high})`;
}

const COMPARISON_HEADER = [
  '',
  'MB/s',
  '×',
  'CPU s/GB',
  '× CPU',
  'recordings/s',
  'peak MB',
  'growth MB',
  'requests',
];

export function comparisonTable(rows: readonly ComparedVariant[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const title = `${formatSize(first.bytes)} over ${first.scheme.toUpperCase()}, ${first.concurrency} at once, ${first.count} a sample, ${first.rounds} rounds`;
  const cells = rows.map((row) => [
    row.variant,
    formatSpread(row.mbPerSecond),
    row.timesThroughput === undefined ? '–' : formatSpread(row.timesThroughput, 2),
    formatSpread(row.cpuSecondsPerGb, 2),
    row.timesCpu === undefined ? '–' : formatSpread(row.timesCpu, 2),
    formatSpread(row.recordingsPerSecond, row.bytes >= 1e8 ? 2 : 0),
    formatSpread(row.peakRssMb),
    formatSpread(row.rssGrowthMb),
    sum(Object.values(row.requests)).toFixed(1),
  ]);
  return `${title}\n\n${formatTable(COMPARISON_HEADER, cells)}`;
}

export function requestsTable(rows: readonly ComparedVariant[]): string {
  const kinds = [...new Set(rows.flatMap((row) => Object.keys(row.requests)))];
  return formatTable(
    ['requests per recording', ...rows.map((row) => row.variant)],
    kinds.map((kind) => [kind, ...rows.map((row) => formatCount(row.requests[kind] ?? 0))]),
  );
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const formatCount = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(2));
