import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runHere } from '../../cli/run-here.ts';
import { HAS_OPENSSL, runScript } from '../../proof/run-script.ts';
import { makeSealedLog, type SealedLog } from '../../proof/sealed-log.ts';

const MUTANTS = 96;
/** Of each file: the first byte, the last, and so many between. */
const BETWEEN = 6;
let log: SealedLog;
let dir: string;

beforeAll(async () => {
  log = await makeSealedLog(3, 64);
  dir = await mkdtemp(path.join(tmpdir(), 'evidence-large-'));
}, 600_000);

afterAll(async () => {
  await log.remove();
  await rm(dir, { recursive: true });
});

const idsOf = (count: number) => log.archive.recordings.slice(0, count).map(({ ids }) => ids.recordingId);

/** The script of the documentation, so that the one in the package can be changed as well. */
const script = (folder: string) => runScript('sh', [path.resolve('docs/verify-proof.sh')], folder);

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}

/** Writes one bit otherwise, and the list of hashes as it then has to be: only proofs and signatures can tell. */
async function mutate(folder: string, file: string, at: number): Promise<() => Promise<void>> {
  const [place, manifest] = [path.join(folder, file), path.join(folder, 'MANIFEST.sha256')];
  const [whole, listed] = [await readFile(place), await readFile(manifest, 'utf8')];
  const bytes = Buffer.from(whole);
  bytes.writeUInt8((bytes[at % bytes.length] ?? 0) ^ 1, at % bytes.length);
  await writeFile(place, bytes);
  const hash = createHash('sha256').update(bytes).digest('hex');
  const lines = listed.split('\n').map((line) => (line.endsWith(`  ${file}`) ? `${hash}  ${file}` : line));
  await writeFile(manifest, lines.join('\n'));
  return async () => {
    await writeFile(place, whole);
    await writeFile(manifest, listed);
  };
}

describe.skipIf(!HAS_OPENSSL)('an evidence package', () => {
  it('is refused by its script after a change of one byte of any of its files, whichever kind it is, and the file is named', async () => {
    const out = path.join(dir, 'kinds');
    expect(await runHere(['evidence', ...idsOf(1), '-o', out], { env: log.env })).toMatchObject({ code: 0 });
    const files = await filesIn(out);
    for (const kind of [
      /receipt\.json$/,
      /^receipts.*proof$/,
      /^days/,
      /\.enc$/,
      /metadata/,
      /^keys/,
      /^README/,
    ])
      expect(files.some((file) => kind.test(file))).toBe(true);
    for (const file of files) {
      const place = path.join(out, file);
      const whole = await readFile(place);
      const last = whole.length - 1;
      const places = Array.from({ length: BETWEEN + 2 }, (_, at) => Math.round((at * last) / (BETWEEN + 1)));
      for (const at of new Set(places)) {
        const bytes = Buffer.from(whole);
        // another byte each time: 0, a line feed and those above ASCII among them
        bytes.writeUInt8(
          ([0, 10, 255, 32][at % 4] ?? 0) ^ (whole[at] === [0, 10, 255, 32][at % 4] ? 1 : 0),
          at,
        );
        await writeFile(place, bytes);
        const { code, output } = await script(out);
        expect([file, at, code]).toEqual([file, at, 1]);
        // where the list of hashes was changed, that list or what it now states otherwise is named
        const named = file === 'MANIFEST.sha256' ? /^FAIL: \S/m : undefined;
        if (named === undefined)
          expect(output).toContain(`FAIL: ${file}: changed since the package was made`);
        else expect(output).toMatch(named);
      }
      await writeFile(place, whole);
    }
    expect((await script(out)).code).toBe(0);
  }, 3_600_000);

  it(`is refused by its script in each of ${MUTANTS} changes of one bit that its list of hashes was made to fit`, async () => {
    const out = path.join(dir, 'mutants');
    expect(await runHere(['evidence', ...idsOf(1), '-o', out], { env: log.env })).toMatchObject({ code: 0 });
    // what no signature covers: words for people, the metadata that only decryption needs, and the keys, which the reader has to compare
    const files = (await filesIn(out)).filter((file) =>
      /^(?:receipts|days|media)\/.*(?<!metadata\.json)$|^checkpoint$/.test(file),
    );
    for (let mutant = 0; mutant < MUTANTS; mutant += 1) {
      const file = files[mutant % files.length] ?? '';
      const at = 3 + mutant * 7_919;
      const restore = await mutate(out, file, at);
      const { code, output } = await script(out);
      expect([file, at, code]).toEqual([file, at, 1]);
      expect(output).toContain(`FAIL: ${file.replace(/\.tlog-proof$/, '')}`);
      await restore();
    }
    expect((await script(out)).code).toBe(0);
  }, 3_600_000);
});
