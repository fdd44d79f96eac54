import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  readKeyringFile,
  readPrivateKeyFile,
  readPublicKeyFile,
  writeKeyringFile,
} from '../../src/envelope/key-files.ts';
import {
  addKey,
  formatKeyring,
  keyringUnwrapper,
  keyringWrapper,
  parseKeyring,
  parseStaticKey,
} from '../../src/envelope/keyring.ts';
import { codeOf, failureOf, rejectionOf } from './bytes.ts';
import { pair2048, pair3072 as pair } from './rsa-pairs.ts';

const k = (byte: number, length = 32) => Buffer.alloc(length, byte).toString('base64');
const file = (fields: object) =>
  JSON.stringify({ version: 1, active: 'k1', keys: [{ kid: 'k1', key: k(1) }], ...fields });

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
    expect(codeOf(() => addKey(keyring, 'a'))).toBe('CONFIG_INVALID');
    for (const kid of ['', ' ', 'é', 'a/b', 'x'.repeat(65)]) {
      expect(codeOf(() => addKey(keyring, kid))).toBe('CONFIG_INVALID');
    }
    expect(codeOf(() => keyringWrapper({ active: 'c', keys: keyring.keys }))).toBe('CONFIG_INVALID');
  });

  it.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['null', 'null'],
    ['another version', file({ version: 2 })],
    ['an unknown field', file({ kyes: [] })],
    ['no keys', file({ keys: undefined })],
    ['an empty list of keys', file({ keys: [] })],
    ['an active key it has not', file({ active: 'k2' })],
    ['no active key', file({ active: undefined })],
    [
      'two keys of one kid',
      file({
        keys: [
          { kid: 'k1', key: k(1) },
          { kid: 'k1', key: k(2) },
        ],
      }),
    ],
    ['an unknown field of a key', file({ keys: [{ kid: 'k1', key: k(1), note: 'x' }] })],
    ['a key without kid', file({ keys: [{ key: k(1) }] })],
    ['a key with a bad kid', file({ active: 'a b', keys: [{ kid: 'a b', key: k(1) }] })],
    ['a short key', file({ keys: [{ kid: 'k1', key: k(1, 31) }] })],
    ['a long key', file({ keys: [{ kid: 'k1', key: k(1, 33) }] })],
    ['a key in hex', file({ keys: [{ kid: 'k1', key: '01'.repeat(32) }] })],
    ['a key without padding', file({ keys: [{ kid: 'k1', key: k(1).slice(0, -1) }] })],
    ['a key that is a number', file({ keys: [{ kid: 'k1', key: 1 }] })],
    ['a key that is null', file({ keys: [null] })],
  ])('is refused with %s', (_name, text) => {
    const failure = failureOf(() => parseKeyring(text));
    expect([failure.code, failure.retryable]).toEqual(['CONFIG_INVALID', false]);
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
      expect(codeOf(() => parseStaticKey(hex))).toBe('CONFIG_INVALID');
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
    expect(failure.code).toBe('OUTPUT_EXISTS');
    expect(await readKeyringFile(path)).toEqual(keyring);

    const more = addKey(keyring, 'k2');
    await writeKeyringFile(path, more, true);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readKeyringFile(path)).toEqual(more);
    expect((await readdir(directory)).filter((name) => name.includes('partial'))).toEqual([]);
    expect((await rejectionOf(writeKeyringFile(join(directory, 'no', 'such'), more))).code).toBe(
      'OUTPUT_FAILED',
    );
  });

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
    for (const path of [join(directory, 'none.json'), directory, large]) {
      expect((await rejectionOf(readKeyringFile(path))).code).toBe('CONFIG_INVALID');
    }
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
    const empty = await put('empty.pem', '', 0o600);
    const onlyPublic = await put('only-public.pem', publicPem, 0o600);
    for (const read of [() => readPublicKeyFile(empty), () => readPrivateKeyFile(onlyPublic)]) {
      expect((await rejectionOf(read())).message).toBe('the key file holds no key in PEM form');
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
