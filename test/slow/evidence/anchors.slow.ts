import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWitnessDoor } from '../../../src/anchor/witness.ts';
import { unlimited } from '../../../src/clock.ts';
import { createTransport } from '../../../src/http/transport.ts';
import { createWitness } from '../../../src/proof/anchors/witness.ts';
import { sealDays } from '../../../src/proof/seal-days.ts';
import { runHere } from '../../cli/run-here.ts';
import { type LocalWitness, startWitness } from '../../proof/local-witness.ts';
import { HAS_OPENSSL, runScript } from '../../proof/run-script.ts';
import { makeSealedLog, type SealedLog } from '../../proof/sealed-log.ts';

const SCRIPT = path.resolve('docs/verify-proof.sh');
const transport = createTransport({});
let log: SealedLog;
let witness: LocalWitness;
let dir: string;
let kept: string;
let env: Record<string, string>;

/** A log of two seals: an outsider kept the checkpoint of the first, a witness cosigned the second. */
beforeAll(async () => {
  log = await makeSealedLog(5);
  dir = await mkdtemp(path.join(tmpdir(), 'anchors-'));
  kept = path.join(dir, 'kept.note');
  const { ports, archive } = log;
  await copyFile(archive.fileOf(ports.keys.checkpoint), kept);
  const later = ports.now() + 4 * 86_400_000;
  witness = await startWitness(ports.trusted, { now: () => later / 1_000 });
  for (let at = 0; at < 4; at += 1) {
    const ids = {
      recordingId: `aaaaaaaa-0000-4000-8000-00000000ee0${at}`,
      conversationId: `cccccccc-0000-4000-8000-00000000ee0${at}`,
    };
    await archive.add(ids, Date.UTC(2026, 5, 1, 12 + at));
  }
  const door = createWitnessDoor(witness.url, transport);
  const anchors = [createWitness({ place: ports, key: witness.key, door, now: () => later })];
  const sealed = await sealDays({ ...ports, now: () => later, anchors }, {}, unlimited);
  expect(sealed.failed).toEqual([]);
  env = { ...log.env, ARCHIVE_PROOF_WITNESSES: `${witness.key.vkey} ${witness.url}` };
});

afterAll(async () => {
  transport.close();
  await witness.close();
  await log.remove();
  await rm(dir, { recursive: true });
});

const cli = (...args: string[]) => runHere(args, { env });
const id = () => log.archive.recordings[1]?.ids.recordingId ?? '';

async function prove(): Promise<string> {
  const out = await mkdtemp(path.join(dir, 'since-'));
  expect(await cli('prove', '--since', kept, '-o', out)).toMatchObject({ code: 0 });
  const [file = ''] = await readdir(out);
  return path.join(out, file);
}

const byScript = (file: string, older = kept) =>
  runScript('sh', [SCRIPT, older, file, log.publicKeyFile, log.origin], dir);

