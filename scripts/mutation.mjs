/**
 * Mutation testing, folder by folder: the mutants of a folder meet the tests of that folder and no others, or each of them would take
 * minutes. Reports go to `reports/`.
 *
 *     npm run test:mutation                                   every folder
 *     npm run test:mutation -- envelope http                  these
 *     npm run test:mutation -- -m 'src/http/*.ts'             what Stryker is told, with the tests of MUTATION_TESTS
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, renameSync, rmSync } from 'node:fs';

const FOLDERS = {
  record: 'test/{record,archive,audit}/**/*.test.ts',
  archive: 'test/{archive,genesys}/**/*.test.ts',
  audit: 'test/{audit,archive}/**/*.test.ts',
  rekey: 'test/{rekey,archive,audit}/**/*.test.ts',
  proof: '{test/{proof,audit}/**/*.test.ts,test/slow/proof/*.slow.ts}',
  aws: 'test/{aws,store,queue,envelope}/**/*.test.ts',
  http: 'test/http/**/*.test.ts',
  envelope: 'test/envelope/**/*.test.ts',
};
const REPORT = 'reports/mutation.json';
const DETECTED = ['Killed', 'Timeout'];
const UNDETECTED = ['Survived', 'NoCoverage'];

const given = process.argv.slice(2);
if (given.some((argument) => argument.startsWith('-'))) {
  process.exit(stryker(given));
}
const folders = given.length === 0 ? Object.keys(FOLDERS) : given;
const unknown = folders.filter((folder) => !Object.hasOwn(FOLDERS, folder));
if (unknown.length > 0) {
  console.error(`no such folder: ${unknown.join(', ')}; there are ${Object.keys(FOLDERS).join(', ')}`);
  process.exit(2);
}

const lines = [];
let failed = false;
for (const folder of folders) {
  rmSync(REPORT, { force: true });
  const code = stryker(['-m', `src/${folder}/**/*.ts`], { MUTATION_TESTS: FOLDERS[folder] });
  const share = score(folder);
  failed ||= code !== 0 || share === undefined;
  lines.push(`${`src/${folder}`.padEnd(14)} ${share ?? 'no mutants: the run did not end, or found no code'}`);
}
console.log(`\n${lines.join('\n')}`);
process.exit(failed ? 1 : 0);

/** @returns {number} its exit code; not 0 below the `break` threshold of stryker.config.json. */
function stryker(args, env = {}) {
  const command = ['node_modules/@stryker-mutator/core/bin/stryker.js', 'run', ...args];
  const { status } = spawnSync(process.execPath, command, {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return status ?? 1;
}

/** Stryker's own arithmetic: what was noticed, of all that a test could have noticed. `undefined` when there was nothing. */
function score(folder) {
  const kept = `reports/mutation-${folder}.json`;
  try {
    renameSync(REPORT, kept);
  } catch {
    return undefined;
  }
  const states = Object.values(JSON.parse(readFileSync(kept, 'utf8')).files).flatMap(({ mutants }) =>
    mutants.map(({ status }) => status),
  );
  const count = (wanted) => states.filter((status) => wanted.includes(status)).length;
  const [detected, undetected] = [count(DETECTED), count(UNDETECTED)];
  if (detected + undetected === 0) return undefined;
  const percent = ((100 * detected) / (detected + undetected)).toFixed(1);
  return `${percent} % (${detected}/${detected + undetected}); ${kept}`;
}
