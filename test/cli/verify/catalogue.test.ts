import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receiptKey } from '../../../src/record/object-key.ts';
import { makeSealedArchive, type SealedArchive } from '../../archive/sealed-archive.ts';
import { runHere } from '../run-here.ts';

const COUNT = 4;
let sealed: SealedArchive;
let keys = '';
beforeEach(async () => {
  sealed = await makeSealedArchive(COUNT);
  keys = path.join(sealed.dir, '..', `${path.basename(sealed.dir)}-public.pem`);
  await writeFile(keys, sealed.publicKeyPem);
  expect((await run('catalogue', 'update', '--scope', 'all')).code).toBe(0);
  await age(sealed.dir, 86_400_000 * 2);
  await age(path.join(sealed.dir, 'catalogue'), 86_400_000);
});
afterEach(async () => {
  await rm(keys, { force: true });
  await sealed.remove();
});

const run = (...args: string[]) =>
  runHere(args, { env: { ARCHIVE_STORE: `file:${sealed.dir}`, ARCHIVE_RECEIPT_PUBLIC_KEYS: keys } });
const verify = (...args: string[]) => run('verify', '--depth', 'head', ...args);
const keyOf = (index: number) => sealed.recordings[index]?.key ?? '';

async function age(folder: string, byMs: number): Promise<void> {
  const at = new Date(Date.now() - byMs);
  for (const entry of await readdir(folder, { recursive: true }))
    await utimes(path.join(folder, entry), at, at);
}

async function dayFiles(): Promise<string[]> {
  const folder = path.join(sealed.dir, 'catalogue/recordings/v1');
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.parquet')).map((name) => path.join(folder, name));
}

describe('verify', () => {
  it('holds the catalogue to the archive, and says how many rows', async () => {
    const result = await verify('--all', '--json');
    expect(result.records().at(-1)).toMatchObject({
      verified: COUNT,
      findings: 0,
      catalogue: { status: 'compared', rows: COUNT, behind: 0 },
    });
    expect(result.code).toBe(0);
    const one = await verify(keyOf(1), '--json');
    expect(one.records().at(-1)).toMatchObject({ catalogue: { status: 'compared', days: 1, rows: 1 } });
    expect((await verify('--all')).stderr).toContain(`${COUNT} rows of the catalogue compared`);
  });

  it('finds what the catalogue says of a recording that is gone without a trace, exit code 5', async () => {
    await rm(path.join(sealed.dir, keyOf(2)));
    await rm(path.join(sealed.dir, `${keyOf(2)}.metadata.json`));
    await rm(path.join(sealed.dir, receiptKey(keyOf(2))));
    await rm(path.join(sealed.dir, `${receiptKey(keyOf(2))}.metadata.json`), { force: true });
    const report = `${keys}.json`;
    const result = await verify('--all', '--report', report);
    expect(result.code).toBe(5);
    expect(result.stdout).toContain(
      `FINDING  ${keyOf(2)}  catalogue: the catalogue has a row of it, and there is neither receipt nor object  [CATALOGUE_DIFFERS]`,
    );
    expect(result.stderr).toContain('catalogue rebuild');
    expect(JSON.parse(await readFile(report, 'utf8'))).toMatchObject({
      counts: { catalogue: 1 },
      catalogue: { status: 'compared', rows: COUNT },
    });
    await rm(report);
    expect((await verify(keyOf(1))).code).toBe(0);
  });

  it('finds a file of the catalogue that is damaged, and says nothing of one that is not there', async () => {
    const [file = ''] = await dayFiles();
    await writeFile(file, 'x'.repeat(500));
    const damaged = await verify('--all');
    expect(damaged.code).toBe(5);
    expect(damaged.stdout).toContain('[CATALOGUE_UNREADABLE]');
    await rm(path.join(sealed.dir, 'catalogue'), { recursive: true });
    const without = await verify('--all', '--json');
    expect(without.code).toBe(0);
    expect(without.records().at(-1)).toMatchObject({ catalogue: { status: 'none' } });
  });
});
