import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runHere } from '../cli/run-here.ts';
import { makeSealedLog, type SealedLog } from '../proof/sealed-log.ts';
import { buildGo, HAS_GO, HAS_PYTHON, run } from './tools.ts';

let log: SealedLog;
let dir: string;
let place: string;
beforeAll(async () => {
  log = await makeSealedLog(300);
  dir = await mkdtemp(path.join(tmpdir(), 'outside-'));
  place = path.join(log.archive.dir, 'proof', 'org');
});
afterAll(async () => {
  await log.remove();
  await rm(dir, { recursive: true });
});

const idAt = (index: number): string => log.archive.recordings[index]?.ids.recordingId ?? '';

/** Changes one byte of a file while `work` runs. */
async function withChanged<T>(file: string, at: number, work: () => Promise<T>): Promise<T> {
  const kept = path.join(dir, 'kept');
  await copyFile(file, kept);
  const bytes = await readFile(file);
  const offset = at % bytes.length;
  bytes[offset] = (bytes[offset] as number) ^ 1;
  await writeFile(file, bytes);
  try {
    return await work();
  } finally {
    await copyFile(kept, file);
  }
}

describe('a whole log', () => {
  it.skipIf(!HAS_GO)('is recomputed by Go, which finds a changed entry', async () => {
    const go = buildGo();
    const check = () => run(go.program, ['log', log.vkey, place], dir);
    expect(await check()).toEqual({ code: 0, output: 'OK: 311 entries, 1 signed roots reproduced\n' });
    const bundle = path.join(place, 'tile/entries/000');
    expect((await withChanged(bundle, 700, check)).output).toContain('do not make the root');
    go.remove();
  });

  it.skipIf(!HAS_PYTHON)(
    'is recomputed by Python’s standard library, which finds a changed entry',
    async () => {
      const script = path.resolve('docs/verify-log.py');
      const check = () => run('python3', [script, place], dir);
      expect(await check()).toEqual({ code: 0, output: 'OK: 311 entries, 1 roots reproduced\n' });
      expect((await withChanged(path.join(place, 'tile/entries/000'), 700, check)).output).toContain(
        'do not make the root',
      );
    },
  );
});

describe('evidence packages, checked by their own script alone', () => {
  it.each([
    ['dash', 100],
    ['bash', 3],
  ] as const)('verify under %s, of %i recordings', async (shell, count) => {
    const out = path.join(dir, `${shell}-${count}`);
    const ids = Array.from({ length: count }, (_, index) => idAt(index));
    expect(await runHere(['evidence', ...ids, '-o', out], { env: log.env })).toMatchObject({ code: 0 });
    const { code, output } = await run(shell, ['verify-proof.sh'], out);
    expect([code, output.trim().split('\n').at(-1)]).toEqual([
      0,
      expect.stringMatching(/^OK: \d+ files are in the log of 311 entries$/),
    ]);
  });

  it('name the file in which a byte was changed, whichever it is', async () => {
    const out = path.join(dir, 'mutants');
    await runHere(['evidence', idAt(7), '-o', out], { env: log.env });
    const files = (await readdir(out, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(out, path.join(entry.parentPath, entry.name)));
    const script = path.resolve('docs/verify-proof.sh');
    for (const [at, file] of files.entries()) {
      const check = () => run('sh', [script], out);
      const { code, output } = await withChanged(path.join(out, file), 11 + at * 37, check);
      expect([file, code]).toEqual([file, 1]);
      // a byte of the manifest is the hash, or the name, of another file
      expect(output).toContain(file === 'MANIFEST.sha256' ? 'FAIL: ' : `FAIL: ${file}`);
    }
  });

  it('take no text for a number, and run no command that a proof names', async () => {
    const out = path.join(dir, 'hostile');
    await runHere(['prove', idAt(3), '-o', out], { env: log.env });
    const file = path.join(out, `${idAt(3)}.receipt.json`);
    const proof = await readFile(`${file}.tlog-proof`, 'utf8');
    for (const index of ['a[$(touch x)]', '-1', '0x10', '', '00', '9999999999999', '$(touch x)', '1 1']) {
      await writeFile(
        `${file}.tlog-proof`,
        proof.replace(/^index .*$/m, () => `index ${index}`),
      );
      for (const shell of ['dash', 'bash']) {
        const args = [path.resolve('docs/verify-proof.sh'), file, log.publicKeyFile, log.origin];
        const { code, output } = await run(shell, args, out);
        expect([index, code, output]).toEqual([index, 1, expect.stringContaining('FAIL')]);
      }
    }
    expect(await readdir(out)).not.toContain('x');
  });
});
