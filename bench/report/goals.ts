/** What the product means to reach, beside what was measured. */
import { LIMIT_MIB } from '../parts/limits.ts';
import { growthSpread } from '../parts/memory.ts';
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
  const goals: Goal[] = [];
  const atLeast = (what: string, measured: number | undefined, goal: number) => {
    if (measured === undefined) return;
    goals.push({ what, goal: `≥ ${goal} ×`, measured: `${measured.toFixed(2)} ×`, met: measured >= goal });
  };
  const atMost = (what: string, measured: number | undefined, [goal, unit, digits]: AtMost) => {
    if (measured === undefined) return;
    const text = `${measured.toFixed(digits)} ${unit}`;
    goals.push({
      what,
      goal: `≤ ${goal} ${unit}`,
      measured: text,
      met: Number(measured.toFixed(digits)) <= goal,
    });
  };
  const rows = [...throughput, ...small];
  const find = (variant: string, scheme: string, bytes: number, concurrency: number) =>
    rows.find(
      (row) =>
        row.variant === variant &&
        row.scheme === scheme &&
        row.bytes === bytes &&
        row.concurrency === concurrency,
    );
  for (const { what, bytes, concurrency, ...goal } of OVER_HTTPS) {
    const ours = find('ours', 'https', bytes, concurrency);
    atLeast(`throughput, ${what} over HTTPS`, ours?.timesThroughput?.median, goal.throughput);
    atMost(`CPU, ${what} over HTTPS`, ours?.timesCpu?.median, [goal.cpu, '×', 2]);
  }
  const [ours, floor] = ['ours', 'floor'].map(
    (variant) => find(variant, 'https', 1e8, 1)?.cpuSecondsPerGb.median,
  );
  const ofFloor = ours === undefined || floor === undefined ? undefined : ours / floor;
  atMost('CPU, 100 MB over HTTPS, of the least a Node program takes', ofFloor, [MAX_CPU_OF_FLOOR, '×', 2]);
  for (const scheme of ['https', 'http'] as const) {
    const growths = throughput.filter(
      (row) => row.variant === 'ours' && row.scheme === scheme && row.bytes >= 1e8,
    );
    const worst =
      growths.length === 0 ? undefined : Math.max(...growths.map((row) => row.rssGrowthMb.median));
    const what = `memory over the idle process, 100 MB and more over ${scheme.toUpperCase()}`;
    atMost(what, worst, [MAX_GROWTH_MB[scheme], 'MB', 0]);
  }
  if (memory.length > 0) {
    atMost('its difference between sizes, at equal volume', growthSpread(memory), [MAX_SPREAD_MB, 'MB', 0]);
  }
  const line = latency.find(
    (row) => row.variant === 'ours' && row.concurrency === 1 && row.roundTrips !== undefined,
  );
  atMost('round trips in a row, 1 MB', line?.roundTrips, [MAX_ROUND_TRIPS, 'trips', 1]);
  const limited = 'skipped' in limits ? undefined : limits.find(({ variant }) => variant === 'ours');
  if (limited !== undefined) {
    const { outcome, peakMib } = limited;
    goals.push({
      what: `1 GB inside ${LIMIT_MIB} MiB`,
      goal: 'archived, with room to spare',
      measured: `${outcome}${peakMib === undefined ? '' : `, peak ${peakMib.toFixed(0)} MiB`}`,
      met: outcome === 'archived',
    });
  }
  return goals;
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
