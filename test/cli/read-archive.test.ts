import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ArchiveFixture, FIRST, makeArchive, SECOND, THIRD } from './archive-fixture.ts';
import { makeDirectory, runCli } from './run-cli.ts';
import { runHere } from './run-here.ts';

let archive: ArchiveFixture;
beforeEach(async () => {
  archive = await makeArchive();
});
afterEach(() => archive.remove());
const run = (...args: string[]) => runHere(args, { env: archive.env });

describe('list', () => {
  it('prints day, size and key, oldest first', async () => {
    const result = await runCli(['list'], { env: archive.env });
    expect(result.code).toBe(0);
    expect(result.stdout).toBe(
      [
        `2026-05-20   97.7 KiB  ${archive.keys[FIRST]}`,
        `2026-05-21   97.7 KiB  ${archive.keys[SECOND]}`,
        `2026-05-22   97.7 KiB  ${archive.keys[THIRD]}`,
        '',
      ].join('\n'),
    );
    expect(result.stderr).toMatch(/^3 recordings, 293 KiB in file:/);
  });

  it('prints JSON lines, and only the days asked for', async () => {
    const result = await run('list', '--json', '--quiet', '--from', '2026-05-21', '--to', '2026-05-21');
    expect(result.stderr).toBe('');
    expect(result.records()).toEqual([
      {
        type: 'recording',
        schemaVersion: 1,
        recordingId: SECOND,
        date: '2026-05-21',
        key: archive.keys[SECOND],
        size: 100_017,
        storedAt: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
      },
    ]);
  });

  it('needs no key, and says when a day is none', async () => {
    const { ARCHIVE_STORE = '' } = archive.env;
    expect((await runCli(['list', '-q'], { env: { ARCHIVE_STORE } })).stdout.split('\n')).toHaveLength(4);
    const wrong = await run('list', '--from', '2026-02-30');
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('error: --from is neither a day nor a time with a zone  [USAGE]');
    expect((await run('list', '--from', '2026-05-02', '--to', '2026-05-01')).code).toBe(2);
  });

  it('takes flags before the file that --config names, that before the environment, and a file it found last', async () => {
    const { ARCHIVE_STORE = '' } = archive.env;
    const { dir, remove } = await makeDirectory();
    try {
      const empty = `file:${path.join(dir, 'empty')}`;
      const config = path.join(dir, 'settings.json');
      await writeFile(config, JSON.stringify({ ARCHIVE_STORE }));
      const count = async (args: string[], env: Record<string, string>) =>
        (await runCli(['list', '-q', ...args], { env, cwd: dir })).stdout.split('\n').length - 1;
      expect(await count(['--store', ARCHIVE_STORE], { ARCHIVE_STORE: empty })).toBe(3);
      expect(await count(['--config', config], { ARCHIVE_STORE: empty })).toBe(3);
      expect(await count(['--config', config, '--store', empty], {})).toBe(0);
      await writeFile(path.join(dir, 'genesys-archive.config.json'), JSON.stringify({ ARCHIVE_STORE }), {
        mode: 0o600,
      });
      expect(await count([], { ARCHIVE_STORE: empty })).toBe(0);
      expect(await count([], {})).toBe(3);
      expect(await count(['--config', config], {})).toBe(3);
    } finally {
      await remove();
    }
  });
});

