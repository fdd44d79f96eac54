// npm run bench: bundles the benchmark and its processes into a folder of their own and runs it. `npm run bench -- --help`
// lists what can be measured and how.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const dir = await mkdtemp(join(tmpdir(), 'bench-'));
try {
  const { version } = JSON.parse(await readFile('package.json', 'utf8'));
  await build({
    entryPoints: ['bench/run.ts', 'bench/servers/*.ts', 'bench/variants/*.ts'],
    outdir: dir,
    outbase: 'bench',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    mainFields: ['module', 'main'],
    define: { PACKAGE_VERSION: JSON.stringify(version) },
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  const { runBench } = await import(pathToFileURL(join(dir, 'run.mjs')).href);
  process.exitCode = await runBench(process.argv.slice(2), dir);
} finally {
  await rm(dir, { recursive: true, force: true });
}
