/** Small recordings over lines with a round-trip time: how many round trips in a row one takes. */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { finished } from 'node:stream/promises';
import type { Scheme, Variant } from '../options.ts';
import { type Bench, runSample } from '../processes.ts';
import { type Spread, spreadOf } from '../report/statistics.ts';
import { startDelay } from '../servers/delay.ts';

export const ROUND_TRIPS_MS = [5, 40] as const;
/** Small requests whose mean says what the line takes. */
const REQUESTS = 40;

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
  /** By how much a small request on an open connection takes longer for each ms of the round trip: 1, but for the timers of the line. */
  readonly lineTrips: number | undefined;
  /** By how much a recording takes longer than one such request does, for each ms between this line and the one before. */
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
  const lines = new Map<number, number[]>();
  for (const roundTripMs of ROUND_TRIPS_MS) {
    const far = await bench.through(scheme, (origin) => startDelay(origin, roundTripMs));
    try {
      for (let round = 0; round < rounds; round += 1) {
        lines.set(roundTripMs, [...(lines.get(roundTripMs) ?? []), await askPlainly(far.bench, scheme)]);
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
  const lineOf = (ms: number) => spreadOf(lines.get(ms) ?? []);
  return variants.flatMap((variant) =>
    ROUND_TRIPS_MS.map((roundTripMs, index): LatencyRow => {
      const msOf = (ms: number) => spreadOf(times.get(`${variant} ${ms}`) ?? []);
      const msPerRecording = msOf(roundTripMs);
      const before = ROUND_TRIPS_MS[index - 1];
      const slope = (of: (ms: number) => Spread) =>
        before === undefined
          ? undefined
          : (of(roundTripMs).median - of(before).median) / (roundTripMs - before);
      const [raw, lineTrips] = [slope(msOf), slope(lineOf)];
      return {
        variant,
        scheme,
        bytes,
        concurrency,
        count,
        rounds,
        roundTripMs,
        msPerRecording,
        lineTrips,
        roundTrips:
          raw === undefined || lineTrips === undefined ? undefined : (raw * concurrency) / lineTrips,
      };
    }),
  );
}

/** @returns ms that one small request takes after another, on one connection that is open: what the line itself takes for a round trip. */
async function askPlainly(bench: Bench, scheme: Scheme): Promise<number> {
  const { GENESYS_API_URL: origin = '', NODE_EXTRA_CA_CERTS: certificate } = bench.environment(
    scheme,
    'ours',
  );
  const client = scheme === 'https' ? https : http;
  const ca = certificate === undefined ? undefined : readFileSync(certificate);
  const agent = new client.Agent({ keepAlive: true, maxSockets: 1, ...(ca && { ca }) });
  const ask = async () => {
    const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
      client.get(new URL('/-/counts', origin), { agent }, resolve).on('error', reject);
    });
    await finished(answer.resume());
  };
  try {
    for (let index = 0; index < 4; index += 1) await ask();
    const started = performance.now();
    for (let index = 0; index < REQUESTS; index += 1) await ask();
    return (performance.now() - started) / REQUESTS;
  } finally {
    agent.destroy();
  }
}
