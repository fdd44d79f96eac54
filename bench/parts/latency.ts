/** Small recordings over lines with a round-trip time: how many round trips in a row one takes. */
import type { Scheme, Variant } from '../options.ts';
import { type Bench, runSample } from '../processes.ts';
import { type Spread, spreadOf } from '../report/statistics.ts';
import { startDelay } from '../servers/delay.ts';

export const ROUND_TRIPS_MS = [5, 40] as const;

export interface LatencyRow {
  readonly variant: Variant;
  readonly scheme: Scheme;
  readonly bytes: number;
  readonly concurrency: number;
  readonly count: number;
  readonly rounds: number;
  readonly roundTripMs: number;
  /** Of all recordings together, divided by their number. */
  readonly msPerRecording: Spread;
  /** By how much a recording takes longer for each ms of the round trip, between this line and the one before. */
  readonly roundTrips: number | undefined;
}

export interface LatencyOptions {
  readonly scheme: Scheme;
  readonly bytes: number;
  readonly concurrency: number;
  readonly rounds: number;
  readonly variants: readonly Variant[];
  readonly nodeArgs: readonly string[];
}

export async function measureLatency(bench: Bench, options: LatencyOptions): Promise<LatencyRow[]> {
  const { scheme, bytes, concurrency, rounds, variants, nodeArgs } = options;
  const count = 40 * concurrency;
  const spec = { bytes, count, concurrency, warmUp: { count: 4 * concurrency, bytes } };
  const times = new Map<string, number[]>();
  for (const roundTripMs of ROUND_TRIPS_MS) {
    const far = await bench.through(scheme, (origin) => startDelay(origin, roundTripMs));
    try {
      for (let round = 0; round < rounds; round += 1) {
        for (const variant of variants) {
          const own = variant.startsWith('ours') ? nodeArgs : [];
          const { seconds } = await runSample(far.bench, { variant, scheme, spec, nodeArgs: own });
          const key = `${variant} ${roundTripMs}`;
          times.set(key, [...(times.get(key) ?? []), (seconds * 1000) / count]);
        }
      }
    } finally {
      await far.close();
    }
  }
  return variants.flatMap((variant) =>
    ROUND_TRIPS_MS.map((roundTripMs, index): LatencyRow => {
      const msOf = (ms: number) => spreadOf(times.get(`${variant} ${ms}`) ?? []);
      const msPerRecording = msOf(roundTripMs);
      const before = ROUND_TRIPS_MS[index - 1];
      const roundTrips =
        before === undefined
          ? undefined
          : (msPerRecording.median - msOf(before).median) / (roundTripMs - before);
      return {
        variant,
        scheme,
        bytes,
        concurrency,
        count,
        rounds,
        roundTripMs,
        msPerRecording,
        roundTrips: roundTrips === undefined ? undefined : roundTrips * concurrency,
      };
    }),
  );
}
