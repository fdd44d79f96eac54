import { generateKeyPairSync } from 'node:crypto';
import { chmod, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseKeyList } from '../../src/signing/key-list.ts';
import { filesIn, makeDirectory, runCli } from '../cli/run-cli.ts';

let dir: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ dir, remove } = await makeDirectory());
});
afterEach(() => remove());

const receipts = (...args: string[]) =>
  runCli(['keys', 'receipts', '--list', 'keys.json', ...args], { cwd: dir });
const readList = async () => parseKeyList(await readFile(path.join(dir, 'keys.json'), 'utf8'), 'it').keys;

async function makeKey(name: string) {
  const { publicKey } = generateKeyPairSync('ed25519');
  await writeFile(path.join(dir, name), publicKey.export({ type: 'spki', format: 'pem' }));
  return name;
}

describe('keys receipts', () => {
  it('makes a list that all users may read, and adds to it', async () => {
    const first = await receipts('--add', await makeKey('one.pem'), '--at', '2026-01-01T00:00:00Z');
    expect([first.code, first.stdout]).toEqual([
      0,
      expect.stringMatching(/^[0-9a-f]{16} {2}validFrom 2026-01-01T00:00:00Z\n$/),
    ]);
    expect((await stat(path.join(dir, 'keys.json'))).mode & 0o777).toBe(0o644);
    await chmod(path.join(dir, 'keys.json'), 0o640);
    expect((await receipts('--add', await makeKey('two.pem'), '--comment', 'in KMS')).code).toBe(0);
    const keys = await readList();
    expect(keys.map(({ comment }) => comment)).toEqual([undefined, 'in KMS']);
    expect(Math.abs(Date.parse(keys[1]?.validFrom ?? '') - Date.now())).toBeLessThan(60_000);
    expect((await stat(path.join(dir, 'keys.json'))).mode & 0o777).toBe(0o640);
    expect((await receipts('--json')).records().map(({ keyId }) => keyId)).toEqual(
      keys.map(({ keyId }) => keyId),
    );
    expect(await filesIn(dir)).toEqual(['keys.json', 'one.pem', 'two.pem']);
  });

  it('retires a key, revokes it, and takes no revocation back', async () => {
    await receipts('--add', await makeKey('one.pem'), '--at', '2026-01-01T00:00:00Z');
    const keyId = (await readList())[0]?.keyId ?? '';
    expect((await receipts('--retire', keyId, '--at', '2026-06-01T00:00:00Z')).code).toBe(0);
    const revoked = await receipts(
      '--revoke',
      keyId,
      '--at',
      '2026-05-01T00:00:00Z',
      '--stored-by',
      '2026-05-02T00:00:00Z',
      '--comment',
      'laptop stolen',
    );
    expect(revoked.stdout).toContain(
      'revokedAt 2026-05-01T00:00:00Z, storedBy 2026-05-02T00:00:00Z  laptop stolen',
    );
    for (const later of [
      ['--revoke', keyId, '--at', '2026-05-03T00:00:00Z'],
      ['--retire', keyId],
    ]) {
      const refused = await receipts(...later);
      expect([refused.code, refused.stderr]).toEqual([
        2,
        expect.stringContaining('can only be moved to an earlier time'),
      ]);
    }
    expect((await receipts('--revoke', keyId, '--at', '2026-04-01T00:00:00Z')).code).toBe(0);
    expect(await readList()).toMatchObject([
      {
        keyId,
        validUntil: '2026-06-01T00:00:00Z',
        revokedAt: '2026-04-01T00:00:00Z',
        storedBy: '2026-05-02T00:00:00Z',
      },
    ]);
  });

  it.each<[string, readonly string[], string]>([
    ['two changes at once', ['--add', 'one.pem', '--revoke', 'x'], 'cannot be done at once'],
    ['a time that is none', ['--add', 'one.pem', '--at', 'yesterday'], 'is not a time such as'],
    ['a day for a time', ['--add', 'one.pem', '--at', '2026-01-01'], 'is not a time such as'],
    [
      'a time that does not exist',
      ['--add', 'one.pem', '--at', '2026-13-01T00:00:00Z'],
      'is not a time such as',
    ],
    [
      'a cut-off without a revocation',
      ['--add', 'one.pem', '--stored-by', '2026-01-01T00:00:00Z'],
      'belongs to --revoke',
    ],
    ['a time without a change', ['--at', '2026-01-01T00:00:00Z'], '--at belongs to'],
    ['a comment without a change', ['--comment', 'x'], '--comment belongs to'],
    ['a key that is listed', ['--add', 'listed.pem'], 'has the key'],
    ['a key that is not listed', ['--revoke', '0123456789abcdef'], 'no key of that id'],
    ['a file that is not there', ['--add', 'none.pem'], 'cannot be read'],
    ['a private key', ['--add', 'private.pem'], 'holds a private key'],
  ])('refuses %s, and leaves the list as it is', async (_what, args, problem) => {
    await makeKey('one.pem');
    await writeFile(
      path.join(dir, 'private.pem'),
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
    );
    await receipts('--add', await makeKey('listed.pem'));
    const before = await readFile(path.join(dir, 'keys.json'), 'utf8');
    const refused = await receipts(...args);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(problem)]);
    expect(await readFile(path.join(dir, 'keys.json'), 'utf8')).toBe(before);
    expect(await filesIn(dir)).not.toContain('keys.json.lock');
  });

  it('asks for a list, and makes none by revoking', async () => {
    const none = await runCli(['keys', 'receipts'], { cwd: dir });
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('keys receipts --list FILE')]);
    expect((await receipts('--revoke', '0123456789abcdef')).code).toBe(2);
    expect((await receipts()).code).toBe(2);
    expect(await filesIn(dir)).toEqual([]);
  });

  it('writes nothing with --dry-run, through no link, and not beside another run', async () => {
    const name = await makeKey('one.pem');
    expect((await receipts('--add', name, '--dry-run')).stdout).toContain('validFrom');
    expect(await filesIn(dir)).toEqual(['one.pem']);
    await writeFile(path.join(dir, 'keys.json.lock'), '');
    const beside = await receipts('--add', name);
    expect([beside.code, beside.stderr]).toEqual([
      1,
      expect.stringContaining('is being changed by another run'),
    ]);
    const linked = path.join(dir, 'linked.json');
    await symlink(path.join(dir, 'elsewhere.json'), linked);
    expect((await runCli(['keys', 'receipts', '--list', linked, '--add', name], { cwd: dir })).code).not.toBe(
      0,
    );
    expect(await filesIn(dir)).not.toContain('elsewhere.json');
  });

  it('keeps every key when eight runs add to one list: each adds, or says that it could not', async () => {
    const names = await Promise.all(Array.from({ length: 8 }, (_, index) => makeKey(`${index}.pem`)));
    const runs = await Promise.all(names.map((name) => receipts('--add', name)));
    expect(runs.every(({ code }) => code === 0 || code === 1)).toBe(true);
    expect(await readList()).toHaveLength(runs.filter(({ code }) => code === 0).length);
  });
});
