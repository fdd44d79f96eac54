import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { generateKeyPairSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSealedLog, type SealedLog } from '../../proof/sealed-log.ts';
import { runHere } from '../run-here.ts';

let log: SealedLog;
let dir: string;
let env: Record<string, string>;
beforeAll(async () => {
  log = await makeSealedLog(6, 200);
  dir = await mkdtemp(path.join(tmpdir(), 'drill-'));
  const file = path.join(dir, 'drills.pem');
  const pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  await writeFile(file, pem, { mode: 0o600 });
  env = { ...log.env, ARCHIVE_DRILL_KEY_FILE: file };
});
afterAll(async () => {
  await log.remove();
  await rm(dir, { recursive: true });
});

const today = () => new Date().toISOString().slice(0, 10);

describe('drill', () => {
  it('restores a sample, keeps a signed report, and verify-proof checks that against the log', async () => {
    const { code, stdout: vkey } = await runHere(['drill', '--vkey'], { env });
    expect([code, vkey.startsWith(`${log.origin}/drills+`)]).toEqual([0, true]);
    const day = today();
    const drill = await runHere(['drill', '--sample', '4'], { env });
    expect(drill).toMatchObject({ code: 0 });
    expect(drill.stdout.trim().split('\n')).toHaveLength(4);
    expect(drill.stdout).toMatch(
      /^restored {2}archive\/2026\/05\/2\d\/[0-9a-f-]+\.enc {2}hashed \w+, 200 B$/m,
    );
    expect(drill.stderr).toContain('4 of 4 recordings restored');
    const verifying = { ...log.env, ARCHIVE_PROOF_VKEYS: `${log.vkey},${vkey.trim()}` };
    const checked = await runHere(['verify-proof', '--drill', day], { env: verifying });
    expect(checked).toMatchObject({ code: 0 });
    expect(checked.stdout).toContain('4 of 4 restored, 0 failed');
    const unknown = await runHere(['verify-proof', '--drill', day], { env: log.env });
    expect([unknown.code, unknown.stderr.includes('one of its drills')]).toEqual([2, true]);
    const other = await runHere(['verify-proof', '--drill', '2026-05-22'], { env: verifying });
    expect(other.code).toBe(6);
    // the log's own key is none of drills, and the other way round
    expect((await runHere(['verify-proof', '--all'], { env: verifying })).code).toBe(0);
  });

  it('ends with 5 and names the recording that is not what was archived', async () => {
    const key = log.archive.recordings[2]?.key ?? '';
    await rm(log.archive.fileOf(key));
    const drill = await runHere(['drill', '--day', '2026-05-22', '--json'], { env });
    expect(drill.code).toBe(5);
    expect(drill.records()).toEqual([
      expect.objectContaining({
        type: 'drilled',
        result: 'failed',
        key,
        problem: { step: 'open', code: 'OBJECT_NOT_FOUND' },
      }),
      expect.objectContaining({ type: 'summary', outcome: 'stored', drawn: 1, failed: 1 }),
    ]);
    // a drill that found something is not hidden by an earlier one of its day that found nothing
    const { report } = drill.records().at(-1) as { report: string };
    expect(report).toMatch(/-2\.json$/);
    const day = report.slice('drills/'.length, -'-2.json'.length).replaceAll('/', '-');
    const vkey = (await runHere(['drill', '--vkey'], { env })).stdout.trim();
    const verifying = { ...log.env, ARCHIVE_PROOF_VKEYS: `${log.vkey},${vkey}` };
    const checked = await runHere(['verify-proof', '--drill', day, '--json'], { env: verifying });
    expect(checked.records()).toEqual([
      expect.objectContaining({ type: 'drill', number: 1, failed: 0 }),
      expect.objectContaining({ type: 'drill', number: 2, failed: 1 }),
    ]);
  });

  it.each([
    [['drill', '--day', 'yesterday'], 2, '--day is not a day'],
    [['drill', '--sample', '0'], 2, 'sample'],
    [['drill', '--day', '2026-01-01'], 6, 'the log holds no recording of 2026-01-01'],
    [['verify-proof', '--drill', 'x'], 2, '--drill is not a day'],
    [['verify-proof', '--drill', '2026-05-22', '--all'], 2, 'say --day, --drill or --all'],
  ])('%j ends with %i and says why', async (args, code, words) => {
    const done = await runHere(args, { env });
    expect([done.code, done.stderr.includes(words)]).toEqual([code, true]);
  });

  it('needs a key of its own, and the public key of the log', async () => {
    const unsigned = await runHere(['drill'], { env: log.env });
    expect([unsigned.code, unsigned.stderr.includes('ARCHIVE_DRILL_KEY_FILE')]).toEqual([2, true]);
    const unknown = await runHere(['drill'], { env: { ...env, ARCHIVE_PROOF_VKEYS: '' } });
    expect([unknown.code, unknown.stderr.includes('ARCHIVE_PROOF_VKEYS')]).toEqual([2, true]);
  });
});
