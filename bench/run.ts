/** What `npm run bench` does; see `--help`. */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { type BenchOptions, parseOptions } from './options.ts';
import { measurePart } from './parts/parts.ts';
import { type Bench, startBench } from './processes.ts';
import {
  BASELINE_FILE,
  baselineOf,
  betterOf,
  compareWithBaseline,
  formatVerdicts,
  readBaseline,
} from './report/baseline.ts';
import { writeDocs } from './report/docs.ts';
import { sectionsOf } from './report/sections.ts';
import { formatSection } from './report/text.ts';
import {
  type Machine,
  mergeResults,
  type Part,
  type PartResults,
  readResults,
  RESULTS_FILE,
} from './results.ts';

/** @param dir where the bundles are; the benchmark's files go there too. */
export async function runBench(args: readonly string[], dir: string): Promise<number> {
  const options = parseOptions(args);
  if ('usage' in options) {
    process.stdout.write(options.usage);
    return options.exit;
  }
  const isFine = options.parts.length === 0 || (await measureAndKeep(options, dir));
  if (options.writeDocs) writeDocs();
  return isFine ? 0 : 1;
}

/** @returns false when something is worse than the baseline allows. */
async function measureAndKeep(options: BenchOptions, dir: string): Promise<boolean> {
  const bench = await startBench(dir);
  try {
    const measured = await measure(bench, options);
    if (options.writeResults) {
      const fresh = { schemaVersion: 1, machine: describeMachine(), parts: measured } as const;
      write(RESULTS_FILE, mergeResults(readResults(RESULTS_FILE), fresh));
    }
    if (options.writeBaseline) write(BASELINE_FILE, baselineOf(measured));
    return !options.check || (await check(bench, options, measured));
  } finally {
    await bench.close();
  }
}

function write(file: string, content: unknown): void {
  writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`);
}

async function measure(bench: Bench, options: BenchOptions): Promise<Partial<PartResults>> {
  const measured: Partial<PartResults> = {};
  if (!options.json) {
    const { node, processors, memoryGib } = describeMachine();
    console.log(`Node ${node}, ${processors} processors, ${memoryGib} GiB`);
    console.log('medians (smallest–largest); × = ratio to the tutorial’s method in the same round\n');
  }
  for (const part of options.parts) await measureAndPrint(bench, options, part, measured);
  return measured;
}

async function measureAndPrint(
  bench: Bench,
  options: BenchOptions,
  part: Part,
  measured: Partial<PartResults>,
): Promise<void> {
  const onSkip = (why: string) => console.error(`skipped: ${why}`);
  Object.assign(measured, await measurePart(bench, options, part, onSkip));
  if (options.json) {
    const { [part]: given = [] } = measured;
    const rows: readonly object[] = 'skipped' in given ? [given] : given;
    for (const row of rows)
      console.log(JSON.stringify({ type: part, schemaVersion: 1, ...describeMachine(), ...row }));
  } else {
    for (const section of sectionsOf(part, measured)) console.log(formatSection(section));
  }
}

/**
 * What is worse than the baseline is measured a second time, and the better value counts: somebody else's work on the same machine
 * disturbs one run, a regression both.
 */
async function check(bench: Bench, options: BenchOptions, measured: Partial<PartResults>): Promise<boolean> {
  const baseline = readBaseline();
  if (baseline === undefined) {
    console.error(`there is no ${BASELINE_FILE}; --write-baseline makes one`);
    return false;
  }
  let values = baselineOf(measured);
  const isFine = () => compareWithBaseline(baseline, values).every(({ regressed }) => !regressed);
  if (!isFine()) {
    console.log(`${formatVerdicts(compareWithBaseline(baseline, values))}\n\nonce more, to be sure:\n`);
    values = betterOf(values, baselineOf(await measure(bench, options)));
  }
  const verdicts = compareWithBaseline(baseline, values);
  console.log(formatVerdicts(verdicts));
  if (verdicts.length === 0) console.error(`nothing in ${BASELINE_FILE} was measured in this run`);
  return verdicts.length > 0 && isFine();
}

function describeMachine(): Machine {
  return {
    node: process.version,
    processors: cpus().length,
    memoryGib: Math.round(totalmem() / 1024 ** 3),
    model: cpus()[0]?.model.trim() ?? 'unknown',
  };
}
