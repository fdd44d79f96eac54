import { createHash, generateKeyPairSync } from 'node:crypto';
import { copyFile, cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { formatSignature } from '../../../src/proof/formats/note.ts';
import { createLogSigner } from '../../../src/proof/log/signer.ts';
import { sealDays } from '../../../src/proof/seal-days.ts';
import { createReceiptSigner } from '../../../src/record/receipt/receipt.ts';
import { runHere } from '../../cli/run-here.ts';
import { ChangedPackage } from '../../proof/changed-package.ts';
import { type LocalAuthority, startAuthority } from '../../proof/local-authority.ts';
import { HAS_OPENSSL, runScript } from '../../proof/run-script.ts';
import { makeSealedLog, type SealedLog } from '../../proof/sealed-log.ts';

const SCRIPT = path.resolve('docs/verify-proof.sh');
const MANIFEST = 'MANIFEST.sha256';
let log: SealedLog;
let stranger: SealedLog;
let dir: string;
/** Of the log as it was sealed first, and a package of two recordings after it was sealed again. */
let early: string;
let whole: string;
let ids: readonly string[];

beforeAll(async () => {
  log = await makeSealedLog(3, 64);
  stranger = await makeSealedLog(3, 64);
  dir = await mkdtemp(path.join(tmpdir(), 'evidence-forged-'));
  early = path.join(dir, 'early');
  whole = path.join(dir, 'whole');
  ids = log.archive.recordings.slice(0, 2).map(({ ids: { recordingId } }) => recordingId);
  await pack(log, ids, early);
  const late = {
    recordingId: 'aaaaaaaa-0000-4000-8000-00000000ee00',
    conversationId: 'cccccccc-0000-4000-8000-00000000ee00',
  };
  await log.archive.add(late, Date.UTC(2026, 5, 1, 12));
  await sealDays({ ...log.ports, now: () => Date.UTC(2026, 5, 3) }, {}, unlimited);
  await pack(log, ids, whole);
}, 600_000);

afterAll(async () => {
  await log.remove();
  await stranger.remove();
  await rm(dir, { recursive: true });
});

async function pack(of: SealedLog, named: readonly string[], out: string, ...options: string[]) {
  const made = await runHere(['evidence', ...named, ...options, '-o', out, '--json'], { env: of.env });
  expect(made).toMatchObject({ code: 0 });
  return made;
}

const copied = async (from = whole) => ChangedPackage.copyOf(from, await mkdtemp(path.join(dir, 'case-')));
const byScript = (made: ChangedPackage, ...args: string[]) => runScript('sh', [SCRIPT, ...args], made.out);
const byProgram = (made: ChangedPackage, ...args: string[]) =>
  runHere(['verify-proof', made.out, ...args], { env: log.env });

/** Both refuse it, and name the file. */
async function expectNamed(made: ChangedPackage, file: string, problem: string): Promise<void> {
  const own = await byProgram(made);
  expect([own.code, own.stdout]).toEqual([5, expect.stringContaining(`FAIL  ${file}: `)]);
  if (!HAS_OPENSSL) return;
  const { code, output } = await byScript(made);
  expect([code, output]).toEqual([1, expect.stringContaining(`FAIL: ${file}: ${problem}`)]);
}

const receipt = (at: number) => `receipts/${ids[at]}.receipt.json`;
const statement = async (made: ChangedPackage) =>
  (await made.files()).find((name) => name.startsWith('days/') && name.endsWith('.json')) ?? '';
const newKey = () =>
  generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();

describe('an evidence package whose list of hashes was made to fit', () => {
  it('is refused where a proof leads to another checkpoint than its own, which others remember', async () => {
    const made = await copied();
    for (const name of [receipt(0), `${receipt(0)}.tlog-proof`])
      await copyFile(path.join(early, name), made.at(name));
    await made.fit();
    await expectNamed(made, receipt(0), 'the proof leads to another checkpoint than the one in the package');
  });

  it('is refused where another log with another key stands beside the fingerprints that the owner published', async () => {
    const theirs = path.join(dir, 'theirs');
    await pack(
      stranger,
      stranger.archive.recordings.slice(0, 2).map((one) => one.ids.recordingId),
      theirs,
    );
    const made = await copied(theirs);
    for (const name of ['keys/FINGERPRINTS.txt', 'keys/log.vkey'])
      await copyFile(path.join(whole, name), made.at(name));
    await made.fit();
    expect((await byProgram(made)).code).toBe(5);
    if (!HAS_OPENSSL) return;
    const { code, output } = await byScript(made);
    expect([code, output]).toEqual([
      1,
      expect.stringContaining('FAIL: keys/FINGERPRINTS.txt: names another key than keys/log-public.pem'),
    ]);
  });

  it.each([
    [
      'names another key',
      (text: string) => text.replace(/[0-9a-f]{64}/, '0'.repeat(64)),
      'names another key',
    ],
    ['leaves a key out', (text: string) => text.replace(/receipts [^]*/, ''), 'does not name keys/receipts-'],
    ['has more', (text: string) => `${text}log elsewhere\n`, 'malformed'],
  ])('is refused where its list of fingerprints %s', async (_what, change, problem) => {
    const made = await copied();
    await made.edit('keys/FINGERPRINTS.txt', change);
    await made.fit();
    await expectNamed(made, 'keys/FINGERPRINTS.txt', problem);
  });

  it('is refused, and the key is named, where a key of it is another one or is added', async () => {
    const other = await copied();
    await writeFile(other.at('keys/log-public.pem'), newKey());
    await other.fit();
    expect((await byProgram(other)).stdout).toContain('FAIL  keys/log-public.pem: ');
    if (HAS_OPENSSL)
      expect((await byScript(other)).output).toContain(
        'FAIL: keys/FINGERPRINTS.txt: names another key than keys/log-public.pem',
      );
    const origin = await copied();
    await write(origin, 'keys/ORIGIN', 'elsewhere.example.com/proof\n');
    expect((await byProgram(origin)).stdout).toContain('FAIL  keys/ORIGIN: ');
    if (HAS_OPENSSL) expect((await byScript(origin)).code).toBe(1);
    const added = await copied();
    await write(added, 'keys/receipts-0123456789abcdef.pem', newKey());
    expect((await byProgram(added)).stdout).toContain('FAIL  keys/receipts-0123456789abcdef.pem: ');
    if (HAS_OPENSSL)
      expect((await byScript(added)).output).toContain('does not name keys/receipts-0123456789abcdef.pem');
  });

  it('is refused without a receipt: it proves nothing', async () => {
    const made = await copied();
    for (const folder of ['receipts', 'media']) await rm(made.at(folder), { recursive: true });
    await made.fit();
    await expectNamed(made, 'receipts', 'there is no receipt that verifies');
  });

  it('is refused where a statement has the name of another day', async () => {
    const made = await copied();
    const day = await statement(made);
    const other = day.replace(/\d{4}-\d\d-\d\d/, '2026-05-01');
    for (const end of ['', '.tlog-proof']) await rename(made.at(`${day}${end}`), made.at(`${other}${end}`));
    await made.fit();
    await expectNamed(made, other, 'this is the statement of ');
  });

  it('says of files that operating systems add that they do, and names them all the same', async () => {
    const made = await copied();
    await mkdir(made.at('__MACOSX'));
    const names = ['.DS_Store', 'media/Thumbs.db', 'keys/desktop.ini', '._README.txt', '__MACOSX/x'];
    for (const name of names) await writeFile(made.at(name), '');
    for (const name of names)
      await expectNamed(
        made,
        name,
        'not in MANIFEST.sha256; an operating system makes such files: remove it',
      );
    await writeFile(made.at('added'), '');
    expect((await byProgram(made)).stdout).toContain('FAIL  added: not in MANIFEST.sha256\n');
  });
});

const write = async (made: ChangedPackage, name: string, text: string) => {
  await writeFile(made.at(name), text);
  await made.fit();
};

describe('an evidence package signed with two keys', () => {
  it('verifies for who knows the one or the other, and for who knows neither is unknown, not wrong', async () => {
    const made = await copied();
    const second = createLogSigner(
      log.origin,
      createReceiptSigner(generateKeyPairSync('ed25519').privateKey),
    );
    const note = await readFile(made.at('checkpoint'), 'utf8');
    const signed = await second.sign(Buffer.from(note.slice(0, note.indexOf('\n\n') + 1)), unlimited);
    const { name, id, vkey } = second.key;
    const both = note + formatSignature({ name, id, bytes: Buffer.from(signed) });
    for (const file of await made.files())
      if (file === 'checkpoint' || file.endsWith('.tlog-proof'))
        await writeFile(made.at(file), (await readFile(made.at(file), 'utf8')).replace(note, both));
    await made.fit();
    const by = (key: string) =>
      runHere(['verify-proof', made.out], { env: { ...log.env, ARCHIVE_PROOF_VKEYS: key } });
    for (const known of [log.vkey, vkey]) expect(await by(known)).toMatchObject({ code: 0, stdout: '' });
    const neither = await by(stranger.vkey);
    expect([neither.code, neither.stdout]).toEqual([
      2,
      expect.stringContaining('UNKNOWN  checkpoint: not signed with a key that is known\n'),
    ]);
    expect(neither.stdout).not.toContain('FAIL');
    if (HAS_OPENSSL) expect((await byScript(made)).code).toBe(0);
  });
});

describe('the SHA-256 of the list of hashes, noted at the handover', () => {
  it('is printed by who makes and who checks the package, and tells a smaller one from it', async () => {
    const out = path.join(dir, 'handed-over');
    const made = await pack(log, ids, out);
    const told = createHash('sha256')
      .update(await readFile(path.join(out, MANIFEST)))
      .digest('hex');
    expect(made.records()).toContainEqual(
      expect.objectContaining({ type: 'package', manifestSha256: told }) as unknown,
    );
    const given = ['--manifest-sha256', told.toUpperCase()];
    const same = await copied(out);
    const checked = await byProgram(same, ...given);
    expect([checked.code, checked.stderr]).toEqual([0, expect.stringContaining(told)]);
    expect(checked.stderr).toContain('2 receipts and 2 statements are in the log');
    if (HAS_OPENSSL) {
      const { code, output } = await byScript(same, ...given);
      expect([code, output]).toEqual([
        0,
        expect.stringContaining(`MANIFEST: SHA-256 of ${MANIFEST} ${told}\n`),
      ]);
      expect(output).toContain(`RECORDING: ${ids[0]}: archived `);
      expect(output).toContain('COUNT: receipts 2, statements 2\nOK: 4 files are in the log');
    }
    const fewer = await copied(out);
    for (const name of await fewer.files()) if (name.includes(ids[0] ?? '')) await rm(fewer.at(name));
    await fewer.fit();
    expect((await byProgram(fewer)).code).toBe(0);
    const refused = await byProgram(fewer, ...given);
    expect([refused.code, refused.stdout]).toEqual([
      5,
      expect.stringContaining(`FAIL  ${MANIFEST}: not the list`),
    ]);
    if (HAS_OPENSSL) {
      const { code, output } = await byScript(fewer, ...given);
      expect([code, output]).toEqual([1, expect.stringContaining(`FAIL: ${MANIFEST}: not the list`)]);
    }
  });

  it('is refused where it is none, by both', async () => {
    const made = new ChangedPackage(whole);
    expect((await byProgram(made, '--manifest-sha256', 'abc')).code).toBe(2);
    expect(
      (await runHere(['verify-proof', '--all', '--manifest-sha256', 'abc'], { env: log.env })).code,
    ).toBe(2);
    if (!HAS_OPENSSL) return;
    for (const args of [['--manifest-sha256', 'abc'], ['--manifest-sha256'], ['--key'], ['one']]) {
      const { code, output } = await byScript(made, ...args);
      expect([code, output]).toEqual([2, expect.stringMatching(/^usage: sh verify-proof\.sh \[/)]);
    }
  });
});

describe.skipIf(!HAS_OPENSSL)('verify-proof.sh', () => {
  it('holds a package to a key of the log that comes from elsewhere', async () => {
    const made = new ChangedPackage(whole);
    const { code, output } = await byScript(made, '--key', log.publicKeyFile);
    const raw = Buffer.from(
      (await readFile(log.publicKeyFile, 'utf8')).split('\n')[1] ?? '',
      'base64',
    ).subarray(-32);
    const print = createHash('sha256').update(raw).digest('hex');
    expect([code, output]).toEqual([
      0,
      expect.stringContaining(`KEY: log ${log.origin}: SHA-256 of the 32 bytes ${print}\n`),
    ]);
    const other = await byScript(made, '--key', stranger.publicKeyFile);
    expect([other.code, other.output]).toEqual([
      1,
      expect.stringContaining('FAIL: keys/log-public.pem: another key than '),
    ]);
  });

  it('says that it could not look where it has no folder for temporary files, or is ended by a full one', async () => {
    const { code } = await runScript('env', ['TMPDIR=/nonexistent', 'sh', SCRIPT], whole);
    expect(code).toBe(2);
    // `sort` is the first that cannot write what it has
    const bin = await mkdtemp(path.join(dir, 'bin-'));
    await writeFile(
      path.join(bin, 'sort'),
      '#!/bin/sh\necho "sort: write failed: No space left" >&2\nexit 2\n',
      {
        mode: 0o755,
      },
    );
    const full = await runScript('env', [`PATH=${bin}:${process.env['PATH']}`, 'sh', SCRIPT], whole);
    expect([full.code, full.output]).toEqual([
      2,
      expect.stringContaining('NOT CHECKED: ended before its end\n'),
    ]);
  });

  it('says in a folder that is no package that it is none, as verify-proof does, and calls nothing wrong', async () => {
    const out = await mkdtemp(path.join(dir, 'proofs-'));
    expect(await runHere(['prove', ids[0] ?? '', '-o', out], { env: log.env })).toMatchObject({ code: 0 });
    const script = await runScript('sh', [SCRIPT], out);
    expect([script.code, script.output]).toEqual([
      2,
      expect.stringMatching(/^this folder is no evidence package/),
    ]);
    const own = await runHere(['verify-proof', out], { env: log.env });
    expect([own.code, own.stdout, own.stderr]).toEqual([
      2,
      '',
      expect.stringContaining('is no evidence package'),
    ]);
  });

  it('needs no more tools than these, and gives no function the name of a command', async () => {
    const tools = 'sh openssl sed grep find mktemp sort cmp cut uniq tail head tr od dd wc cat rm cp'.split(
      ' ',
    );
    const bin = await mkdtemp(path.join(dir, 'tools-'));
    for (const tool of tools) {
      const { output } = await runScript('sh', ['-c', `command -v ${tool}`], dir);
      await symlink(output.trim(), path.join(bin, tool));
    }
    const { code, output } = await runScript('/usr/bin/env', [`PATH=${bin}`, 'sh', SCRIPT], whole);
    expect([code, output]).toEqual([0, expect.stringMatching(/^OK: 4 files /m)]);
    const functions = [...(await readFile(SCRIPT, 'utf8')).matchAll(/^(\w+)\(\) \{/gm)].map(
      ([, name]) => name,
    );
    expect(functions.length).toBeGreaterThan(15);
    const commands = await runScript(
      'sh',
      ['-c', `for f in ${functions.join(' ')}; do command -v "$f"; done`],
      dir,
    );
    expect(commands.output).toBe('');
  });

  it('shows no control characters of the names that it prints', async () => {
    const made = await copied();
    await writeFile(made.at('a\u001b[2Jb'), '');
    const { code, output } = await byScript(made);
    expect([code, output]).toEqual([1, expect.stringContaining('FAIL: a?[2Jb: not in MANIFEST.sha256\n')]);
    expect(output).not.toContain('\u001b');
  });
});

describe.skipIf(!HAS_OPENSSL)('a time stamp in a package', () => {
  let authority: LocalAuthority;
  beforeAll(async () => {
    authority = await startAuthority();
  });
  afterAll(() => authority.close());

  /** The package with a stamp of `stamped`. */
  async function stampedPackage(stamped: Buffer): Promise<ChangedPackage> {
    const made = await copied();
    const { timestampRequest } = await import('../../../src/anchor/rfc3161.ts');
    await writeFile(
      made.at('checkpoint.tsa.example.com.tsr'),
      await authority.stamp(timestampRequest(stamped)),
    );
    await cp(authority.caFile, made.at('keys/tsa-ca.pem'));
    const ca = createHash('sha256').update(authority.ca).digest('hex');
    await made.edit(
      'keys/FINGERPRINTS.txt',
      (text) => `${text}time stamps\n  SHA-256 of keys/tsa-ca.pem ${ca}\n`,
    );
    await made.fit();
    return made;
  }

  it('is checked by script and verify-proof, which name one of another checkpoint', async () => {
    const checkpoint = await readFile(path.join(whole, 'checkpoint'));
    const good = await stampedPackage(checkpoint);
    expect(await byProgram(good)).toMatchObject({ code: 0 });
    const { code, output } = await byScript(good);
    expect([code, output]).toEqual([0, expect.stringContaining('TIME: checkpoint.tsa.example.com.tsr: ')]);
    expect(output).toMatch(/^KEY: time stamps: SHA-256 of keys\/tsa-ca\.pem [0-9a-f]{64}$/m);
    const other = await stampedPackage(await readFile(path.join(early, 'checkpoint')));
    await expectNamed(other, 'checkpoint.tsa.example.com.tsr', 'the time stamp does not verify');
  });

  it('that the archive has and the package cannot, without certificates to check it with, is told of', async () => {
    const checkpoint = await readFile(path.join(whole, 'checkpoint'));
    const { timestampRequest } = await import('../../../src/anchor/rfc3161.ts');
    const size = Number(checkpoint.toString('utf8').split('\n')[1]);
    const file = log.archive.fileOf(log.ports.keys.note(size).replace(/note$/, 'tsa.example.com.tsr'));
    await writeFile(file, await authority.stamp(timestampRequest(checkpoint)));
    const made = (out: string, env: Record<string, string> = {}) =>
      runHere(['evidence', ids[0] ?? '', '-o', path.join(dir, out)], { env: { ...log.env, ...env } });
    expect((await made('untold')).stderr).toContain('1 time stamp of the checkpoint left out');
    const told = await made('told', { ARCHIVE_PROOF_TSA_CA_FILE: authority.caFile });
    expect([told.code, told.stderr.includes('left out')]).toEqual([0, false]);
    await rm(file);
  });

  it('is held to the certificates of the reader, where the settings name them', async () => {
    const made = await stampedPackage(await readFile(path.join(whole, 'checkpoint')));
    const mine = await startAuthority();
    const own = await runHere(['verify-proof', made.out], {
      env: { ...log.env, ARCHIVE_PROOF_TSA_CA_FILE: mine.caFile },
    });
    await mine.close();
    expect([own.code, own.stdout]).toEqual([
      5,
      expect.stringContaining('FAIL  checkpoint.tsa.example.com.tsr: the certificate does not lead to'),
    ]);
  });

  it('is refused where the certificates of the package are others than it names', async () => {
    const made = await stampedPackage(await readFile(path.join(whole, 'checkpoint')));
    const mine = await startAuthority();
    await cp(mine.caFile, made.at('keys/tsa-ca.pem'));
    await mine.close();
    await made.fit();
    await expectNamed(made, 'keys/FINGERPRINTS.txt', 'names other certificates than keys/tsa-ca.pem');
  });
});

describe('verify-proof --all', () => {
  it('says of a reader who knows one of two keys of the log which signatures it cannot judge, and calls nothing wrong', async () => {
    const second = createLogSigner(
      log.origin,
      createReceiptSigner(generateKeyPairSync('ed25519').privateKey),
    );
    const signers = [second, ...log.ports.signers] as const;
    const now = () => Date.UTC(2026, 5, 6);
    await sealDays({ ...log.ports, signers, trusted: signers.map(({ key }) => key), now }, {}, unlimited);
    const all = (vkeys: string) =>
      runHere(['verify-proof', '--all'], { env: { ...log.env, ARCHIVE_PROOF_VKEYS: vkeys } });
    expect((await all(`${log.vkey},${second.key.vkey}`)).code).toBe(0);
    const { code, stdout, stderr } = await all(second.key.vkey);
    expect([code, stdout, stderr]).toEqual([
      2,
      expect.stringMatching(/^(?:UNKNOWN {2}\S+: it is signed with a key that is not known\n)+$/),
      expect.stringContaining('[LOG_KEY_UNKNOWN]'),
    ]);
  });
});
