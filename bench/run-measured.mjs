// Runs the command line in a process of its own and measures it from inside, at its end.
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Writes the peak resident set (kB, as getrusage(2) counts on Linux) and the CPU time (µs) to a file when the process ends. */
const probe = (file) =>
  `data:text/javascript,${encodeURIComponent(
    `import { writeFileSync } from 'node:fs';
     process.on('exit', () => writeFileSync(${JSON.stringify(file)}, JSON.stringify(process.resourceUsage())));`,
  )}`;

/**
 * @param {string} program path of a module
 * @param {readonly string[]} args
 * @param {Record<string, string>} env
 * @param {string} [input]
 * @returns {Promise<{code: number, out: string, err: string, peakRssBytes: number, cpuSeconds: number, wallSeconds: number}>}
 */
export async function runMeasured(program, args, env, input = '') {
  const file = join(tmpdir(), `measured-${process.pid}-${Math.random().toString(36).slice(2)}.json`);
  const began = performance.now();
  const child = spawn(process.execPath, ['--import', probe(file), resolve(program), ...args], {
    env: { PATH: process.env.PATH ?? '', NODE_NO_WARNINGS: '1', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (text) => {
    out += text;
  });
  child.stderr.on('data', (text) => {
    err += text;
  });
  child.stdin.end(input);
  const code = await new Promise((done) => child.on('close', done));
  const usage = JSON.parse(await readFile(file, 'utf8'));
  await rm(file, { force: true });
  return {
    code,
    out,
    err,
    peakRssBytes: usage.maxRSS * 1024,
    cpuSeconds: (usage.userCPUTime + usage.systemCPUTime) / 1e6,
    wallSeconds: (performance.now() - began) / 1000,
  };
}
