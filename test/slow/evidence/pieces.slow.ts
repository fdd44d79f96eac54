import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { sealDays } from '../../../src/proof/seal-days.ts';
import { idsAt } from '../../archive/sealed-archive.ts';
import { runHere } from '../../cli/run-here.ts';
import { HAS_OPENSSL, runScript } from '../../proof/run-script.ts';
import { makeSealedLog, type SealedLog } from '../../proof/sealed-log.ts';

/** Recordings whose receipts state hashes of pieces, and none of the whole: in the receipt, and in a list of more than it holds. */
const INLINE = { ids: idsAt(0xf1), bytes: 2_500, leafBytes: 1_000 };
const LISTED = { ids: idsAt(0xf2), bytes: 1_010, leafBytes: 1 };
const SCRIPT = path.resolve('docs/verify-proof.sh');
let log: SealedLog;
let dir: string;
let out: string;

beforeAll(async () => {
  log = await makeSealedLog(2);
  dir = await mkdtemp(path.join(tmpdir(), 'evidence-pieces-'));
  const { ports, archive } = log;
  for (const { ids, ...options } of [INLINE, LISTED])
    await archive.add(ids, Date.UTC(2026, 5, 1, 12), options);
  await sealDays({ ...ports, now: () => ports.now() + 4 * 86_400_000 }, {}, unlimited);
  out = path.join(dir, 'case');
  const ids = [INLINE, LISTED].map((each) => each.ids.recordingId);
  const made = await runHere(['evidence', ...ids, '-o', out], { env: log.env });
  expect([made.code, made.stderr]).toEqual([0, expect.anything()]);
});

afterAll(async () => {
  await log.remove();
  await rm(dir, { recursive: true });
});

const mediaOf = ({ ids }: typeof INLINE) => `media/${ids.recordingId}.enc`;
const listOf = ({ ids }: typeof INLINE) => `receipts/${ids.recordingId}.leaves`;

async function verdicts() {
  const own = await runHere(['verify-proof', out], { env: log.env });
  const script = HAS_OPENSSL ? await runScript('sh', [SCRIPT], out) : undefined;
  return { own, script };
}

/** Changes a file, and the list of hashes as it then has to be. */
async function change(file: string, edit: (place: string, bytes: Buffer) => Promise<void>) {
  const [place, manifest] = [path.join(out, file), path.join(out, 'MANIFEST.sha256')];
  const [bytes, listed] = [await readFile(place), await readFile(manifest, 'utf8')];
  await edit(place, Buffer.from(bytes));
  const hash = createHash('sha256')
    .update(await readFile(place))
    .digest('hex');
  const lines = listed.split('\n').map((line) => (line.endsWith(`  ${file}`) ? `${hash}  ${file}` : line));
  await writeFile(manifest, lines.join('\n'));
  return async () => {
    await writeFile(place, bytes);
    await writeFile(manifest, listed);
  };
}

describe('an evidence package of recordings of several pieces', () => {
  it('verifies by its script and by verify-proof, with the list of pieces that a receipt names', async () => {
    const receipts = await Promise.all(
      [INLINE, LISTED].map(({ ids }) =>
        readFile(path.join(out, `receipts/${ids.recordingId}.receipt.json`), 'utf8'),
      ),
    );
    for (const receipt of receipts) expect(receipt).not.toMatch(/"ciphertext":\{[^}]*"sha256"/);
    expect(receipts[0]).toContain('"leaves":[');
    expect(receipts[1]).toContain('"leavesSha256":');
    expect((await readFile(path.join(out, listOf(LISTED)), 'utf8')).split('\n').length).toBeGreaterThan(
      1_024,
    );
    const { own, script } = await verdicts();
    expect(own).toMatchObject({ code: 0 });
    expect(own.stdout).not.toContain('NOTE');
    if (script === undefined) return;
    expect(script.output).not.toMatch(/NOTE|FAIL/);
    expect(script.code).toBe(0);
  });

  const flip = (at: (bytes: Buffer) => number) => async (place: string, bytes: Buffer) => {
    const where = at(bytes);
    bytes.writeUInt8(bytes.readUInt8(where) ^ 1, where);
    await writeFile(place, bytes);
  };

  it.each([
    ['the first byte', mediaOf(INLINE), flip(() => 0)],
    ['a byte of the second piece', mediaOf(INLINE), flip(() => 1_500)],
    ['the last byte', mediaOf(INLINE), flip((bytes) => bytes.length - 1)],
    ['a piece at the end left out', mediaOf(INLINE), (place: string) => truncate(place, 2_000)],
    [
      'one byte left out',
      mediaOf(INLINE),
      (place: string, bytes: Buffer) => truncate(place, bytes.length - 1),
    ],
    [
      'one byte more',
      mediaOf(INLINE),
      (place: string, bytes: Buffer) => writeFile(place, Buffer.concat([bytes, Buffer.of(0)])),
    ],
    ['nothing left', mediaOf(INLINE), (place: string) => truncate(place, 0)],
    ['a byte of one that has a list', mediaOf(LISTED), flip(() => 700)],
    ['a byte of the list', listOf(LISTED), flip(() => 70)],
    [
      'a line of the list left out',
      listOf(LISTED),
      (place: string, bytes: Buffer) => writeFile(place, bytes.subarray(65)),
    ],
  ])(
    'is refused, and the file is named, after a change that its list of hashes was made to fit: %s',
    async (_what, file, edit) => {
      const restore = await change(file, edit);
      try {
        const { own, script } = await verdicts();
        expect([own.code, own.stdout]).toEqual([5, expect.stringContaining(file)]);
        if (script !== undefined)
          expect([script.code, script.output]).toEqual([1, expect.stringMatching(`FAIL: .*${file}`)]);
      } finally {
        await restore();
      }
    },
  );
});

describe('evidence', () => {
  it('is not made of a recording of which one piece is damaged, although the store does not notice', async () => {
    const place = log.archive.fileOf(`archive/2026/06/01/${INLINE.ids.recordingId}.enc`);
    const kept = await readFile(place);
    const damaged = Buffer.from(kept);
    damaged.writeUInt8(damaged.readUInt8(1_200) ^ 1, 1_200);
    await writeFile(place, damaged);
    const made = await runHere(['evidence', INLINE.ids.recordingId, '-o', path.join(dir, 'damaged')], {
      env: log.env,
    });
    await writeFile(place, kept);
    expect([made.code, made.stderr]).toEqual([
      5,
      expect.stringContaining('is not the one that the receipt describes'),
    ]);
  });
});
