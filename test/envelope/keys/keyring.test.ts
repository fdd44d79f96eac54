import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  readKeyringFile,
  readPrivateKeyFile,
  readPublicKeyFile,
  writeKeyringFile,
} from '../../../src/envelope/keys/files.ts';
import {
  addKey,
  formatKeyring,
  keyringUnwrapper,
  keyringWrapper,
  parseKeyring,
  parseStaticKey,
} from '../../../src/envelope/keys/keyring.ts';
import { createAesWrapper } from '../../../src/envelope/raw-wrap.ts';
import { canMount } from '../../can-mount.ts';
import { failureOf, rejectionOf } from '../bytes.ts';
import { pair2048, pair3072 as pair } from '../rsa-pairs.ts';

const k = (byte: number, length = 32) => Buffer.alloc(length, byte).toString('base64');
const file = (fields: object) =>
  JSON.stringify({ version: 1, active: 'k1', keys: [{ kid: 'k1', key: k(1) }], ...fields });

describe('data keys that other clients have wrapped', () => {
  const wrappingKeys = ['k1', 'k2', 'k3'].map((kid) => ({ kid, key: randomBytes(32) }));
  const ring = { active: 'k1', keys: wrappingKeys };

  it.each([
    ['no name', {}],
    ['a name of another spelling', { kid: 'K3' }],
    ['a name of their own', { keyName: 'archive', version: '3' }],
    ['the name of another key', { kid: 'k1' }],
  ])('with %s are unwrapped by whichever key of the ring fits', async (_, description) => {
    for (const algorithm of ['AES/GCM/NoPadding', '115'] as const) {
      const third = createAesWrapper({ kid: 'k3', key: wrappingKeys[2]?.key ?? Buffer.alloc(0) });
      const { plaintext, ...edk } = await third.generate(algorithm, {});
      const read = await keyringUnwrapper(ring).unwrap({ ...edk, description }, algorithm);
      expect(Buffer.from(read).equals(plaintext)).toBe(true);
    }
  });

  it('are not unwrapped by a ring that has not their key, nor once they were changed', async () => {
    const stranger = createAesWrapper({ kid: 'k9', key: randomBytes(32) });
    const foreign = { ...(await stranger.generate('115', {})), description: {} };
    await expect(keyringUnwrapper(ring).unwrap(foreign, '115')).rejects.toMatchObject({
      code: 'DECRYPT_FAILED',
    });
    const own = await keyringWrapper(ring).generate('115', {});
    own.wrapped[20] = (own.wrapped[20] ?? 0) ^ 1;
    await expect(keyringUnwrapper(ring).unwrap({ ...own, description: {} }, '115')).rejects.toMatchObject({
      code: 'DECRYPT_FAILED',
    });
  });
});

