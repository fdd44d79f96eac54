/** Variants in alternation: each round takes a sample of every one, in a new order, so that all see the same machine. */
import type { Scheme, Variant } from '../options.ts';
import { type Bench, runSample } from '../processes.ts';
import { type Spread, spreadOf } from '../report/statistics.ts';
import type { Sample } from '../variants/worker.ts';

export interface Comparison {
  readonly scheme: Scheme;
  /** Of each recording. */
  readonly bytes: number;
  readonly concurrency: number;
  readonly count: number;
  readonly rounds: number;
  readonly variants: readonly Variant[];
  readonly nodeArgs: readonly string[];
}

/** What one variant did in one comparison. Ratios are to the tutorial's sample of the same round. */
export interface ComparedVariant {
  readonly scheme: Scheme;
  readonly bytes: number;
  readonly concurrency: number;
  /** Recordings a sample. */
  readonly count: number;
  readonly rounds: number;
  readonly variant: Variant;
  readonly mbPerSecond: Spread;
  readonly recordingsPerSecond: Spread;
  /** User and system. */
  readonly cpuSecondsPerGb: Spread;
  readonly peakRssMb: Spread;
  readonly rssGrowthMb: Spread;
  readonly timesThroughput: Spread | undefined;
  readonly timesCpu: Spread | undefined;
  /** Of one recording, by kind; of the last round. */
  readonly requests: Readonly<Record<string, number>>;
}

/** Bytes to warm up with, enough for one multipart upload where recordings are large. */
const WARM_UP = 64_000_000;
/** Recordings to warm up with where they are small: the compiler goes by how often it has seen a function. */
const SMALL_WARM_UPS = 500;
const SMALL = 2_000_000;

export function warmUpFor(bytes: number) {
  const each = Math.min(bytes, WARM_UP);
  return { bytes: each, count: bytes <= SMALL ? SMALL_WARM_UPS : Math.ceil(WARM_UP / each) };
}

/** Bytes a sample, in a full run and in a quick one, so that the tutorial's takes some seconds. */
const VOLUME = 1.5e9;
const QUICK_VOLUME = 4e8;
/** Of small recordings, which take their time in requests rather than bytes. */
const MAX_RECORDINGS = 1500;

/** Recordings a sample. */
export function countFor(bytes: number, quick: boolean): number {
  if (bytes >= 1e9) return 1;
  return Math.max(2, Math.min(MAX_RECORDINGS, Math.round((quick ? QUICK_VOLUME : VOLUME) / bytes)));
}

export async function compare(
  bench: Bench,
  comparison: Comparison,
  onSample: (what: string) => void = () => {},
): Promise<ComparedVariant[]> {
  const { scheme, bytes, concurrency, count, rounds, variants, nodeArgs } = comparison;
  const samples = new Map<Variant, Sample[]>(variants.map((variant) => [variant, []]));
  for (let round = 0; round < rounds; round += 1) {
    const turn = round % variants.length;
    for (const variant of [...variants.slice(turn), ...variants.slice(0, turn)]) {
      onSample(`${variant}, round ${round + 1} of ${rounds}`);
      const spec = { bytes, count, concurrency, warmUp: warmUpFor(bytes) };
      const own = variant.startsWith('ours') ? nodeArgs : [];
      samples.get(variant)?.push(await runSample(bench, { variant, scheme, spec, nodeArgs: own }));
    }
  }
  const base = samples.get('tutorial');
  return variants.map((variant) => {
    const own = samples.get(variant) ?? [];
    const total = bytes * count;
    const spread = (of: (sample: Sample) => number) => spreadOf(own.map(of));
    const times = (of: (sample: Sample) => number) =>
      base === undefined
        ? undefined
        : spreadOf(own.map((sample, round) => of(sample) / of(base[round] ?? sample)));
    const cpu = ({ userSeconds, systemSeconds }: Sample) => userSeconds + systemSeconds;
    const requests = Object.entries(own.at(-1)?.requests ?? {});
    return {
      scheme,
      bytes,
      concurrency,
      count,
      rounds,
      variant,
      mbPerSecond: spread(({ seconds }) => total / seconds / 1e6),
      recordingsPerSecond: spread(({ seconds }) => count / seconds),
      cpuSecondsPerGb: spread((sample) => (cpu(sample) / total) * 1e9),
      peakRssMb: spread(({ peakRss }) => peakRss / 1e6),
      rssGrowthMb: spread(({ rssGrowth }) => rssGrowth / 1e6),
      timesThroughput: times(({ seconds }) => 1 / seconds),
      timesCpu: times(cpu),
      requests: Object.fromEntries(requests.map(([kind, number]) => [kind, number / count])),
    };
  });
}
