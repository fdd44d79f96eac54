import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runHere } from '../../cli/run-here.ts';
import { HAS_OPENSSL, runScript } from '../../proof/run-script.ts';
import { makeSealedLog, type SealedLog } from '../../proof/sealed-log.ts';

const { TEST_EVIDENCE_RECORDINGS } = process.env;
/** Up to the 1,000 of a package. Where it is stated, times and sizes are printed: docs/proof.md has those of 1,000. */
const COUNT = Number(TEST_EVIDENCE_RECORDINGS ?? 40);
const RECORDING_BYTES = 60_000;

let log: SealedLog;
let dir: string;

beforeAll(async () => {
  log = await makeSealedLog(COUNT, RECORDING_BYTES);
  dir = await mkdtemp(path.join(tmpdir(), 'evidence-large-'));
}, 600_000);

afterAll(async () => {
  await log.remove();
  await rm(dir, { recursive: true });
});

async function sizeOf(folder: string): Promise<{ readonly files: number; readonly bytes: number }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(path.join(parentPath, name))).size),
  );
  return { files: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

describe(`an evidence package of ${COUNT} recordings`, () => {
  it('is whole, and verifies by its own script and by verify-proof', async () => {
    const out = path.join(dir, 'case');
    const ids = log.archive.recordings.map(({ ids: { recordingId } }) => recordingId);
    const cli = (...args: string[]) => runHere(args, { env: log.env });
    const seconds: Record<string, number> = {};
    const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
      const began = performance.now();
      const result = await work();
      seconds[what] = Math.round((performance.now() - began) / 100) / 10;
      return result;
    };
    expect(await timed('evidence', () => cli('evidence', ...ids, '-o', out))).toMatchObject({ code: 0 });
    expect(await timed('verify-proof', () => cli('verify-proof', out))).toMatchObject({ code: 0 });
    const size = await sizeOf(out);
    expect((await readdir(path.join(out, 'media'))).filter((name) => name.endsWith('.enc'))).toHaveLength(
      COUNT,
    );
    if (HAS_OPENSSL) {
      const { code, output } = await timed('script', () => runScript('sh', ['verify-proof.sh'], out));
      const days = (await readdir(path.join(out, 'days'))).filter((name) => name.endsWith('.json'));
      expect([code, output]).toEqual([
        0,
        expect.stringContaining(`OK: ${COUNT + days.length} files are in the log of`),
      ]);
    }
    if (TEST_EVIDENCE_RECORDINGS !== undefined)
      process.stdout.write(`${JSON.stringify({ recordings: COUNT, ...size, seconds })}\n`);
  }, 3_600_000);
});
