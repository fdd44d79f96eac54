// npm run bench: bundles the benchmark and its processes into a folder of their own and runs it. `npm run bench -- --help`
// lists what can be measured and how.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleBench } from './bundle.mjs';

const dir = await mkdtemp(join(tmpdir(), 'bench-'));
try {
  await bundleBench(dir);
  const { runBench } = await import(pathToFileURL(join(dir, 'run.mjs')).href);
  process.exitCode = await runBench(process.argv.slice(2), dir);
} finally {
  await rm(dir, { recursive: true, force: true });
}
