/** Every table of the benchmark as rows of text, for the terminal and for the documentation alike. */
import { formatSize } from '../options.ts';
import type { CliMemory } from '../parts/cli-memory.ts';
import type { CompactionCost } from '../parts/compaction.ts';
import type { SealCost } from '../parts/seal.ts';
import type { ConsoleCost } from '../parts/console.ts';
import type { FindCost } from '../parts/find.ts';
import type { StartUp } from '../parts/init.ts';
import type { JobCost } from '../parts/jobs.ts';
import type { LatencyRow } from '../parts/latency.ts';
import type { LambdaSize } from '../parts/lambda.ts';
import type { LimitedRun } from '../parts/limits.ts';
import type { MemoryGrowth } from '../parts/memory.ts';
import type { ComparedVariant } from '../parts/throughput.ts';
import type { Spread } from './statistics.ts';

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** `median (min–max)`, or the median alone where there was one round. */
export function formatSpread({ median, min, max }: Spread, digits = 0): string {
  const [shown = '', low = '', high = ''] = [median, min, max].map((value) => value.toFixed(digits));
  return low === high ? shown : `${shown} (${low}–${high})`;
}

export function comparisonTable(rows: readonly ComparedVariant[]): Table {
  return {
    header: ['', 'MB/s', '×', 'CPU s/GB', '× CPU', 'recordings/s', 'peak MB', 'growth MB', 'requests'],
    rows: rows.map((row) => [
      row.variant,
      formatSpread(row.mbPerSecond),
      row.timesThroughput === undefined ? '–' : formatSpread(row.timesThroughput, 2),
      formatSpread(row.cpuSecondsPerGb, 2),
      row.timesCpu === undefined ? '–' : formatSpread(row.timesCpu, 2),
      formatSpread(row.recordingsPerSecond, row.bytes >= 1e8 ? 2 : 0),
      formatSpread(row.peakRssMb),
      formatSpread(row.rssGrowthMb),
      formatCount(sum(Object.values(row.requests))),
    ]),
  };
}

export function comparisonTitle({ scheme, bytes, concurrency, count, rounds }: ComparedVariant): string {
  const times = rounds === 1 ? '1 round' : `${rounds} rounds`;
  return `${formatSize(bytes)} over ${scheme.toUpperCase()}, ${concurrency} at once (${count} a sample, ${times})`;
}

export function requestsTable(rows: readonly ComparedVariant[]): Table {
  const kinds = [...new Set(rows.flatMap((row) => Object.keys(row.requests)))];
  return {
    header: ['requests per recording', ...rows.map((row) => row.variant)],
    rows: [
      ...kinds.map((kind) => [kind, ...rows.map((row) => formatCount(row.requests[kind] ?? 0))]),
      ['together', ...rows.map((row) => formatCount(sum(Object.values(row.requests))))],
    ],
  };
}

export function memoryTable(rows: readonly MemoryGrowth[]): Table {
  return {
    header: ['recordings', 'idle MB', 'peak MB', 'growth MB'],
    rows: rows.map(({ bytes, count, idleRssMb, peakRssMb, rssGrowthMb }) => [
      `${count} of ${formatSize(bytes)}`,
      formatSpread(idleRssMb),
      formatSpread(peakRssMb),
      formatSpread(rssGrowthMb),
    ]),
  };
}

export function cliMemoryTable(rows: readonly CliMemory[]): Table {
  return {
    header: [
      'store',
      'recording',
      'idle MB',
      'archive +MB',
      'restore +MB',
      'archive CPU s/GB',
      'restore CPU s/GB',
    ],
    rows: rows.map((row) => [
      row.store,
      `${Math.round(row.bytes / 1024 ** 2)} MiB`,
      ...[row.idleMb, row.archiveGrowthMb, row.restoreGrowthMb].map((mb) => mb.toFixed(0)),
      // of a small recording it is the start of the program, over and over
      ...[row.archiveCpuSecondsPerGb, row.restoreCpuSecondsPerGb].map((seconds) =>
        row.bytes < 5e7 ? '–' : seconds.toFixed(1),
      ),
    ]),
  };
}

export function jobsTable(rows: readonly JobCost[]): Table {
  return {
    header: ['items', 'planned a second', 'planning +MB', 'settled a second', 'running +MB'],
    rows: rows.map(({ items, plannedPerSecond, planGrowthMb, settledPerSecond, runGrowthMb }) =>
      [items, plannedPerSecond, planGrowthMb, settledPerSecond, runGrowthMb].map((value) => value.toFixed(0)),
    ),
  };
}

