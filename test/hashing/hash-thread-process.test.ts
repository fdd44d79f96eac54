import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);

/** Of 8,000,000 zeros, by `head -c 8000000 /dev/zero | sha256sum`. */
const ZEROS = '6506614505e113daab08b3f894ca46d4d61867c7b007c413b47a669abe8aae67';

/** Whole processes, with the program as the Lambda function's bundle has it: bundled and minified. */
describe('a process with a hash thread', () => {
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hash-process-'));
    await build({
      entryPoints: ['src/hashing/hash-thread.ts', 'src/memory.ts'],
      outdir: dir,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      outbase: 'src',
      minify: true,
      platform: 'node',
      target: 'node20.19',
      format: 'esm',
      logLevel: 'warning',
    });
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  async function runProgram(text: string) {
    const file = join(dir, `program-${Math.random().toString(36).slice(2)}.mjs`);
    const imports = `import { HashThread } from './hashing/hash-thread.mjs';\nimport { settleMemory } from './memory.mjs';\n`;
    await writeFile(file, `${imports}const thread = new HashThread();\n${text}`);
    // a process that does not end by itself fails the test by this time-out
    return run(process.execPath, [file], { timeout: 60_000 });
  }

  it('goes on while it waits for a digest, and ends when nobody does', async () => {
    const { stdout } = await runProgram(`
      const memory = thread.memory.allocate(8_000_000);
      console.log((await thread.digestOf(memory)).toString('hex'));
    `);
    expect(stdout.trim()).toBe(ZEROS);
  });

  it('waits for a pause, too', async () => {
    const { stdout } = await runProgram(`
      const stream = thread.openStream();
      thread.update(stream, thread.memory.allocate(50_000_000));
      await thread.pause();
      console.log('went on with', thread.pending);
    `);
    expect(stdout.trim()).toBe('went on with 0');
  });

  it('ends although work is left that nobody waits for', async () => {
    const { stdout } = await runProgram(`
      thread.update(thread.openStream(), thread.memory.allocate(50_000_000));
      console.log('done');
    `);
    expect(stdout.trim()).toBe('done');
  });

  it('keeps the memory of the main thread settled', async () => {
    const { stdout } = await runProgram(`
      import v8 from 'node:v8';
      settleMemory();
      await thread.digestOf(thread.memory.allocate(8_000_000));
      let kept = [];
      for (let i = 0; i < 3e6; i += 1) {
        kept.push({ a: i, b: [i] });
        if (kept.length > 50_000) kept = [];
      }
      console.log(v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space').space_size);
    `);
    expect(Number(stdout)).toBeLessThan(8_000_000);
  });
});
