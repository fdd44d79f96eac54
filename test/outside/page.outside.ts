import { copyFile, cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { parseVkey } from '../../src/proof/formats/note.ts';
import { sealDays } from '../../src/proof/seal-days.ts';
import { putSmall } from '../../src/record/small-object.ts';
import { runHere } from '../cli/run-here.ts';
import { accessEntries } from '../proof/access-fixture.ts';
import { makeSealedLog, type SealedLog } from '../proof/sealed-log.ts';
import { HAS_PYTHON, run } from './tools.ts';

let log: SealedLog;
let dir: string;
let page: string;
beforeAll(async () => {
  log = await makeSealedLog(60);
  for (const { key, bytes } of accessEntries('2026-05-25', [3, 2]))
    await putSmall(log.archive.store, key, bytes, unlimited);
  await sealDays(log.ports, {}, unlimited);
  dir = await mkdtemp(path.join(tmpdir(), 'page-'));
  page = await readFile('docs/proof.md', 'utf8');
  const place = log.archive.dir;
  await cp(path.join(place, 'proof', 'org'), path.join(dir, 'proof'), { recursive: true });
  await cp(path.join(place, 'access'), path.join(dir, 'access'), { recursive: true });
  await cp(path.join(place, 'receipts'), path.join(dir, 'receipts'), { recursive: true });
  await copyFile(path.join(place, 'proof', 'org', 'checkpoint'), path.join(dir, 'checkpoint'));
  await copyFile(log.publicKeyFile, path.join(dir, 'log-public.pem'));
  for (const script of ['verify-proof.sh', 'verify-log.py'])
    await copyFile(`docs/${script}`, path.join(dir, script));
});
afterAll(async () => {
  await log.remove();
  await rm(dir, { recursive: true });
});

/** Runs a block of the page as it stands there. */
function runBlock(name: string, variables: Readonly<Record<string, string>> = {}) {
  const [, block] = new RegExp(`<!-- tested: ${name} -->\n\`\`\`sh\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];
  if (block === undefined) throw new Error(`docs/proof.md has no block ${name}`);
  const set = Object.entries(variables).map(([variable, value]) => `${variable}='${value}'\n`);
  return run('sh', ['-c', `${set.join('')}${block}`], dir);
}

const idAt = (index: number): string => log.archive.recordings[index]?.ids.recordingId ?? '';

describe('the commands of docs/proof.md, as they stand there', () => {
  it('check one recording', async () => {
    await runHere(['prove', idAt(12), '-o', dir], { env: log.env });
    const { code, output } = await runBlock('one-recording', { ID: idAt(12), ORIGIN: log.origin });
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(/^OK: archived 2026-05-22 [0-9a-f]{64} is entry \d+ of 72\n$/),
    ]);
  });

  it('check that the log begins with a checkpoint that was kept', async () => {
    const kept = path.join(dir, 'kept.note');
    await copyFile(path.join(dir, 'checkpoint'), kept);
    await runHere(['prove', '--since', kept, '-o', dir], { env: log.env });
    const variables = { PROOF: '72-72.consistency', ORIGIN: log.origin };
    expect(await runBlock('since', variables)).toEqual({
      code: 0,
      output: 'OK: the log of 72 entries begins with the 72 of kept.note\n',
    });
  });

  it('check leaf and signature by hand', async () => {
    await runHere(['prove', idAt(13), '-o', dir], { env: log.env });
    const { code, output } = await runBlock('by-hand', { ID: idAt(13), DAY: '2026-05-23' });
    expect([code, output]).toEqual([0, expect.stringContaining('Signature Verified Successfully')]);
  });

  it.skipIf(!HAS_PYTHON)('recompute the whole log', async () => {
    expect(await runBlock('whole-log')).toEqual({ code: 0, output: 'OK: 72 entries, 2 roots reproduced\n' });
  });

  it('compare a whole day with its receipts, and print the one that is gone', async () => {
    const day = { YEAR: '2026', MONTH: '05', DATE: '24', DAY: '2026-05-24' };
    expect(await runBlock('whole-day', day)).toEqual({ code: 0, output: '' });
    const gone = log.archive.recordings.find(({ key }) => key.includes('/05/24/'));
    await rm(path.join(dir, 'receipts/2026/05/24', `${gone?.ids.recordingId}.json`));
    expect((await runBlock('whole-day', day)).output).toMatch(/^\t[0-9a-f]{64}\n$/);
  });

  it.skipIf(!HAS_PYTHON)('compare the access entries of a day, and name the one that is gone', async () => {
    const folder = path.join(dir, 'proof/access/2026/05/25');
    const name = (await readdir(folder)).find((each) => each.endsWith('.sha256.gz')) ?? '';
    const root = name.slice(0, 64);
    const day = { YEAR: '2026', MONTH: '05', DATE: '25', ROOT: root };
    expect(await runBlock('access-list', day)).toEqual({ code: 0, output: `${root}\n` });
    const [gone] = accessEntries('2026-05-25', [3, 2]);
    await rm(path.join(dir, gone?.key ?? ''));
    expect((await runBlock('access-list', day)).output).toContain(`${gone?.key}: FAILED`);
  });

  it('make a key, and its public half as verifiers take it', async () => {
    const { code, output } = await runBlock('make-vkey', { ORIGIN: log.origin });
    expect([code, parseVkey(output.trim().split('\n').at(-1) ?? '')?.name]).toEqual([0, log.origin]);
  });
});
