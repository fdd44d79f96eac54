// Runs the browser tests of the console in the Chromium of this machine. Without one they are skipped, and said to be; REQUIRE_BROWSER=1
// makes that a failure. Those of Firefox are skipped without one as well; REQUIRE_FIREFOX=1 makes that a failure.
//
//   npm run test:console                         all of them
//   npm run test:console -- player.spec.ts -g "seek"    some, by Playwright's own arguments
//   CHROMIUM=/path/to/chromium FIREFOX=/path/to/firefox npm run test:console
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'];
const chromium = places.find((file) => file !== undefined && existsSync(file));
if (chromium === undefined) {
  const tests = readdirSync('test/browser')
    .filter((name) => name.endsWith('.spec.ts'))
    .flatMap((name) => [...readFileSync(`test/browser/${name}`, 'utf8').matchAll(/^ *test\(/gm)]).length;
  const isRequired = process.env.REQUIRE_BROWSER === '1';
  console.log('no Chromium: apt-get install chromium fonts-dejavu-core, or name one in CHROMIUM');
  console.log(
    isRequired ? '0 passed, 1 failed' : `skipped ${tests}: no Chromium\n0 passed, 0 failed, ${tests} skipped`,
  );
  process.exit(isRequired ? 1 : 0);
}
const run = (command, args) =>
  spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, CHROMIUM: chromium } }).status ?? 1;
const built = run(process.execPath, ['scripts/build.mjs', '--quiet']);
if (built !== 0) process.exit(built);
process.exit(
  run(process.execPath, [
    'node_modules/@playwright/test/cli.js',
    'test',
    '-c',
    'test/browser',
    ...process.argv.slice(2),
  ]),
);
