/** What each part of a run says: titles, tables, and the sentences that follow from them. */
import type { LimitedRun } from '../parts/limits.ts';
import { growthSpread } from '../parts/memory.ts';
import { PROMISED_COMPACTION_MB } from '../parts/compaction.ts';
import { PROMISED_SEAL_BYTES, PROMISED_SEAL_PUTS, PROMISED_SEAL_SECONDS } from '../parts/seal.ts';
import { PROMISED_FIND_MB } from '../parts/find.ts';
import { PROMISED_GROWTH_MB } from '../parts/cli-memory.ts';
import { PROMISED_JOB_GROWTH_MB, PROMISED_PLANNED_PER_SECOND } from '../parts/jobs.ts';
import type { ComparedVariant } from '../parts/throughput.ts';
import type { Part, PartResults } from '../results.ts';
import { formatSize } from '../options.ts';
import * as cells from './cells.ts';

export interface Section {
  readonly title: string;
  readonly table?: cells.Table;
  readonly notes: readonly string[];
}

/** The sections of one part, in order. */
export function sectionsOf(part: Part, results: Partial<PartResults>): readonly Section[] {
  return SECTIONS[part](results);
}

const SECTIONS: Readonly<Record<Part, (results: Partial<PartResults>) => readonly Section[]>> = {
  throughput: ({ throughput = [] }) => compared(throughput),
  small: ({ small = [] }) => compared(small),
  memory: ({ memory: rows = [] }) => {
    const note = `between the largest and the smallest growth at 1 GB and more: ${growthSpread(rows).toFixed(0)} MB`;
    return [{ title: 'Resident set over the idle process', table: cells.memoryTable(rows), notes: [note] }];
  },
  'cli-memory': ({ 'cli-memory': rows = [] }) => {
    const worst = Math.max(...rows.flatMap((row) => [row.archiveGrowthMb, row.restoreGrowthMb]));
    const note = `largest growth ${worst.toFixed(0)} MB, promised at most ${PROMISED_GROWTH_MB} MB`;
    return [{ title: 'Through the command line', table: cells.cliMemoryTable(rows), notes: [note] }];
  },
  jobs: ({ jobs: rows = [] }) => {
    const slowest = Math.min(...rows.map(({ plannedPerSecond }) => plannedPerSecond));
    const largest = Math.max(...rows.flatMap((row) => [row.planGrowthMb, row.runGrowthMb]));
    const notes = [
      `slowest planning ${slowest.toFixed(0)} items a second, promised at least ${PROMISED_PLANNED_PER_SECOND}`,
      `largest growth ${largest.toFixed(0)} MB, promised at most ${PROMISED_JOB_GROWTH_MB} MB`,
    ];
    return [{ title: 'Jobs, without their work', table: cells.jobsTable(rows), notes }];
  },
  find: ({ find: rows = [] }) => [
    {
      title: 'Searches in the catalogue',
      table: cells.findTable(rows),
      notes: [peakNote(rows, PROMISED_FIND_MB)],
    },
  ],
  compaction: ({ compaction: rows = [] }) => [
    {
      title: 'Days of the catalogue',
      table: cells.compactionTable(rows),
      notes: [peakNote(rows, PROMISED_COMPACTION_MB)],
    },
  ],
  seal: ({ seal: rows = [] }) => {
    const notes = [
      `promised for a day of 100,000: at most ${PROMISED_SEAL_SECONDS} s of CPU besides reading the receipts and checking their signatures; ${PROMISED_SEAL_BYTES} bytes and ${PROMISED_SEAL_PUTS} PUT a recording`,
    ];
    return [{ title: 'Days of the log', table: cells.sealTable(rows), notes }];
  },
  console: ({ console: rows = [] }) => [{ title: 'The console', table: cells.consoleTable(rows), notes: [] }],
  limits: ({ limits: runs = [] }) => {
    const title = 'Inside a memory limit';
    if ('skipped' in runs) return [{ title, notes: [`skipped: ${runs.skipped}`] }];
    return [{ title, table: cells.limitsTable(runs), notes: roomOf(runs) }];
  },
  lambda: ({ lambda: sizes = [] }) => {
    if ('skipped' in sizes) return [{ title: 'As on Lambda', notes: [`skipped: ${sizes.skipped}`] }];
    const { bytes = 0, scheme = 'https' } = sizes[0] ?? {};
    const title = `As on Lambda: one cold recording of ${formatSize(bytes)} over ${scheme.toUpperCase()}`;
    return [{ title, table: cells.lambdaTable(sizes), notes: [] }];
  },
  latency: ({ latency: rows = [] }) => [{ title: 'Over a line', table: cells.latencyTable(rows), notes: [] }],
  init: ({ init: rows = [] }) => [{ title: 'Start', table: cells.startUpTable(rows), notes: [] }],
};

function peakNote(rows: readonly { readonly peakRssMb: number }[], promisedMb: number): string {
  const largest = Math.max(...rows.map(({ peakRssMb }) => peakRssMb));
  return `largest peak ${largest.toFixed(0)} MB, promised at most ${promisedMb} MB`;
}

/** What is left of the limit is what a larger recording, a slower disk or another library may take. */
function roomOf(runs: readonly LimitedRun[]): string[] {
  return runs.flatMap(({ variant, outcome, peakMib, limitMib, how }) => {
    if (outcome !== 'archived' || peakMib === undefined || !variant.startsWith('ours')) return [];
    const left = limitMib - peakMib;
    const room =
      peakMib <= limitMib / 2 ? 'with more than half of it to spare' : `with ${left.toFixed(0)} MiB to spare`;
    return [`${variant} fits ${room}; the limit was set by ${how}`];
  });
}

function compared(rows: readonly ComparedVariant[]): Section[] {
  const titles = new Set(rows.map(cells.comparisonTitle));
  return [...titles].flatMap((title) => {
    const group = rows.filter((row) => cells.comparisonTitle(row) === title);
    return [
      { title, table: cells.comparisonTable(group), notes: [] },
      { title: '', table: cells.requestsTable(group), notes: [] },
    ];
  });
}
