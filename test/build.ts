import { execFileSync } from 'node:child_process';

/**
 * The command line and the Lambda bundle are tested as they ship, so they are built first. `TEST_SKIP_BUILD=1` takes `dist/` as
 * it is, for a quick run of tests that need no build.
 */
export function setup(): void {
  if (process.env['TEST_SKIP_BUILD'] === '1') return;
  execFileSync(process.execPath, ['scripts/build.mjs', '--quiet'], { stdio: 'inherit' });
}