export function findTable(rows: readonly FindCost[]): Table {
  return {
    header: ['search', 'rows', 'found', 'ms', 'goal ms', 'CPU ms', '× CPU of DuckDB', 'peak MB'],
    rows: rows.map((row) => [
      row.search,
      String(row.rows),
      String(row.found),
      formatSpread(row.wallMs),
      row.goalMs === undefined ? '–' : String(row.goalMs),
      formatSpread(row.cpuMs),
      row.timesCpuOfDuckDb === undefined ? '–' : formatSpread(row.timesCpuOfDuckDb, 2),
      row.peakRssMb.toFixed(0),
    ]),
  };
}

export function compactionTable(rows: readonly CompactionCost[]): Table {
  return {
    header: ['rows of the day', 'facts', 'rows a CPU second', 'bytes a row', 'peak MB'],
    rows: rows.map(({ rows: count, facts, rowsPerSecond, bytesPerRow, peakRssMb }) => [
      String(count),
      facts ? 'read' : 'none',
      formatSpread(rowsPerSecond),
      bytesPerRow.toFixed(1),
      peakRssMb.toFixed(0),
    ]),
  };
}

export function sealTable(rows: readonly SealCost[]): Table {
  return {
    header: [
      'recordings',
      'CPU s',
      'besides receipts, s',
      '× hashes and signatures',
      'bytes each',
      'of lists',
      'PUT each',
      'peak MB',
      'one checked, ms',
      'log checked, ms',
    ],
    rows: rows.map((row) => [
      String(row.recordings),
      formatSpread(row.cpuSeconds, 2),
      formatSpread(row.besideReceiptsSeconds, 2),
      formatSpread(row.timesFloor, 2),
      row.bytesPerRecording.toFixed(0),
      row.listBytesPerRecording.toFixed(0),
      row.putsPerRecording.toFixed(4),
      row.peakRssMb.toFixed(0),
      formatSpread(row.oneMs),
      row.logMs === undefined ? '–' : formatSpread(row.logMs),
    ]),
  };
}

export function consoleTable(rows: readonly ConsoleCost[]): Table {
  return {
    header: ['', 'measured', 'goal', 'unit', 'CPU ms'],
    rows: rows.map(({ what, measured, goal, unit, cpuMs }) => [
      what,
      formatSpread(measured),
      String(goal),
      unit,
      cpuMs === undefined ? '–' : formatSpread(cpuMs),
    ]),
  };
}

export function limitsTable(runs: readonly LimitedRun[]): Table {
  return {
    header: ['', 'recording', 'limit MiB', 'peak MiB', 'of the limit', 'ends', 'seconds'],
    rows: runs.map(({ variant, bytes, limitMib, peakMib, outcome, seconds }) => [
      variant,
      formatSize(bytes),
      String(limitMib),
      peakMib === undefined ? '–' : peakMib.toFixed(0),
      peakMib === undefined ? '–' : `${((peakMib / limitMib) * 100).toFixed(0)} %`,
      outcome,
      seconds === undefined ? '–' : seconds.toFixed(1),
    ]),
  };
}

export function lambdaTable(sizes: readonly LambdaSize[]): Table {
  const seconds = (spread: Spread | undefined) => (spread === undefined ? '–' : formatSpread(spread, 2));
  return {
    header: ['memory MiB', 'ready s', 'archived s', 'GiB-seconds', 'peak MiB', 'ends'],
    rows: sizes.map(({ memoryMib, readySeconds, archiveSeconds, gibSeconds, peakMib, outcome }) => [
      String(memoryMib),
      seconds(readySeconds),
      seconds(archiveSeconds),
      seconds(gibSeconds),
      peakMib === undefined ? '–' : peakMib.toFixed(0),
      outcome,
    ]),
  };
}

export function latencyTable(rows: readonly LatencyRow[]): Table {
  return {
    header: ['', 'recording', 'at once', 'round trip ms', 'ms a recording', 'round trips in a row'],
    rows: rows.map(({ variant, scheme, bytes, concurrency, roundTripMs, msPerRecording, roundTrips }) => [
      variant,
      `${formatSize(bytes)}, ${scheme.toUpperCase()}`,
      String(concurrency),
      String(roundTripMs),
      formatSpread(msPerRecording),
      roundTrips === undefined ? '' : roundTrips.toFixed(1),
    ]),
  };
}

export function startUpTable(rows: readonly StartUp[]): Table {
  return {
    header: ['from start to end of the process', 'program kB', 'ms', 'CPU ms', 'peak MB'],
    rows: rows.map(({ what, programKb, wallMs, cpuMs, peakRssMb }) => [
      what,
      String(programKb),
      formatSpread(wallMs),
      formatSpread(cpuMs),
      formatSpread(peakRssMb),
    ]),
  };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const formatCount = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(2));
