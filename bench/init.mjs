// How long the Lambda function takes to start: from the start of its process to its first request for work, with the runtime that
// AWS uses where `scripts/lambda-runtime.sh install` has put it, else to the end of the import of the bundle. Prints a table when it
// is run by itself: node bench/init.mjs. Part `init` of npm run bench.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const BUNDLE = 'dist/lambda/archive.mjs';
/** Its start is the runtime's own, which is not ours to shorten. */
const EMPTY = 'export const handler = async () => {};\n';

/**
 * @param {{ readonly runs?: number, readonly binaries?: readonly string[], readonly runtime?: string }} options `runs` of each;
 *   `binaries` default to those that {@link findNodeBinaries} finds, `runtime` to where the tests find it.
 * @returns {Promise<import('./init.d.mts').InitRow[]>}
 */
export async function measureInit({
  runs = 15,
  binaries = findNodeBinaries(),
  runtime = findRuntime(),
} = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'init-'));
  const empty = join(dir, 'empty.mjs');
  await writeFile(empty, EMPTY);
  try {
    const rows = [];
    for (const binary of binaries) {
      const start = (program) =>
        runtime === undefined ? startPlain(binary, program) : startInRuntime(binary, runtime, program);
      const samples = { bundle: [], empty: [] };
      // one of each that is not counted fills the caches of the disk; then they take turns, so that both see the same machine
      for (let run = -1; run < runs; run += 1) {
        const bundle = await start(resolve(BUNDLE));
        const nothing = await start(empty);
        if (run < 0) continue;
        samples.bundle.push(bundle);
        samples.empty.push(nothing);
      }
      rows.push({
        node: versionOf(binary),
        how: runtime === undefined ? 'import' : 'aws-lambda-ric',
        initMs: spreadOf(samples.bundle),
        emptyInitMs: spreadOf(samples.empty),
        bundleBytes: statSync(BUNDLE).size,
      });
    }
    return rows;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** `BENCH_NODE_BINARIES`, comma-separated; else this one and what packages `node@22` and `node@24` have left in the temporary directory. */
export function findNodeBinaries() {
  const { BENCH_NODE_BINARIES: stated } = process.env;
  if (stated) return stated.split(',');
  const found = new Map([[majorOf(process.version), process.execPath]]);
  for (const entry of readdirSync(tmpdir())) {
    const binary = join(tmpdir(), entry, 'node_modules/node/bin/node');
    if (!existsSync(binary)) continue;
    const major = majorOf(versionOf(binary));
    if (!found.has(major)) found.set(major, binary);
  }
  return [...found].toSorted(([one], [other]) => one - other).map(([, binary]) => binary);
}

function findRuntime() {
  const { TEST_LAMBDA_RUNTIME: stated } = process.env;
  return [stated, '.lambda-runtime'].find(
    (dir) => dir !== undefined && existsSync(join(dir, 'node_modules/aws-lambda-ric/rapid-client.node')),
  );
}

/** ms from the start of the process to its first request for work. */
async function startInRuntime(node, runtime, program) {
  let ready = () => {};
  const asked = new Promise((done) => {
    ready = done;
  });
  // https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html; the request is never answered
  const api = createServer((request) => {
    if (request.url?.endsWith('/invocation/next')) ready('ready');
    else ready(request.url);
  });
  api.listen(0, '127.0.0.1');
  await once(api, 'listening');
  const name = program.split('/').at(-1).replace('.mjs', '');
  const entry = join(resolve(runtime), 'node_modules/aws-lambda-ric/index.mjs');
  const began = performance.now();
  const child = spawn(node, [entry, `${name}.handler`], {
    stdio: 'ignore',
    env: {
      NODE_NO_WARNINGS: '1',
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${api.address().port}`,
      AWS_LAMBDA_FUNCTION_NAME: 'archiver',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      LAMBDA_TASK_ROOT: dirname(program),
      _HANDLER: `${name}.handler`,
    },
  });
  const exited = once(child, 'exit').then(() => 'exit');
  const how = await Promise.race([asked, exited]);
  const spentMs = performance.now() - began;
  child.kill('SIGKILL');
  await exited;
  api.closeAllConnections();
  api.close();
  if (how !== 'ready') throw new Error(`the runtime did not start ${program}: ${how}`);
  return spentMs;
}

/** ms from the start of the process to the end of the import. */
async function startPlain(node, program) {
  const code = `await import(${JSON.stringify(pathToFileURL(program).href)}); process.exit(0)`;
  const began = performance.now();
  const child = spawn(node, ['--input-type=module', '--eval', code], {
    stdio: 'ignore',
    env: { NODE_NO_WARNINGS: '1' },
  });
  const [exitCode] = await once(child, 'exit');
  if (exitCode !== 0) throw new Error(`the import of ${program} ended with ${exitCode}`);
  return performance.now() - began;
}

const majorOf = (version) => Number(/^v(\d+)/.exec(version)?.[1] ?? 0);
const versionOf = (binary) => execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();

function spreadOf(values) {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const rows = await measureInit();
  const show = ({ median, min, max }) => `${median.toFixed(0)} (${min.toFixed(0)} to ${max.toFixed(0)})`;
  for (const { node, how, initMs, emptyInitMs, bundleBytes } of rows) {
    console.log(
      `${node.padEnd(9)} ${how.padEnd(15)} ${show(initMs).padEnd(20)} ms; an empty handler ${show(emptyInitMs).padEnd(20)} ms; bundle ${bundleBytes} bytes`,
    );
  }
}
