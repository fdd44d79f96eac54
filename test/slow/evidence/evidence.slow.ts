import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { putCustody } from '../../../src/proof/evidence/custody.ts';
import { type AccessEntry, writeAccessEntry } from '../../../src/record/access-entry.ts';
import { VERIFY_SCRIPT } from '../../../src/proof/evidence/verify-script.ts';
import { runHere } from '../../cli/run-here.ts';
import { HAS_OPENSSL, runScript } from '../../proof/run-script.ts';
import { makeSealedLog, type SealedLog } from '../../proof/sealed-log.ts';

let log: SealedLog;
let dir: string;

beforeAll(async () => {
  log = await makeSealedLog(12);
  dir = await mkdtemp(path.join(tmpdir(), 'evidence-'));
});

afterAll(async () => {
  await log.remove();
  await rm(dir, { recursive: true });
});

const cli = (...args: string[]) => runHere(args, { env: log.env });
const idAt = (index: number): string => log.archive.recordings[index]?.ids.recordingId ?? '';

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}

describe('prove', () => {
  it('writes a receipt and its proof, which verify-proof and the script check without the archive', async () => {
    const out = path.join(dir, 'proofs');
    const proved = await cli('prove', idAt(3), '-o', out);
    expect(proved).toMatchObject({ code: 0 });
    const file = path.join(out, `${idAt(3)}.receipt.json`);
    const checked = await runHere(['verify-proof', file], {
      env: { ...log.env, ARCHIVE_STORE: `file:${dir}/none` },
    });
    expect(checked).toMatchObject({ code: 0 });
    expect(checked.stdout).toMatch(/^OK {2}archived 2026-05-2\d [0-9a-f]{64} is entry \d+ of 23\n$/);
    if (!HAS_OPENSSL) return;
    const script = path.join(import.meta.dirname, '../../../docs/verify-proof.sh');
    const outside = await runScript('sh', [script, file, log.publicKeyFile, log.origin], out);
    expect(outside).toMatchObject({ code: 0 });
    expect(outside.output).toMatch(/^OK: archived 2026-05-2\d [0-9a-f]{64} is entry \d+ of 23\n$/);
  });

  it('proves every statement of a day', async () => {
    const out = path.join(dir, 'days');
    const { code, stdout } = await cli('prove', '--day', '2026-05-21', '-o', out);
    expect([code, stdout.trim().split('\n')]).toEqual([0, [expect.stringContaining('2026-05-21.')]]);
    expect(await cli('verify-proof', '--day', '2026-05-21')).toMatchObject({
      code: 0,
      stdout: 'OK  2026-05-21  revision 0  final  2 held\n',
    });
  });

  it('says which recording is not sealed yet', async () => {
    const ids = {
      recordingId: 'aaaaaaaa-0000-4000-8000-00000000ffff',
      conversationId: 'cccccccc-0000-4000-8000-00000000ffff',
    };
    await log.archive.add(ids, Date.UTC(2026, 5, 20, 12));
    const { code, stderr } = await cli('prove', ids.recordingId, '-o', path.join(dir, 'unsealed'));
    expect(code).toBe(6);
    expect(stderr).toContain('is not in the log: 2026-06-20 was not sealed since it was archived');
  });

  it('refuses a file that was changed, a foreign key, and another log', async () => {
    const out = path.join(dir, 'changed');
    await cli('prove', idAt(4), '-o', out);
    const file = path.join(out, `${idAt(4)}.receipt.json`);
    const foreign = { ...log.env, ARCHIVE_PROOF_VKEYS: 'recordings.example.com/proof/org+9c988488+AAAA' };
    expect((await runHere(['verify-proof', file], { env: foreign })).code).toBe(2);
    const other = { ...log.env, ARCHIVE_PROOF_ORIGIN: 'another/log' };
    expect((await runHere(['verify-proof', file], { env: other })).code).toBe(2);
    await writeFile(file, `${await readFile(file, 'utf8')} `);
    const { code, stderr } = await cli('verify-proof', file);
    expect([code, stderr]).toEqual([5, expect.stringContaining('the entry is of another file')]);
  });
});