describe('a keyring', () => {
  it('wraps with its active key and unwraps with every key it has', async () => {
    const first = addKey(undefined, 'k1');
    const second = addKey(first, 'k2');
    expect([first.active, second.active, second.keys.length]).toEqual(['k1', 'k2', 2]);
    expect(second.keys[0]).toEqual(first.keys[0]);
    const unwrapper = keyringUnwrapper(second);
    for (const keyring of [first, second]) {
      const { plaintext, ...edk } = await keyringWrapper(keyring).generate('115', {});
      expect(edk.description).toEqual({ kid: keyring.active });
      expect(Buffer.from(await unwrapper.unwrap(edk, '115'))).toEqual(Buffer.from(plaintext));
    }
    const { plaintext: _key, ...edk } = await keyringWrapper(second).generate('115', {});
    expect((await rejectionOf(keyringUnwrapper(first).unwrap(edk, '115'))).code).toBe('DECRYPT_FAILED');
  });

  it('survives being written and read', () => {
    const keyring = addKey(addKey(addKey(undefined, 'a'), 'b.2'), '2026-11_c');
    expect(parseKeyring(formatKeyring(keyring))).toEqual(keyring);
  });

  it('never has the same key twice', () => {
    const keyring = addKey(addKey(undefined, 'a'), 'b');
    expect(keyring.keys[0]?.key.equals(keyring.keys[1]?.key ?? Buffer.alloc(0))).toBe(false);
    const refusalOf = (kid: string) => {
      const { code, message, hint } = failureOf(() => addKey(keyring, kid));
      expect([code, hint]).toEqual(['CONFIG_INVALID', 'choose another name for the key']);
      return message;
    };
    expect(refusalOf('a')).toBe('the keyring has a key with this kid already');
    for (const kid of ['', ' ', 'é', 'a/b', 'x'.repeat(65)]) {
      expect(refusalOf(kid)).toBe('a kid has 1 to 64 letters, digits, ".", "_" or "-"');
    }
    const headless = failureOf(() => keyringWrapper({ active: 'c', keys: keyring.keys }));
    expect(headless.message).toBe('the active key of the keyring is not among its keys');
  });

  const keys = (...entries: unknown[]) => file({ keys: entries });
  it.each<[string, string, string]>([
    ['no JSON', '{', 'the keyring is not JSON'],
    ['a list', '[]', 'the keyring is not a JSON object'],
    ['null', 'null', 'the keyring is not a JSON object'],
    ['a number', '1', 'the keyring is not a JSON object'],
    ['text', '"k1"', 'the keyring is not a JSON object'],
    ['another version', file({ version: 2 }), 'the keyring is not of version 1'],
    [
      'an unknown field',
      file({ kyes: [] }),
      'the keyring has a field that is not one of version, active, keys',
    ],
    ['no keys', file({ keys: undefined }), 'the keyring has no list of keys'],
    ['an empty list of keys', keys(), 'the active key of the keyring is not among its keys'],
    [
      'an active key it has not',
      file({ active: 'k2' }),
      'the active key of the keyring is not among its keys',
    ],
    ['no active key', file({ active: undefined }), 'the active key of the keyring is not among its keys'],
    [
      'two keys of one kid',
      keys({ kid: 'k1', key: k(1) }, { kid: 'k1', key: k(2) }),
      'the keyring has two keys with the same kid',
    ],
    [
      'an unknown field of a key',
      keys({ kid: 'k1', key: k(1), note: 'x' }),
      'a key of the keyring has a field that is not one of kid, key',
    ],
    ['a key without kid', keys({ key: k(1) }), 'a key of the keyring has no valid kid'],
    ['a kid that is a number', keys({ kid: 1, key: k(1) }), 'a key of the keyring has no valid kid'],
    ['a key with a bad kid', keys({ kid: 'a b', key: k(1) }), 'a key of the keyring has no valid kid'],
    ...[
      ['a short key', k(1, 31)],
      ['a long key', k(1, 33)],
      ['a key in hex', '01'.repeat(32)],
      ['a key without padding', k(1).slice(0, -1)],
      ['a key that is a number', 1],
      ['no key', undefined],
    ].map(([what, key]): [string, string, string] => [
      String(what),
      keys({ kid: 'k1', key }),
      'the key k1 of the keyring is not canonical base64 of 32 bytes',
    ]),
    ['a key that is null', keys(null), 'a key of the keyring is not a JSON object'],
    ['a key that is text', keys('k1'), 'a key of the keyring is not a JSON object'],
    ['a key that is a list', keys([]), 'a key of the keyring is not a JSON object'],
  ])('is refused with %s', (_name, text, message) => {
    const failure = failureOf(() => parseKeyring(text));
    expect([failure.code, failure.message, failure.retryable]).toEqual(['CONFIG_INVALID', message, false]);
    expect(failure.hint).toBe('`genesys-archive keys generate` makes a keyring');
    expect(failure.message).not.toContain(k(1).slice(0, 8));
  });
});

describe('the static key', () => {
  it('is 64 hex digits, whole', () => {
    expect(parseStaticKey('0aF9'.repeat(16))).toEqual(Buffer.from('0af9'.repeat(16), 'hex'));
    for (const hex of [
      '',
      '00'.repeat(31),
      '00'.repeat(33),
      `${'00'.repeat(31)}0g`,
      ` ${'00'.repeat(32)}`,
      `${'00'.repeat(32)}\n`,
    ]) {
      expect(failureOf(() => parseStaticKey(hex))).toMatchObject({
        code: 'CONFIG_INVALID',
        message: 'the static key is not 64 hex digits',
        hint: '`openssl rand -hex 32` makes one',
      });
    }
  });
});

