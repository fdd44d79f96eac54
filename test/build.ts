import { execFileSync } from 'node:child_process';

/** The command line and the Lambda bundle are tested as they ship, so they are built first. */
export function setup(): void {
  execFileSync(process.execPath, ['scripts/build.mjs', '--quiet'], { stdio: 'inherit' });
}