describe('an evidence package', () => {
  it('carries the script of the documentation', async () => {
    expect(VERIFY_SCRIPT).toBe(await readFile('docs/verify-proof.sh', 'utf8'));
  });

  it('of several recordings verifies by its own script and by verify-proof, and holds nothing of others', async () => {
    const out = path.join(dir, 'case');
    const made = await cli('evidence', idAt(0), idAt(1), idAt(10), '-o', out);
    expect(made).toMatchObject({ code: 0 });
    const files = await filesIn(out);
    expect(files).toEqual(
      expect.arrayContaining([
        'MANIFEST.sha256',
        'README.txt',
        'checkpoint',
        'keys/log-public.pem',
        `media/${idAt(0)}.enc`,
      ]),
    );
    const texts = await Promise.all(files.map((file) => readFile(path.join(out, file), 'latin1')));
    for (const text of texts) expect(text).not.toContain(idAt(2));
    expect(await cli('verify-proof', out)).toMatchObject({ code: 0 });
    if (!HAS_OPENSSL) return;
    const { code, output } = await runScript('sh', ['verify-proof.sh'], out);
    expect([code, output]).toEqual([
      0,
      expect.stringMatching(/^OK: 5 files are in the log of 23 entries\n$/m),
    ]);
  });

  it('holds who had access to its recordings, entry by entry, and says where no entry is about them', async () => {
    const { store } = log.archive;
    const entry = (n: number, recording: string | undefined): AccessEntry => ({
      v: 1,
      at: `2026-06-0${n}T10:00:00.000Z`,
      who: 'auditor@example.com',
      session: 'one',
      n,
      action: 'reveal',
      outcome: 'granted',
      ...(recording === undefined ? {} : { recording }),
    });
    await writeAccessEntry(store, entry(1, idAt(8).toUpperCase()), 'aaaaaaaaaaaa', unlimited);
    await writeAccessEntry(store, entry(2, idAt(9)), 'bbbbbbbbbbbb', unlimited);
    await writeAccessEntry(store, entry(3, undefined), 'cccccccccccc', unlimited);
    await writeAccessEntry(store, entry(4, idAt(8)), 'dddddddddddd', unlimited);
    const out = path.join(dir, 'custody');
    expect(await cli('evidence', idAt(8), '-o', out)).toMatchObject({ code: 0 });
    const lines = (await readFile(path.join(out, 'custody.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as AccessEntry).n)).toEqual([1, 4]);
    expect(await readFile(path.join(out, 'README.txt'), 'utf8')).toContain('custody.jsonl     who searched');
    expect(await cli('verify-proof', out)).toMatchObject({ code: 0 });
    const none = path.join(dir, 'no-custody');
    await cli('evidence', idAt(7), '-o', none);
    expect(await filesIn(none)).not.toContain('custody.jsonl');
    expect(await readFile(path.join(none, 'README.txt'), 'utf8')).toContain(
      'no custody.jsonl: the archive has no entry',
    );
  });

  it('is made without the entries about access where they may not be read, and says so', async () => {
    const { store } = log.archive;
    const denied = {
      ...store,
      list: () => {
        throw new ArchiveError('STORE_DENIED', 'no');
      },
    };
    const about = { recordings: new Set([idAt(8)]), since: '' };
    const put = () => Promise.reject(new Error('nothing is put'));
    expect(await putCustody(denied, about, put, unlimited)).toBe('forbidden');
  });

  it('can hold recordings decrypted, and as one ZIP file', async () => {
    const zip = path.join(dir, 'case.zip');
    const made = await cli('evidence', idAt(5), '--decrypt', '-o', zip);
    expect(made).toMatchObject({ code: 0 });
    const out = path.join(dir, 'unzipped');
    const unzipped = await runScript('python3', ['-m', 'zipfile', '-e', zip, out], dir);
    if (unzipped.code !== 0) return;
    expect(await cli('verify-proof', out)).toMatchObject({ code: 0 });
    expect((await filesIn(out)).filter((file) => file.startsWith('media/'))).toHaveLength(1);
  });

  it('is found to be changed by one byte anywhere, and the file is named', async () => {
    const out = path.join(dir, 'mutants');
    await cli('evidence', idAt(6), '-o', out);
    for (const file of await filesIn(out)) {
      const place = path.join(out, file);
      const kept = path.join(dir, 'kept');
      await copyFile(place, kept);
      const bytes = await readFile(place);
      const at = Math.floor(bytes.length / 2);
      bytes[at] = (bytes[at] as number) ^ 1;
      await writeFile(place, bytes);
      const { code, stdout } = await cli('verify-proof', out);
      expect([file, code]).toEqual([file, 5]);
      if (file !== 'MANIFEST.sha256') expect(stdout).toContain(file);
      await copyFile(kept, place);
    }
  });

  it('is not made of what does not verify, unless as it was found', async () => {
    const key = log.archive.recordings[7]?.key ?? '';
    const object = log.archive.fileOf(key);
    const bytes = await readFile(object);
    await writeFile(
      object,
      Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) as number) ^ 1])]),
    );
    const out = path.join(dir, 'damaged');
    const refused = await cli('evidence', idAt(7), '-o', out);
    expect(refused.code).toBe(5);
    await expect(filesIn(out)).rejects.toThrow();
    const made = await cli('evidence', idAt(7), '--as-found', '-o', out);
    expect(made.code).toBe(0);
    expect(await readFile(path.join(out, 'FINDINGS.txt'), 'utf8')).toContain(idAt(7));
    await writeFile(object, bytes);
  });

  it('does not replace what is there, and leaves nothing half made', async () => {
    const out = path.join(dir, 'twice');
    await cli('evidence', idAt(0), '-o', out);
    expect((await cli('evidence', idAt(0), '-o', out)).code).toBe(2);
    expect((await cli('evidence', 'aaaaaaaa-0000-4000-8000-00000000eeee', '-o', `${out}-none`)).code).toBe(6);
    expect((await readdir(dir)).filter((name) => name.includes('partial'))).toEqual([]);
  });
});

