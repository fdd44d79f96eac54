import { readFile } from 'node:fs/promises';
import { build } from 'esbuild';

/**
 * Bundles the benchmark and the programs of its processes into a folder, each with everything it needs.
 *
 * @param {string} outdir
 * @param {readonly string[]} entryPoints
 */
export async function bundleBench(
  outdir,
  entryPoints = ['bench/run.ts', 'bench/servers/*.ts', 'bench/variants/*.ts'],
) {
  const { version } = JSON.parse(await readFile('package.json', 'utf8'));
  await build({
    entryPoints: [...entryPoints],
    outdir,
    outbase: 'bench',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    mainFields: ['module', 'main'],
    define: { PACKAGE_VERSION: JSON.stringify(version) },
    // bundled CommonJS dependencies call require(); ES modules have none of their own
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
}
