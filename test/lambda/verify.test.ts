import { rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock, unlimited } from '../../src/clock.ts';
import { verify } from '../../src/lambda/verify.ts';
import { makeSealedArchive, type SealedArchive } from '../archive/sealed-archive.ts';
import { runHere } from '../cli/run-here.ts';
import { receiptKey } from '../../src/record/object-key.ts';
import { recordingLogger } from '../recording-logger.ts';

let archive: SealedArchive;
beforeEach(async () => {
  archive = await makeSealedArchive(6);
});
afterEach(() => archive.remove());

async function run(event: unknown, env: Record<string, string> = {}, clock = systemClock) {
  const counted: Record<string, number> = {};
  const logger = { ...recordingLogger(), setLevel: () => {}, setContext: () => {} };
  const publicKey = archive.publicKeyPem.replaceAll(/-----[^-]+-----|\n/g, '');
  const report = await verify({
    event,
    env: { ARCHIVE_STORE: `file:${archive.dir}`, ARCHIVE_RECEIPT_PUBLIC_KEYS: publicKey, ...env },
    budget: unlimited,
    clock,
    logger,
    metrics: {
      add: (metric, value) => {
        counted[metric] = (counted[metric] ?? 0) + value;
      },
    },
  });
  return { report, counted, lines: logger.lines };
}

describe('the scheduled verification', () => {
  it('counts what it has looked at, and that it came to its end', async () => {
    const { report, counted } = await run({ days: 1, depth: 'ciphertext' });
    expect(report).toMatchObject({ complete: true, checked: 6, intact: 6, signatures: 'checked' });
    expect(counted).toEqual({ sampleFindings: 0, sampleComplete: 1 });
  });

  it('names each finding in the log with its key and kind, and counts it', async () => {
    const [first, second] = archive.recordings;
    await writeFile(archive.fileOf(first?.key ?? ''), Buffer.alloc(612));
    await Promise.all([rm(archive.fileOf(second?.key ?? '')), rm(archive.recordOf(second?.key ?? ''))]);
    const { counted, lines } = await run({ days: 1, depth: 'ciphertext' });
    expect(counted['sampleFindings']).toBeGreaterThanOrEqual(2);
    const errors = lines.filter((line) => line.includes('"level":"error"'));
    expect(errors).toHaveLength(counted['sampleFindings'] ?? 0);
    expect(errors.some((line) => line.includes(`"key":"${second?.key}"`))).toBe(true);
    expect(errors.some((line) => line.includes('"state":"missing-object"'))).toBe(true);
  });

  it('holds the catalogue to the recordings whose turn it is, and counts what it says otherwise', async () => {
    const env = { ARCHIVE_STORE: `file:${archive.dir}` };
    expect(await runHere(['catalogue', 'update', '--scope', 'all'], { env })).toMatchObject({ code: 0 });
    const sound = await run({ days: 1, depth: 'head' });
    expect(sound.report).toMatchObject({
      findings: 0,
      catalogue: { status: 'compared', rows: 6, behind: 0 },
    });
    const [first] = archive.recordings;
    const names = [first?.key ?? '', receiptKey(first?.key ?? '')];
    for (const file of names.flatMap((name) => [archive.fileOf(name), archive.recordOf(name)]))
      await rm(file, { force: true });
    const { report, counted, lines } = await run({ days: 1, depth: 'head' });
    expect(report).toMatchObject({ complete: true, findings: 1, catalogue: { status: 'compared', rows: 6 } });
    expect(counted['sampleFindings']).toBe(1);
    const error = lines.find((line) => line.includes('"level":"error"'));
    expect(error).toContain('CATALOGUE_DIFFERS');
    expect(error).toContain(`"key":"${first?.key}"`);
    let rows = 0;
    for (let turn = 0; turn < 4; turn += 1) {
      const at = { ...systemClock, now: () => Date.now() + turn * 86_400_000 };
      rows += (await run({ days: 4, depth: 'head' }, {}, at)).report.catalogue?.rows ?? 0;
    }
    // each in one turn of four
    expect(rows).toBe(6);
  });

  it('decrypts at depth full', async () => {
    const key = { ENCRYPTION_KEY_HEX: archive.secret.toString('hex') };
    expect((await run({ days: 1, depth: 'full' }, key)).report).toMatchObject({ intact: 6 });
    const wrong = await run({ days: 1, depth: 'full' }, { ENCRYPTION_KEY_HEX: 'ab'.repeat(32) });
    expect(wrong.counted['sampleFindings']).toBe(6);
  });

  it('says that signatures were not checked where no public key is configured', async () => {
    const { report, lines } = await run({ days: 1 }, { ARCHIVE_RECEIPT_PUBLIC_KEYS: '' });
    expect(report.signatures).toBe('not-asked');
    expect(lines.join('\n')).toContain('their signatures were not checked');
  });

  it('takes what it is not told from the defaults of the settings', async () => {
    expect((await run(undefined)).report.complete).toBe(true);
  });

  it.each([{ days: 0 }, { days: 401 }, { depth: 'deep' }, { allow: ['swapped'] }, { share: 0.1 }, 'all'])(
    'refuses the event %j, and names what is wrong with it',
    async (event) => {
      await expect(run(event)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining('the event of the verification is not valid') as unknown,
      });
    },
  );
});
