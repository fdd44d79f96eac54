/** Which sizes, rounds and variants each part measures unless it is told otherwise. */
import { type BenchOptions, type Scheme, SCHEMES, type Variant, VARIANTS } from '../options.ts';
import type { Bench } from '../processes.ts';
import type { Part, PartResults } from '../results.ts';
import { measureCliMemory } from './cli-memory.ts';
import { measureCompaction } from './compaction.ts';
import { measureConsole } from './console.ts';
import { measureFind } from './find.ts';
import { measureStartUp } from './init.ts';
import { measureJobs } from './jobs.ts';
import { type LatencyRow, measureLatency } from './latency.ts';
import { measureLambdaSizes } from './lambda.ts';
import { measureLimits } from './limits.ts';
import { measureMemory, memoryCases } from './memory.ts';
import { measureSeal } from './seal.ts';
import { type ComparedVariant, compare, countFor } from './throughput.ts';

/** A quick run leaves the variants out that are compared with nothing. */
const QUICK_VARIANTS: readonly Variant[] = ['tutorial', 'ours'];

type OnSkip = (why: string) => void;

/** @param onSkip told why a part, or a half of one, is left out. */
export async function measurePart(
  bench: Bench,
  options: BenchOptions,
  part: Part,
  onSkip: OnSkip,
): Promise<Partial<PartResults>> {
  const { quick, nodeArgs, rounds, sizes } = options;
  switch (part) {
    case 'throughput':
      return { throughput: await throughput(bench, options, onSkip) };
    case 'small':
      return { small: await small(bench, options, onSkip) };
    case 'memory': {
      const cases = memoryCases(sizes ?? (quick ? [1e6, 1e8, 1e9] : [1e6, 1e8, 1e9, 4e9]), quick);
      return { memory: await measureMemory(bench, cases, { rounds: rounds ?? (quick ? 1 : 3), nodeArgs }) };
    }
    case 'limits': {
      const variants = options.variants ?? (['tutorial', 'lib-storage', 'ours'] as const);
      return { limits: await measureLimits(bench, variants, sizes?.[0] ?? 1e9, nodeArgs) };
    }
    case 'lambda': {
      const how = { bytes: sizes?.[0] ?? 1e8, rounds: rounds ?? (quick ? 1 : 3), nodeArgs };
      return { lambda: await measureLambdaSizes(bench, how) };
    }
    case 'init':
      return { init: await measureStartUp(bench, rounds ?? (quick ? 3 : 7)) };
    case 'cli-memory':
      return { 'cli-memory': await measureCliMemory(bench, quick) };
    case 'jobs':
      return { jobs: await measureJobs(bench, quick) };
    case 'find': {
      const how = { quick, rounds: rounds ?? (quick ? 1 : 5), rows: options.rows };
      return { find: await measureFind(bench, how, onSkip) };
    }
    case 'compaction':
      return { compaction: await measureCompaction(bench, { quick, rounds: rounds ?? (quick ? 1 : 3) }) };
    case 'seal':
      return { seal: await measureSeal(bench, { quick, rounds: rounds ?? (quick ? 1 : 3) }) };
    case 'console':
      return { console: await measureConsole(bench, { quick, rounds: rounds ?? (quick ? 1 : 3) }) };
    case 'latency':
      return { latency: await latency(bench, options, onSkip) };
    default:
      return part satisfies never;
  }
}

async function throughput(bench: Bench, options: BenchOptions, onSkip: OnSkip): Promise<ComparedVariant[]> {
  const sizes = (scheme: Scheme): readonly number[] =>
    options.sizes ?? (options.quick ? [1e8] : scheme === 'https' ? [1e6, 1e8, 1e9] : [1e8, 1e9]);
  const rows: ComparedVariant[] = [];
  for (const scheme of possible(bench, options.schemes ?? SCHEMES, onSkip)) {
    for (const bytes of sizes(scheme))
      rows.push(...(await compareOne(bench, options, { scheme, bytes, concurrency: 1 })));
  }
  return rows;
}

async function small(bench: Bench, options: BenchOptions, onSkip: OnSkip): Promise<ComparedVariant[]> {
  const rows: ComparedVariant[] = [];
  for (const scheme of possible(bench, options.schemes ?? (options.quick ? ['http'] : SCHEMES), onSkip)) {
    for (const concurrency of options.concurrency ?? [8]) {
      const bytes = options.sizes?.[0] ?? 1e6;
      rows.push(...(await compareOne(bench, options, { scheme, bytes, concurrency })));
    }
  }
  return rows;
}

async function latency(bench: Bench, options: BenchOptions, onSkip: OnSkip): Promise<LatencyRow[]> {
  const { quick, nodeArgs, rounds = quick ? 1 : 3, sizes = [1e6], variants = ['tutorial', 'ours'] } = options;
  const rows: LatencyRow[] = [];
  for (const scheme of possible(bench, options.schemes ?? ['https'], onSkip)) {
    for (const concurrency of options.concurrency ?? (quick ? [1] : [1, 8])) {
      for (const bytes of sizes) {
        rows.push(
          ...(await measureLatency(bench, { scheme, bytes, concurrency, rounds, variants, nodeArgs })),
        );
      }
    }
  }
  return rows;
}

function compareOne(
  bench: Bench,
  { quick, rounds, variants, nodeArgs }: BenchOptions,
  {
    scheme,
    bytes,
    concurrency,
  }: { readonly scheme: Scheme; readonly bytes: number; readonly concurrency: number },
): Promise<ComparedVariant[]> {
  return compare(bench, {
    scheme,
    bytes,
    concurrency,
    count: countFor(bytes, quick),
    rounds: rounds ?? (quick || bytes >= 1e9 ? 3 : 5),
    variants: variants ?? (quick ? QUICK_VARIANTS : VARIANTS),
    nodeArgs,
  });
}

function possible({ noHttps }: Bench, schemes: readonly Scheme[], onSkip: OnSkip): readonly Scheme[] {
  if (noHttps === undefined || !schemes.includes('https')) return schemes;
  onSkip(`everything over HTTPS: ${noHttps}`);
  return schemes.filter((scheme) => scheme !== 'https');
}