describe('prove --since', () => {
  it('shows that the log continues a checkpoint, by verify-proof and by the script', async () => {
    const file = await prove();
    expect(path.basename(file)).toMatch(/^\d+-\d+\.consistency$/);
    const checked = await cli('verify-proof', file, '--checkpoint', kept);
    expect(checked).toMatchObject({ code: 0 });
    expect(checked.stdout).toMatch(/^OK {2}the log of \d+ entries begins with the \d+ of .*kept\.note\n$/);
    if (!HAS_OPENSSL) return;
    const outside = await byScript(file);
    expect(outside).toMatchObject({ code: 0 });
    expect(outside.output).toMatch(/^OK: the log of \d+ entries begins with the \d+ of .*kept\.note\n$/);
  });

  it('is refused by both after a change of any of its lines, or of the checkpoint that was kept', async () => {
    const file = await prove();
    const lines = (await readFile(file, 'utf8')).split('\n');
    const changed = path.join(dir, 'changed');
    for (const [at, line] of lines.slice(0, -1).entries()) {
      // an empty line, and one that was added, are changes too
      const other = line === '' ? 'x' : `${line.slice(0, 5)}${line[5] === 'A' ? 'B' : 'A'}${line.slice(6)}`;
      await writeFile(changed, lines.with(at, other).join('\n'));
      const { code } = await cli('verify-proof', changed, '--checkpoint', kept);
      expect([at, code === 2 || code === 5]).toEqual([at, true]);
      if (HAS_OPENSSL) expect([at, (await byScript(changed)).code]).toEqual([at, 1]);
    }
    await writeFile(changed, lines.toSpliced(1, 1).join('\n'));
    expect((await cli('verify-proof', changed, '--checkpoint', kept)).code).toBe(5);
    if (HAS_OPENSSL) expect((await byScript(changed)).code).toBe(1);
    await writeFile(changed, lines.toSpliced(1, 0, lines[1] ?? '').join('\n'));
    expect((await cli('verify-proof', changed, '--checkpoint', kept)).code).toBe(5);
    if (HAS_OPENSSL) expect((await byScript(changed)).code).toBe(1);
    await writeFile(changed, (await readFile(kept, 'utf8')).replace(/\n\d+\n/, '\n$(touch x)\n'));
    if (HAS_OPENSSL) expect((await byScript(file, changed)).code).toBe(1);
    expect(await readdir(dir)).not.toContain('x');
  });

  it('says of a checkpoint of a longer log that the store was set back, and names bad input', async () => {
    const note = (await readFile(kept, 'utf8')).replace(/\n\d+\n/, '\n900\n');
    const file = path.join(dir, 'longer.note');
    await writeFile(file, note);
    expect((await cli('prove', '--since', file)).code).toBe(5);
    expect((await cli('prove', '--since', path.join(dir, 'none'))).code).toBe(6);
    expect((await cli('prove', id(), '--since', kept)).code).toBe(2);
    expect((await cli('verify-proof', kept)).code).toBe(6);
  });
});

describe('an evidence package', () => {
  it('with a cosignature and an older checkpoint verifies by its script, which names what is changed of them', async () => {
    const out = path.join(dir, 'case');
    expect(await cli('evidence', id(), '--since', kept, '-o', out)).toMatchObject({ code: 0 });
    expect(await cli('verify-proof', out)).toMatchObject({ code: 0 });
    // also where the witness is not configured: with the key of the package
    expect(await runHere(['verify-proof', out], { env: log.env })).toMatchObject({ code: 0 });
    if (HAS_OPENSSL) {
      const { code, output } = await runScript('sh', ['verify-proof.sh'], out);
      expect([code, output]).toEqual([0, expect.stringContaining('OK: ')]);
      expect(output).toMatch(/WITNESS: witness\.example\.com\/w1 saw this checkpoint \d+ seconds after 1970/);
      expect(output).toMatch(/SINCE: the log begins with the \d+ entries of consistency\/\d+\.note/);
    }
    const files = (await readdir(out, { recursive: true })).filter((file) =>
      /cosig$|^consistency\//.test(file),
    );
    expect(files).toHaveLength(3);
    for (const file of files) {
      const place = path.join(out, file);
      const whole = await readFile(place);
      for (const at of [1, Math.floor(whole.length / 2), whole.length - 8]) {
        const bytes = Buffer.from(whole);
        bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
        await writeFile(place, bytes);
        // who changes it changes also the list of hashes
        const manifest = path.join(out, 'MANIFEST.sha256');
        const listed = await readFile(manifest, 'utf8');
        const hash = createHash('sha256').update(bytes).digest('hex');
        const line = new RegExp(`^[0-9a-f]{64}(?=  ${file.replaceAll('.', '\\.')}$)`, 'm');
        await writeFile(manifest, listed.replace(line, hash));
        const { code, stdout } = await cli('verify-proof', out);
        expect([file, at, code]).toEqual([file, at, 5]);
        expect(stdout).toContain(file.replace(/\.consistency$/, ''));
        if (HAS_OPENSSL) {
          const script = await runScript('sh', ['verify-proof.sh'], out);
          expect([file, at, script.code]).toEqual([file, at, 1]);
          expect(script.output).toContain(`FAIL: ${file.replace(/\.consistency$/, '')}`);
        }
        await writeFile(manifest, listed);
      }
      await writeFile(place, whole);
    }
  });
});
