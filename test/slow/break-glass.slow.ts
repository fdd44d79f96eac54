import { execFileSync, spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { KeyWrapper } from '../../src/envelope/key-wrap.ts';
import { createAesWrapper, createRsaWrapper } from '../../src/envelope/raw-wrap.ts';
import { sealS3ecV2 } from '../../src/envelope/s3ec/v2.ts';
import { sealS3ecV3 } from '../../src/envelope/s3ec/v3.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import { run } from '../envelope/bytes.ts';
import { goldenObjects } from '../envelope/golden.ts';

const succeeds = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;
const noOpenssl = !succeeds('openssl', 'kdf', '-help');
const noPython = !succeeds('python3', '-c', 'import cryptography');

const document = readFileSync(new URL('../../docs/format.md', import.meta.url), 'utf8');

/** A command of the document, word for word. */
function snippet(name: string): string {
  const [, code] = new RegExp(`<!-- tested: ${name} -->\\n\`\`\`\\w+\\n([^\`]+)\`\`\``).exec(document) ?? [];
  if (code === undefined) throw new Error(`docs/format.md has no tested command ${name}`);
  return code;
}

const directory = mkdtempSync(join(tmpdir(), 'break-glass-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => {
  rmSync(join(directory, 'call.wav'), { force: true });
});

const PATH = process.env['PATH'] ?? '';
const shell = (name: string, env: Record<string, string>) =>
  execFileSync('sh', ['-eu', '-c', snippet(name)], {
    cwd: directory,
    env: { PATH, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
const put = (body: Uint8Array) => writeFileSync(join(directory, 'call.enc'), body);
const taken = () => readFileSync(join(directory, 'call.wav'));

const staticKey = randomBytes(32);
const aesKey = randomBytes(32);
const pem = goldenObjects.find((golden) => golden.rsaPrivateKeyPem)?.rsaPrivateKeyPem ?? '';
const rsaKey = createPrivateKey(pem);
writeFileSync(join(directory, 'private.pem'), pem, { mode: 0o600 });

const wraps: readonly (readonly [string, KeyWrapper, string, Record<string, string>])[] = [
  [
    'AES',
    createAesWrapper({ kid: 'k1', key: aesKey }),
    'unwrap-aes',
    { WRAPPING_KEY: aesKey.toString('hex') },
  ],
  ['RSA', createRsaWrapper(createPublicKey(rsaKey)), 'unwrap-rsa', {}],
];
const sizes = [0, 1, 15, 16, 17, 65_535, 65_536, 65_537];

describe.skipIf(noOpenssl)('the commands of docs/format.md, with openssl [needs: openssl 3]', () => {
  it.each(sizes)('decrypt a static-gcm object of %i bytes', async (size) => {
    const plaintext = randomBytes(size);
    const sealer = await createStaticEnvelope(staticKey).seal({ recordingId: 'r', conversationId: 'c' });
    put(run(sealer, [plaintext]));
    shell('no-derivation', { KEY: staticKey.toString('hex'), IV: sealer.metadata['iv'] ?? '' });
    expect(taken().equals(plaintext)).toBe(true);
  });

  describe.each(wraps)('after an %s unwrap', (_name, wrapper, unwrap, keys) => {
    it.each(sizes)('decrypt an s3ec-v2 object of %i bytes', async (size) => {
      const plaintext = randomBytes(size);
      const sealer = await sealS3ecV2(wrapper, {});
      put(run(sealer, [plaintext]));
      const KEY = shell(unwrap, { WRAPPED: sealer.metadata['x-amz-key-v2'] ?? '', ...keys });
      shell('no-derivation', { KEY, IV: sealer.metadata['x-amz-iv'] ?? '' });
      expect(taken().equals(plaintext)).toBe(true);
    });

    it.each(sizes)('decrypt an s3ec-v3 object of %i bytes', async (size) => {
      const plaintext = randomBytes(size);
      const sealer = await sealS3ecV3(wrapper, {});
      put(run(sealer, [plaintext]));
      const KEY = shell(unwrap, { WRAPPED: sealer.metadata['x-amz-3'] ?? '', ...keys });
      const MESSAGE_ID = sealer.metadata['x-amz-i'] ?? '';
      shell('with-derivation', { KEY, MESSAGE_ID, COMMITMENT: sealer.metadata['x-amz-d'] ?? '' });
      expect(taken().equals(plaintext)).toBe(true);
    });
  });

  it('refuse a data key the object does not commit to', async () => {
    const sealer = await sealS3ecV3(createAesWrapper({ kid: 'k1', key: aesKey }), {});
    put(run(sealer, [randomBytes(100)]));
    const MESSAGE_ID = sealer.metadata['x-amz-i'] ?? '';
    const COMMITMENT = sealer.metadata['x-amz-d'] ?? '';
    const KEY = randomBytes(32).toString('hex');
    expect(() => shell('with-derivation', { KEY, MESSAGE_ID, COMMITMENT })).toThrow('does not belong');
    expect(taken).toThrow('ENOENT');
  });

  it('read what AWS’s Python client wrote', () => {
    for (const { format, metadata, ciphertext_b64, plaintext_b64, dataKeyHex } of goldenObjects) {
      if (format !== 'V3') continue;
      put(Buffer.from(ciphertext_b64, 'base64'));
      const MESSAGE_ID = metadata['x-amz-i'] ?? '';
      shell('with-derivation', { KEY: dataKeyHex, MESSAGE_ID, COMMITMENT: metadata['x-amz-d'] ?? '' });
      expect(taken().toString('base64')).toBe(plaintext_b64);
    }
  });
});

describe.skipIf(noPython)('the program of docs/format.md [needs: python3 with cryptography]', () => {
  const python = (env: Record<string, string>) =>
    spawnSync('python3', ['-c', snippet('verified')], {
      cwd: directory,
      env: { PATH, ...env },
      encoding: 'utf8',
    });

  it('verifies and decrypts static-gcm, and refuses a changed object', async () => {
    const plaintext = randomBytes(1000);
    const sealer = await createStaticEnvelope(staticKey).seal({ recordingId: 'r', conversationId: 'c' });
    const body = run(sealer, [plaintext]);
    put(body);
    const env = { KEY: staticKey.toString('hex'), NONCE: sealer.metadata['iv'] ?? '' };
    expect(python(env).status).toBe(0);
    expect(taken().equals(plaintext)).toBe(true);
    body[500] = (body[500] ?? 0) ^ 1;
    put(body);
    expect(python(env).stderr).toContain('InvalidTag');
  });

  it('verifies and decrypts s3ec-v3, and refuses a changed object', async () => {
    const plaintext = randomBytes(1000);
    const dataKeys: string[] = [];
    const wrapper = createAesWrapper({ kid: 'k1', key: aesKey });
    const watched: KeyWrapper = {
      ...wrapper,
      async generate(...given) {
        const dataKey = await wrapper.generate(...given);
        dataKeys.push(Buffer.from(dataKey.plaintext).toString('hex'));
        return dataKey;
      },
    };
    const sealer = await sealS3ecV3(watched, {});
    const body = run(sealer, [plaintext]);
    put(body);
    const env = { KEY: dataKeys[0] ?? '', MESSAGE_ID: sealer.metadata['x-amz-i'] ?? '' };
    expect(python(env).status).toBe(0);
    expect(taken().equals(plaintext)).toBe(true);
    put(body.subarray(0, -1));
    expect(python(env).stderr).toContain('InvalidTag');
  });
});
