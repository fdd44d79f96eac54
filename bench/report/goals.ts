/** What the product means to reach, beside what was measured. */
import { LIMIT_MIB } from '../parts/limits.ts';
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

const AT_LEAST = { http: 1.8, https: 1.5, small: 1.7 } as const;
const MOST_CPU = 0.65;
const MOST_GROWTH_MB = 60;
const MOST_SPREAD_MB = 15;

/** Only what was measured. */
export function goalsOf(results: Partial<PartResults>): Goal[] {
  const { throughput = [], small = [], memory = [], limits = [] } = results;
  const goals: Goal[] = [];
  const find = (rows: readonly ComparedVariant[], scheme: string, bytes: number, concurrency: number) =>
    rows.find(
      (row) =>
        row.variant === 'ours' &&
        row.scheme === scheme &&
        row.bytes === bytes &&
        row.concurrency === concurrency,
    );
  const atLeast = (what: string, row: ComparedVariant | undefined, goal: number) => {
    const measured = row?.timesThroughput?.median;
    if (measured === undefined) return;
    goals.push({ what, goal: `≥ ${goal} ×`, measured: `${measured.toFixed(2)} ×`, met: measured >= goal });
  };
  const cpu = (what: string, row: ComparedVariant | undefined) => {
    const measured = row?.timesCpu?.median;
    if (measured === undefined) return;
    goals.push({
      what,
      goal: `≤ ${MOST_CPU} ×`,
      measured: `${measured.toFixed(2)} ×`,
      met: measured <= MOST_CPU,
    });
  };
  for (const [name, bytes] of [
    ['100 MB', 1e8],
    ['1 GB', 1e9],
  ] as const) {
    const row = find(throughput, 'http', bytes, 1);
    atLeast(`throughput, ${name} over HTTP`, row, AT_LEAST.http);
    cpu(`CPU, ${name} over HTTP`, row);
  }
  atLeast('throughput, 100 MB over HTTPS', find(throughput, 'https', 1e8, 1), AT_LEAST.https);
  atLeast('recordings per second, 1 MB, 8 at once', find(small, 'http', 1e6, 8), AT_LEAST.small);
  if (memory.length > 0) {
    const worst = Math.max(...memory.map(({ rssGrowthMb }) => rssGrowthMb.median));
    const spread = growthSpread(memory);
    goals.push(
      {
        what: 'memory over the idle process, 1 MB to 4 GB',
        goal: `≤ ${MOST_GROWTH_MB} MB`,
        measured: `${worst.toFixed(0)} MB`,
        met: worst <= MOST_GROWTH_MB,
      },
      {
        what: 'its difference between sizes, at equal volume',
        goal: `≤ ${MOST_SPREAD_MB} MB`,
        measured: `${spread.toFixed(0)} MB`,
        met: spread <= MOST_SPREAD_MB,
      },
    );
  }
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