describe('key files', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'keys-'));
  });
  afterAll(() => rm(directory, { recursive: true }));
  const put = async (name: string, text: string, mode: number) => {
    const path = join(directory, name);
    await writeFile(path, text);
    await chmod(path, mode);
    return path;
  };

  it('of a keyring are written for their owner only, whole, and never over another', async () => {
    const path = join(directory, 'keyring.json');
    const keyring = addKey(undefined, 'k1');
    await writeKeyringFile(path, keyring);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readKeyringFile(path)).toEqual(keyring);

    const failure = await rejectionOf(writeKeyringFile(path, addKey(undefined, 'other')));
    expect([failure.code, failure.message]).toEqual(['OUTPUT_EXISTS', 'the keyring file exists already']);
    expect(await readKeyringFile(path)).toEqual(keyring);

    const more = addKey(keyring, 'k2');
    await writeKeyringFile(path, more, true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readKeyringFile(path)).toEqual(more);
    expect((await readdir(directory)).filter((name) => name.includes('partial'))).toEqual([]);
    const nowhere = await rejectionOf(writeKeyringFile(join(directory, 'no', 'such'), more));
    expect([nowhere.code, nowhere.message]).toEqual([
      'OUTPUT_FAILED',
      'the keyring file cannot be written: Error ENOENT',
    ]);
    expect(nowhere.hint).toContain(`the directory ${join(directory, 'no')} must exist`);
  });

  it.skipIf(!canMount())(
    '[needs: root and mount] on a full disk are refused, and the hint says so',
    async () => {
      const disk = await mkdtemp(join(directory, 'disk-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', disk]);
      try {
        await writeFile(join(disk, 'filler'), Buffer.alloc(4096));
        const failure = await rejectionOf(
          writeKeyringFile(join(disk, 'keyring.json'), addKey(undefined, 'k1')),
        );
        expect(failure).toMatchObject({
          code: 'OUTPUT_FAILED',
          message: 'the keyring file cannot be written: Error ENOSPC',
          hint: 'the disk is full: free some space, or choose another one',
        });
        expect(await readdir(disk)).toEqual(['filler']);
      } finally {
        execFileSync('umount', [disk]);
      }
    },
  );

  it.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o777])(
    'with mode %o are refused where they can decrypt',
    async (mode) => {
      const path = await put(`keyring-${mode}.json`, formatKeyring(addKey(undefined, 'k1')), mode);
      const failure = await rejectionOf(readKeyringFile(path));
      expect(failure.code).toBe('CONFIG_INVALID');
      expect(failure.hint).toBe(`chmod 600 ${path}`);
      const pem = generateKeyPairSync('ed25519')
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString();
      const closed = await rejectionOf(readPrivateKeyFile(await put(`private-${mode}.pem`, pem, mode)));
      expect(closed.message).toMatch(/others than its owner/);
    },
  );

  it.each([0o600, 0o400])('with mode %o are read', async (mode) => {
    const keyring = addKey(undefined, 'k1');
    const path = await put(`fine-${mode}.json`, formatKeyring(keyring), mode);
    expect(await readKeyringFile(path)).toEqual(keyring);
  });

  it('that are missing, directories or far too large are refused', async () => {
    const text = formatKeyring(addKey(undefined, 'k1'));
    const largest = await put('largest.json', text.padEnd(131_072), 0o600);
    expect((await readKeyringFile(largest)).active).toBe('k1');
    const large = await put('large.json', text.padEnd(131_073), 0o600);
    for (const [path, message] of [
      [join(directory, 'none.json'), 'the key file cannot be read: Error ENOENT'],
      [large, 'the key file is too large to be one'],
    ] as const) {
      expect(await rejectionOf(readKeyringFile(path))).toMatchObject({
        code: 'CONFIG_INVALID',
        message,
        hint: `the file that is meant is ${path}`,
      });
    }
    expect((await rejectionOf(readKeyringFile(directory))).code).toBe('CONFIG_INVALID');
  });

  it('of an RSA pair: the writer gets the public half only', async () => {
    const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const privatePem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const key = await readPublicKeyFile(await put('public.pem', publicPem, 0o644));
    expect([key.type, key.equals(pair.publicKey)]).toEqual(['public', true]);
    const secret = await readPrivateKeyFile(await put('private.pem', privatePem, 0o600));
    expect(secret.equals(pair.privateKey)).toBe(true);

    const leaked = await rejectionOf(
      readPublicKeyFile(await put('leaked.pem', publicPem + privatePem, 0o600)),
    );
    expect(leaked.message).toMatch(/holds a private key/);
    expect(leaked.hint).toBe(`openssl pkey -in ${join(directory, 'leaked.pem')} -pubout`);
    const empty = await put('empty.pem', '', 0o600);
    const onlyPublic = await put('only-public.pem', publicPem, 0o600);
    for (const [path, read] of [
      [empty, readPublicKeyFile],
      [onlyPublic, readPrivateKeyFile],
    ] as const) {
      const failure = await rejectionOf(read(path));
      expect([failure.message, failure.hint]).toEqual([
        'the key file holds no key in PEM form',
        `the file that is meant is ${path}`,
      ]);
    }
  });

  it('of an RSA pair that is too short to write with, or no RSA pair, are refused', async () => {
    const pem = pair2048.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const failure = await rejectionOf(readPublicKeyFile(await put('short.pem', pem, 0o644)));
    expect(failure.message).toMatch(/3072/);
    const other = generateKeyPairSync('ed25519')
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString();
    const path = await put('ed25519.pem', other, 0o600);
    expect((await rejectionOf(readPrivateKeyFile(path))).message).toMatch(/RSA/);
    expect((await readFile(path, 'utf8')).length).toBe(other.length);
  });
});
