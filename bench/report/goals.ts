/** What the product means to reach, beside what was measured. */
import { LIMIT_MIB, type LimitedRun } from '../parts/limits.ts';
import { growthSpread } from '../parts/memory.ts';
import type { ComparedVariant } from '../parts/throughput.ts';
import type { PartResults } from '../results.ts';
import type { Table } from './cells.ts';

interface Goal {
  readonly what: string;
  readonly goal: string;
  readonly measured: string;
  readonly met: boolean | undefined;
}

/** Of the tutorial's method, over HTTPS: what runs. Sizes in bytes. */
const OVER_HTTPS = [
  { what: '100 MB', bytes: 1e8, concurrency: 1, throughput: 1.85, cpu: 0.55 },
  { what: '1 GB', bytes: 1e9, concurrency: 1, throughput: 2.2, cpu: 0.55 },
  { what: '1 MB', bytes: 1e6, concurrency: 1, throughput: 1.6, cpu: 0.48 },
  { what: '1 MB, 8 at once', bytes: 1e6, concurrency: 8, throughput: 1.2, cpu: 0.78 },
] as const;
/** Of `floor`, the same cipher and hashes over TLS and nothing else. */
const MAX_CPU_OF_FLOOR = 1.15;
/** Round trips in a row that a recording of 1 MB takes. */
const MAX_ROUND_TRIPS = 6;
const MAX_GROWTH_MB = { https: 60, http: 40 } as const;
const MAX_SPREAD_MB = 15;

/** The goal, its unit, and the digits behind the point that are compared. */
type AtMost = readonly [goal: number, unit: string, digits: number];

/** Only what was measured. */
export function goalsOf(results: Partial<PartResults>): Goal[] {
  const { throughput = [], small = [], memory = [], latency = [], limits = [] } = results;
  const goals = new Goals();
  addSpeed(goals, [...throughput, ...small]);
  addMemory(goals, throughput, memory);
  const line = latency.find(
    (row) => row.variant === 'ours' && row.concurrency === 1 && row.roundTrips !== undefined,
  );
  goals.atMost('round trips in a row, 1 MB', line?.roundTrips, [MAX_ROUND_TRIPS, 'trips', 1]);
  const limited = 'skipped' in limits ? undefined : limits.find(({ variant }) => variant === 'ours');
  if (limited !== undefined) goals.all.push(goalOfLimit(limited));
  return goals.all;
}

class Goals {
  readonly all: Goal[] = [];

  atLeast(what: string, measured: number | undefined, goal: number): void {
    if (measured === undefined) return;
    this.all.push({ what, goal: `≥ ${goal} ×`, measured: `${measured.toFixed(2)} ×`, met: measured >= goal });
  }

  atMost(what: string, measured: number | undefined, [goal, unit, digits]: AtMost): void {
    if (measured === undefined) return;
    this.all.push({
      what,
      goal: `≤ ${goal} ${unit}`,
      measured: `${measured.toFixed(digits)} ${unit}`,
      met: Number(measured.toFixed(digits)) <= goal,
    });
  }
}

/** Throughput and CPU, of the tutorial's and of the least that there can be. */
function addSpeed(goals: Goals, rows: readonly ComparedVariant[]): void {
  const find = (variant: string, bytes: number, concurrency: number) =>
    rows.find(
      (row) =>
        row.variant === variant &&
        row.scheme === 'https' &&
        row.bytes === bytes &&
        row.concurrency === concurrency,
    );
  for (const { what, bytes, concurrency, ...goal } of OVER_HTTPS) {
    const ours = find('ours', bytes, concurrency);
    goals.atLeast(`throughput, ${what} over HTTPS`, ours?.timesThroughput?.median, goal.throughput);
    goals.atMost(`CPU, ${what} over HTTPS`, ours?.timesCpu?.median, [goal.cpu, '×', 2]);
  }
  const [ours, floor] = ['ours', 'floor'].map((variant) => find(variant, 1e8, 1)?.cpuSecondsPerGb.median);
  const ofFloor = ours === undefined || floor === undefined ? undefined : ours / floor;
  goals.atMost('CPU, 100 MB over HTTPS, of the least a Node program takes', ofFloor, [
    MAX_CPU_OF_FLOOR,
    '×',
    2,
  ]);
}

function addMemory(
  goals: Goals,
  throughput: readonly ComparedVariant[],
  memory: PartResults['memory'],
): void {
  for (const scheme of ['https', 'http'] as const) {
    const growths = throughput.filter(
      (row) => row.variant === 'ours' && row.scheme === scheme && row.bytes >= 1e8,
    );
    const worst =
      growths.length === 0 ? undefined : Math.max(...growths.map((row) => row.rssGrowthMb.median));
    const what = `memory over the idle process, 100 MB and more over ${scheme.toUpperCase()}`;
    goals.atMost(what, worst, [MAX_GROWTH_MB[scheme], 'MB', 0]);
  }
  const spread = memory.length > 0 ? growthSpread(memory) : undefined;
  goals.atMost('its difference between sizes, at equal volume', spread, [MAX_SPREAD_MB, 'MB', 0]);
}

function goalOfLimit({ outcome, peakMib }: LimitedRun): Goal {
  return {
    what: `1 GB inside ${LIMIT_MIB} MiB`,
    goal: 'archived, with room to spare',
    measured: `${outcome}${peakMib === undefined ? '' : `, peak ${peakMib.toFixed(0)} MiB`}`,
    met: outcome === 'archived',
  };
}

export function goalsTable(results: Partial<PartResults>): Table {
  return {
    header: ['', 'goal', 'measured', 'met'],
    rows: goalsOf(results).map(({ what, goal, measured, met }) => [
      what,
      goal,
      measured,
      met === true ? 'yes' : 'no',
    ]),
  };
}
