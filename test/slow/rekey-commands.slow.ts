import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addKey, formatKeyring } from '../../src/envelope/keys/keyring.ts';
import { otherPair3072, pair3072 } from '../envelope/rsa-pairs.ts';
import { type ArchiveFixture, FIRST, makeArchive, SECOND } from '../cli/archive-fixture.ts';
import { runCli } from '../cli/run-cli.ts';
import { runHere } from '../cli/run-here.ts';

describe('adopt, rewrap and reencrypt', () => {
  let archive: ArchiveFixture;
  let ring: string;
  let keyring: ReturnType<typeof addKey>;
  const store = () => ({ ARCHIVE_STORE: archive.env['ARCHIVE_STORE'] ?? '' });
  const withRing = () => ({ ...store(), ARCHIVE_KEYRING_FILE: ring });
  const states = (records: readonly Record<string, unknown>[], type: string) =>
    records.filter((record) => record['type'] === type).map((record) => record['state']);

  beforeEach(async () => {
    archive = await makeArchive(2000);
    ring = path.join(archive.dir, 'keyring.json');
    keyring = addKey(undefined, 'k1');
    await writeFile(ring, formatKeyring(keyring), { mode: 0o600 });
  });
  afterEach(() => archive.remove());

  it('take an archive from the static key to a keyring, and to its next key', async () => {
    const both = { ...archive.env, ARCHIVE_KEYRING_FILE: ring };
    const dry = await runCli(['adopt', '--all', '--dry-run', '--json'], { env: both });
    expect(states(dry.records(), 'adoption')).toEqual(['adopted', 'adopted', 'adopted']);
    expect((await runHere(['verify', '--all'], { env: withRing() })).code).toBe(5);

    const adopted = await runCli(['adopt', '--all', '--json'], { env: both });
    expect(adopted.code).toBe(0);
    expect(adopted.records().at(-1)).toMatchObject({ type: 'summary', recordings: 3, adopted: 3, failed: 0 });
    expect((await runHere(['verify', '--all'], { env: withRing() })).code).toBe(0);
    const again = await runHere(['adopt', '--all'], { env: both });
    expect(again.stdout.match(/^present/gm)).toHaveLength(3);

    await writeFile(ring, formatKeyring(addKey(keyring, 'k2')), { mode: 0o600 });
    const one = await runCli(['rewrap', FIRST, '--json'], { env: withRing() });
    expect(one.records()[0]).toMatchObject({ type: 'rewrap', state: 'rewrapped', placement: 'instruction' });
    const rest = await runCli(['rewrap', '--all', '--wrap', 'aes', '--json'], { env: withRing() });
    expect(states(rest.records(), 'rewrap').map(String).sort()).toEqual([
      'current',
      'rewrapped',
      'rewrapped',
    ]);
    expect((await runHere(['verify', '--all'], { env: withRing() })).code).toBe(0);
  });

  it('tell what failed, each with its code, and go on', async () => {
    const { stdout, stderr, code } = await runHere(
      ['adopt', 'archive/2026/05/20/absent.enc', SECOND, '--json'],
      {
        env: { ...archive.env, ARCHIVE_KEYRING_FILE: ring },
      },
    );
    expect(code).toBe(3);
    expect(stdout).toContain('OBJECT_NOT_FOUND');
    expect(stdout).toContain('"state":"adopted"');
    expect(stderr).toContain('SOME_FAILED');
  });

  it('encrypt an archive again into another place, verified', async () => {
    const both = { ...archive.env, ARCHIVE_KEYRING_FILE: ring };
    const target = `file:${path.join(archive.dir, 'v3')}`;
    const command = ['reencrypt', '--all', '--target', target];
    const { code, records } = await runCli([...command, '--json'], { env: both });
    expect(code).toBe(0);
    const made = records().filter((record) => record['type'] === 'reencryption');
    expect(new Set(made.map((record) => record['sha256']))).toEqual(new Set(Object.values(archive.sha256)));
    const env = { ARCHIVE_STORE: target, ARCHIVE_KEYRING_FILE: ring };
    expect((await runHere(['verify', '--all'], { env })).code).toBe(0);
    expect((await runHere(command, { env: both })).stdout.match(/^present/gm)).toHaveLength(3);
    expect((await runHere(['verify', '--all'], { env: archive.env })).code).toBe(0);
  });

  it.each([
    ['which recordings', ['adopt'], 'USAGE', /say which recordings/],
    ['which recordings, not twice', ['rewrap', '--all', FIRST], 'USAGE', /it cannot be both/],
    ['which place', ['reencrypt', '--all'], 'USAGE', /--target s3:/],
    ['a wrapping key that there is', ['adopt', '--all', '--wrap', 'dsa'], 'USAGE', /kms:alias/],
    ['a source', ['adopt', '--all', '--wrap', 'rsa'], 'CONFIG_INVALID', /set ARCHIVE_PUBLIC_KEY_FILE/],
  ])('have to be told %s', async (_, args, expected, help) => {
    const { code, stderr } = await runHere(args, { env: { ...archive.env, ARCHIVE_KEYRING_FILE: ring } });
    expect(code).toBe(2);
    expect(stderr).toContain(`[${expected}]`);
    expect(stderr).toMatch(help);
  });

  it('encrypt nothing again for a key whose other half is not there to read it back', async () => {
    const publicKeyFile = path.join(archive.dir, 'public.pem');
    await writeFile(publicKeyFile, pair3072.publicKey.export({ type: 'spki', format: 'pem' }));
    const target = path.join(archive.dir, 'rsa');
    const command = ['reencrypt', '--all', '--wrap', 'rsa', '--target', `file:${target}`];
    const env = { ...archive.env, ARCHIVE_PUBLIC_KEY_FILE: publicKeyFile };
    const alone = await runHere(command, { env });
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('ARCHIVE_PRIVATE_KEY_FILE')]);
    const halves = [otherPair3072, pair3072].map(async ({ privateKey }, number) => {
      const file = path.join(archive.dir, `private-${number}.pem`);
      await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
      return { ...env, ARCHIVE_PRIVATE_KEY_FILE: file };
    });
    const [wrong = {}, right = {}] = await Promise.all(halves);
    expect((await runHere(command, { env: wrong })).stderr).toContain('[CONFIG_INVALID]');
    expect(existsSync(target)).toBe(false);
    expect((await runHere(command, { env: right })).code).toBe(0);
  });

  it('refuse to write into the archive they read', async () => {
    const { ARCHIVE_STORE: place = '' } = archive.env;
    for (const target of [place, `${place}/below`]) {
      const { code, stderr } = await runHere(['reencrypt', '--all', '--target', target], {
        env: { ...archive.env, ARCHIVE_KEYRING_FILE: ring },
      });
      expect([code, stderr.includes('[USAGE]')]).toEqual([2, true]);
    }
  });

  it('need a wrapping key, and the static one to adopt', async () => {
    const none = await runHere(['adopt', '--all'], { env: archive.env });
    expect(none.stderr).toContain('[CONFIG_INVALID]');
    expect(none.stderr).toContain('set ARCHIVE_KMS_KEY_ID');
    const keyless = await runHere(['adopt', '--all'], { env: withRing() });
    expect(keyless.stderr).toContain('ENCRYPTION_KEY_HEX');
    expect([none.code, keyless.code]).toEqual([2, 2]);
  });
});