describe('verify-proof --all', () => {
  it('recomputes every root, statement and count', async () => {
    const { code, stderr } = await cli('verify-proof', '--all');
    expect(code).toBe(0);
    expect(stderr).toContain(
      '23 entries, 1 checkpoint, 11 statements from 2026-05-20 to 2026-05-30, 0 missing; 0 findings',
    );
  });

  it('takes a checkpoint that was kept elsewhere', async () => {
    const kept = path.join(dir, 'kept.note');
    const note = log.archive.fileOf(log.ports.keys.checkpoint);
    await copyFile(note, kept);
    expect((await cli('verify-proof', '--all', '--checkpoint', kept)).code).toBe(0);
    await writeFile(kept, (await readFile(kept, 'utf8')).replace('\n23\n', '\n24\n'));
    expect((await cli('verify-proof', '--all', '--checkpoint', kept)).code).toBe(5);
  });
});

describe('evidence --where', () => {
  it('packages what a search of the catalogue finds, as it does by ids', async () => {
    expect(await cli('catalogue', 'update')).toMatchObject({ code: 0 });
    const out = path.join(dir, 'where');
    const day = ['--from', '2026-05-21', '--to', '2026-05-21'];
    const found = (await cli('find', ...day, '--json')).records().map((row) => row['recording_id'] as string);
    expect(found).toHaveLength(2);
    expect(await cli('evidence', '--where', day.join(' '), '-o', out)).toMatchObject({ code: 0 });
    const named = path.join(dir, 'named');
    expect(await cli('evidence', ...found, '-o', named)).toMatchObject({ code: 0 });
    expect(await filesIn(out)).toEqual(await filesIn(named));
    for (const args of [[], ['--where', day.join(' '), idAt(0)], ['--where', ''], ['--where', '--queue ""']])
      expect(await cli('evidence', ...args, '-o', path.join(dir, 'none'))).toMatchObject({ code: 2 });
    const none = await cli('evidence', '--where', '--from 2031-01-01', '-o', path.join(dir, 'none'));
    expect(none).toMatchObject({ code: 6 });
  });
});