describe('verify', () => {
  it('prints the SHA-256 of each plaintext', async () => {
    const result = await runCli(['verify', '--all'], { env: archive.env });
    expect(result.code).toBe(0);
    const lines = [FIRST, SECOND, THIRD].map((id) => `ok       ${archive.sha256[id]}  ${archive.keys[id]}`);
    expect(result.stdout.trimEnd().split('\n').toSorted()).toEqual(lines.toSorted());
    expect(result.stderr).toMatch(/^3 recordings verified \(293 KiB\), 0 findings, in file:/);
  });

  it('lists every finding, verifies the rest, and exits with 5', async () => {
    await archive.flipBit(FIRST, 1000);
    await archive.truncateTo(THIRD, 10);
    const result = await run('verify', '--all', '--json');
    expect(result.code).toBe(5);
    const records = result.records();
    expect(records.map(({ type, kind }) => String(kind ?? type)).toSorted()).toEqual([
      'checksum',
      'checksum',
      'decrypt-failed',
      'decrypt-failed',
      'summary',
      'verified',
    ]);
    expect(records).toContainEqual({
      type: 'finding',
      schemaVersion: 1,
      key: archive.keys[FIRST],
      kind: 'decrypt-failed',
      code: 'DECRYPT_FAILED',
      message: expect.any(String) as unknown,
    });
    expect(records).toContainEqual(expect.objectContaining({ type: 'finding', key: archive.keys[THIRD] }));
    expect(records).toContainEqual({
      type: 'verified',
      schemaVersion: 1,
      key: archive.keys[SECOND],
      bytes: 100_001,
      sha256: archive.sha256[SECOND],
    });
    expect(records.at(-1)).toMatchObject({ type: 'summary', verified: 1, damaged: 2, findings: 4 });
    expect(JSON.parse(result.stderr)).toMatchObject({ type: 'error', exitCode: 5, schemaVersion: 1 });
  });

  it('with --quiet prints findings only', async () => {
    await archive.flipBit(SECOND, 5);
    const result = await run('verify', '--all', '--quiet');
    expect(result.stdout).toBe(
      `FINDING  ${archive.keys[SECOND]}  checksum: the bytes do not have the store's own checksum  [RECEIPT_MISMATCH]\nFINDING  ${archive.keys[SECOND]}  decrypt-failed: the object did not pass authentication: the key is wrong or the object was changed  [DECRYPT_FAILED]\n`,
    );
  });

  it('ends with the code of a lone item, and with 3 when of several one is only missing', async () => {
    const missing = '44444444-4444-4444-8444-444444444444';
    expect((await run('verify', missing)).code).toBe(6);
    expect((await run('verify', FIRST, missing)).code).toBe(3);
    const wrongKey = await runCli(['verify', '--all', '-q'], {
      env: { ...archive.env, ENCRYPTION_KEY_HEX: randomBytes(32).toString('hex') },
    });
    expect(wrongKey.code).toBe(5);
    expect(wrongKey.stderr).toContain('error: 3 of 3 items failed: 3 × DECRYPT_FAILED');
  });

  it('asks what to verify, and fails when there is nothing', async () => {
    expect((await run('verify')).stderr).toContain('error: say what to verify  [USAGE]');
    expect((await run('verify', FIRST, '--all')).code).toBe(2);
    const empty = await run('verify', '--all', '--from', '2030-01-01');
    expect(empty.code).toBe(6);
    expect(empty.stderr).toContain('error: no recordings of these days in file:');
  });
});

describe('inspect', () => {
  it('shows what is known without a key, and a recipe that works', async () => {
    const { ARCHIVE_STORE = '', ENCRYPTION_KEY_HEX = '' } = archive.env;
    const result = await runCli(['inspect', FIRST], { env: { ARCHIVE_STORE } });
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain(`key                ${archive.keys[FIRST]}\n`);
    expect(result.stdout).toContain(
      'format             static-gcm\nsize               100016\nplaintextSize      100000\n',
    );
    const recipe = /# Node.js.*\n([\s\S]*?)\n\n/.exec(result.stdout)?.[1] ?? '';
    const { dir, remove } = await makeDirectory();
    try {
      await copyFile(archive.objectFile(FIRST), path.join(dir, 'object.enc'));
      await writeFile(path.join(dir, 'decrypt.mjs'), recipe);
      execFileSync(process.execPath, ['decrypt.mjs'], { cwd: dir, env: { ENCRYPTION_KEY_HEX } });
      const plaintext = await readFile(path.join(dir, 'recording.wav'));
      expect(createHash('sha256').update(plaintext).digest('hex')).toBe(archive.sha256[FIRST]);
    } finally {
      await remove();
    }
  });

  it('prints JSON with the metadata', async () => {
    const result = await run('inspect', SECOND, '--json');
    const [record] = result.records();
    expect(record).toMatchObject({
      type: 'object',
      schemaVersion: 1,
      key: archive.keys[SECOND],
      recordingId: SECOND,
      date: '2026-05-21',
      format: 'static-gcm',
      plaintextSize: 100_001,
      sha256Of: 'object',
    });
    expect(Object.keys(record?.['metadata'] ?? {})).toEqual(['encryption', 'iv']);
  });

  it('shows an object of no known format too, with exit 5', async () => {
    await rm(`${archive.objectFile(THIRD)}.metadata.json`);
    const result = await run('inspect', archive.keys[THIRD] ?? '');
    expect(result.code).toBe(5);
    expect(result.stdout).toContain('format             unknown');
    expect(result.stderr).toContain('[OBJECT_MALFORMED]');
  });
});
