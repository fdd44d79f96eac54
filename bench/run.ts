/** What `npm run bench` does; see `--help`. */
import { cpus, totalmem } from 'node:os';
import { type BenchOptions, parseOptions, type Scheme, VARIANTS } from './options.ts';
import { compare, countFor } from './parts/throughput.ts';
import { type Bench, startBench } from './processes.ts';
import { comparisonTable, requestsTable } from './report/tables.ts';

export async function runBench(args: readonly string[], dir: string): Promise<number> {
  const options = parseOptions(args);
  if ('usage' in options) {
    process.stdout.write(options.usage);
    return options.exit;
  }
  const bench = await startBench(dir);
  try {
    const machine = `Node ${process.version}, ${cpus().length} processors, ${Math.round(totalmem() / 1024 ** 3)} GiB`;
    if (!options.json)
      console.log(`${machine}; × = ratio to the tutorial's method in the same round, medians\n`);
    for (const part of options.parts) {
      if (part === 'throughput') await throughput(bench, options);
      if (part === 'small') await small(bench, options);
    }
  } finally {
    await bench.close();
  }
  return 0;
}

async function throughput(bench: Bench, options: BenchOptions): Promise<void> {
  const { quick, schemes = ['http', 'https'] } = options;
  for (const scheme of schemes) {
    const usual = scheme === 'https' ? [1e8] : quick ? [1e8] : [1e6, 1e7, 1e8, 1e9];
    for (const bytes of options.sizes ?? usual) await compareAndPrint(bench, options, scheme, bytes, 1);
  }
}

async function small(bench: Bench, options: BenchOptions): Promise<void> {
  const usual = options.quick ? [8] : [1, 8, 32];
  for (const scheme of options.schemes ?? ['http']) {
    for (const concurrency of options.concurrency ?? usual)
      await compareAndPrint(bench, options, scheme, options.sizes?.[0] ?? 1e6, concurrency);
  }
}

async function compareAndPrint(
  bench: Bench,
  options: BenchOptions,
  scheme: Scheme,
  bytes: number,
  concurrency: number,
): Promise<void> {
  if (scheme === 'https' && bench.noHttps !== undefined) {
    console.log(`skipped over HTTPS: ${bench.noHttps}\n`);
    return;
  }
  const rows = await compare(bench, {
    scheme,
    bytes,
    concurrency,
    count: countFor(bytes, options.quick),
    rounds: options.rounds ?? (options.quick ? 3 : bytes >= 1e9 ? 3 : 5),
    variants: options.variants ?? VARIANTS,
    nodeArgs: options.nodeArgs,
  });
  if (options.json) {
    for (const row of rows) console.log(JSON.stringify({ type: 'comparison', schemaVersion: 1, ...row }));
  } else {
    console.log(`${comparisonTable(rows)}\n\n${requestsTable(rows)}\n`);
  }
}
