import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfigFile } from '../../src/config/file.ts';
import { readDeploySettings } from '../../src/config/deploy/file.ts';
import { readEvents } from '../../src/cli/archive/read-events.ts';
import { readKeyringFile, readPublicKeyFile } from '../../src/envelope/keys/files.ts';
import { addKey, formatKeyring } from '../../src/envelope/keys/keyring.ts';
import { readReceiptKeys, readSigner } from '../../src/signing-keys.ts';
import { decodeText } from '../../src/text-file.ts';
import { generateKeyPairSync } from 'node:crypto';

const le = (text: string) => Buffer.from(text, 'utf16le');
const be = (text: string) => Buffer.from(text, 'utf16le').swap16();

/** As PowerShell's `>`, `Out-File` and `Set-Content` write them, by version and `-Encoding`. */
const ENCODINGS: readonly (readonly [string, (text: string) => Buffer])[] = [
  ['UTF-8', (text) => Buffer.from(text)],
  ['UTF-8 with a byte order mark', (text) => Buffer.from(`\uFEFF${text}`)],
  ['UTF-16 LE with a byte order mark', (text) => le(`\uFEFF${text}`)],
  ['UTF-16 BE with a byte order mark', (text) => be(`\uFEFF${text}`)],
  ['UTF-16 LE', le],
  ['UTF-16 BE', be],
];

const decode = (bytes: Uint8Array) => decodeText(bytes, 'the file', 'CONFIG_INVALID');

describe('text that others have encoded', () => {
  it.each(ENCODINGS)('%s is read, also beyond ASCII', (_, encode) => {
    expect(decode(encode('{"name": "Zoë 😀"}'))).toBe('{"name": "Zoë 😀"}');
  });

  it.each([
    ['Latin-1', Buffer.from('{"name": "Zo\u00eb"}', 'latin1'), 'is not valid UTF-8 text'],
    ['a cut UTF-8 character', Buffer.from('ab€').subarray(0, 4), 'is not valid UTF-8 text'],
    ['half a UTF-16 character', le('\uFEFFab').subarray(0, 5), 'is not valid UTF-16 text'],
    ['half a UTF-16 character, big-endian', be('\uFEFFab').subarray(0, 5), 'is not valid UTF-16 text'],
    ['a lone surrogate', le('\uFEFF{\uD800}'), 'is not valid UTF-16 text'],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x7b, 0, 0, 0]), 'is encoded in UTF-32'],
    [
      'UTF-16 appended to UTF-8',
      Buffer.concat([Buffer.from('{"a": 1}\n'), le('{"b": 2}')]),
      'holds zero bytes',
    ],
  ])('%s is refused with a hint, and quoted nowhere', (_, bytes, message) => {
    expect(() => decode(bytes)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringContaining(message),
        hint: expect.stringContaining('utf8NoBOM'),
      }),
    );
  });

  it('nothing is nothing', () => {
    expect(decode(Buffer.alloc(0))).toBe('');
  });
});

describe('every file that people write is read in every encoding', () => {
  let dir = '';
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'text-file-'));
  });
  afterEach(() => rm(dir, { recursive: true }));
  const put = async (bytes: Uint8Array) => {
    const file = join(dir, 'file');
    await writeFile(file, bytes, { mode: 0o600 });
    return file;
  };
  const none = async function* () {};

  it.each(ENCODINGS)('%s: settings, deploy file, events, keyring and PEM files', async (_, encode) => {
    const config = await put(encode('{"ARCHIVE_LOG_LEVEL": "debug"}\r\n'));
    expect((await readConfigFile(config, dir))?.values).toEqual({ ARCHIVE_LOG_LEVEL: 'debug' });

    const deploy = {
      region: 'eusc-de-east-1',
      environment: 'edee1.eusc-pure.cloud',
      organizationId: '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77',
    };
    expect(await readDeploySettings(await put(encode(JSON.stringify(deploy))))).toMatchObject(deploy);

    const events = await put(encode('{"a": 1}\r\n{"b": 2}\r\n'));
    expect(await readEvents(events, none())).toEqual([{ a: 1 }, { b: 2 }]);
    const input = (async function* () {
      for (const byte of encode('{"a": "Zoë"}')) yield Buffer.from([byte]);
    })();
    expect(await readEvents('-', input)).toEqual([{ a: 'Zoë' }]);

    const keyring = addKey(undefined, 'k1');
    expect(await readKeyringFile(await put(encode(formatKeyring(keyring))))).toEqual(keyring);

    const rsa = generateKeyPairSync('rsa', { modulusLength: 3072 }).publicKey;
    const pem = rsa.export({ type: 'spki', format: 'pem' }).toString();
    expect((await readPublicKeyFile(await put(encode(pem)))).equals(rsa)).toBe(true);

    const pair = generateKeyPairSync('ed25519');
    const signing = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(await readSigner(await put(encode(signing)))).toBeDefined();
    const verifying = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect((await readReceiptKeys([await put(encode(verifying))])).size).toBe(1);
  });

  it('files that were joined, each with its own byte order mark, are lines of events', async () => {
    const file = await put(Buffer.from('\uFEFF{"a": 1}\r\n\uFEFF{"b": 2}\r\n'));
    expect(await readEvents(file, none())).toEqual([{ a: 1 }, { b: 2 }]);
  });

  it('a file in none of them names itself and the way out', async () => {
    const file = await put(Buffer.from('{"name": "\u00eb canary"}', 'latin1'));
    await expect(readConfigFile(file, dir)).rejects.toMatchObject({
      message: `the config file ${file} is not valid UTF-8 text`,
      hint: expect.stringContaining('save it as UTF-8'),
    });
    await expect(readEvents(file, none())).rejects.toMatchObject({ code: 'EVENT_INVALID' });
    await expect(readKeyringFile(file)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
