import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';

/** Makes the archive of the demo, and the console of `test/console-process`, once for all tests. */
async function setUp(): Promise<() => void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'console-tests-'));
  const script = path.join(folder, 'console-process.mjs');
  await build({
    entryPoints: ['test/console-process/main.ts'],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    mainFields: ['module', 'main'],
    define: { PACKAGE_VERSION: '"0.0.0"' },
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module';const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  const demo = path.join(folder, 'demo');
  execFileSync(process.execPath, ['dist/cli.mjs', 'demo', '--out', demo, '--json'], { stdio: 'ignore' });
  process.env['CONSOLE_SCRIPT'] = script;
  process.env['DEMO_SETTINGS'] = JSON.stringify(settingsOf(path.join(demo, 'demo.env')));
  return () => rmSync(folder, { recursive: true, force: true });
}

function settingsOf(file: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8').matchAll(/^export (\w+)=(.*)$/gm);
  return Object.fromEntries(
    [...lines].map(([, name = '', value = '']) => [name, value.replaceAll(/^'|'$/g, '')]),
  );
}

export default setUp;
