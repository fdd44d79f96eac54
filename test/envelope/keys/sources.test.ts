import { createPrivateKey, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { checkKeys, type KeyCheck } from '../../../src/envelope/keys/check-keys.ts';
import { writeKeyringFile } from '../../../src/envelope/keys/files.ts';
import { addKey } from '../../../src/envelope/keys/keyring.ts';
import {
  chooseWrap,
  type KeySources,
  openEnvelope,
  openEnvelopeReader,
  openUnwrappers,
  openWrap,
  type Writing,
} from '../../../src/envelope/keys/sources.ts';
import { rsaKeyId } from '../../../src/envelope/raw-wrap.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { type KmsOptions, startKms } from '../../../packages/simulator/src/kms/kms.ts';
import { fastClock } from '../../fast-clock.ts';
import { recordingLogger } from '../../recording-logger.ts';
import { failureOf, rejectionOf, run } from '../bytes.ts';
import { otherPair3072, pair2048, pair3072 as pair } from '../rsa-pairs.ts';

const ids = { recordingId: 'r-1', conversationId: 'c-1' };
const context = { clock: fastClock(), logger: recordingLogger() };

let dir: string;
let sources: Required<Omit<KeySources, 'kmsKeyId' | 'organizationId' | 'proxies'>>;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sources-'));
  const [keyringFile, publicKeyFile, privateKeyFile] = ['keyring', 'public', 'private'].map((name) =>
    join(dir, name),
  ) as [string, string, string];
  await writeKeyringFile(keyringFile, addKey(addKey(undefined, 'old'), 'new'));
  await writeFile(publicKeyFile, pair.publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(privateKeyFile, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  sources = { staticKey: randomBytes(32), keyringFile, publicKeyFile, privateKeyFile };
});
afterAll(() => rm(dir, { recursive: true }));

/** Points the AWS SDK of this process at a KMS of its own. */
async function useKms(options: KmsOptions = {}) {
  const kms = await startKms(options);
  for (const [name, value] of Object.entries(kms.environment())) vi.stubEnv(name, value);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await kms.close();
  });
  return kms;
}

async function seal(writing: Writing, from: KeySources) {
  const sealer = await (await openEnvelope(writing, from, context)).seal(ids);
  const body = run(sealer, [Buffer.from('a call')]);
  return { body, stat: { key: 'k', metadata: sealer.metadata, size: body.length } };
}

describe('sources of keys', () => {
  const writings: readonly Writing[] = [
    { mode: 'static', format: 'static-gcm' },
    { mode: 'aes', format: 's3ec-v3' },
    { mode: 'aes', format: 's3ec-v2' },
    { mode: 'rsa', format: 's3ec-v3' },
    { mode: 'rsa', format: 's3ec-v2' },
    { mode: 'kms', format: 's3ec-v3' },
    { mode: 'kms', format: 's3ec-v2' },
  ];

  it.each(writings)('$mode writes $format, and all of them together read it', async (writing) => {
    const kms = await useKms();
    const all = { ...sources, kmsKeyId: 'alias/recordings', organizationId: 'o-1' };
    const { body, stat } = await seal(writing, all);
    expect((await openEnvelope(writing, all, context)).format).toBe(writing.format);
    const reader = await openEnvelopeReader(all, context);
    expect(run(await reader.unseal(stat), [body]).toString()).toBe('a call');
    expect(kms.requests.map(({ operation }) => operation)).toEqual(
      writing.mode === 'kms' ? ['GenerateDataKey', 'Decrypt'] : [],
    );
    const nothing = await openEnvelopeReader({}, context);
    expect((await rejectionOf(nothing.unseal(stat))).code).toBe('DECRYPT_FAILED');
  });

  it('a private key file may hold earlier keys after the one of today, and all of them read', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'private-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const pem = (key: typeof pair.privateKey) => key.export({ type: 'pkcs8', format: 'pem' }).toString();
    const [privateKeyFile, publicKeyFile] = [join(dir, 'private.pem'), join(dir, 'public.pem')];
    await writeFile(privateKeyFile, pem(otherPair3072.privateKey) + pem(pair.privateKey), { mode: 0o600 });
    await writeFile(publicKeyFile, pair.publicKey.export({ type: 'spki', format: 'pem' }));
    const sealer = await (
      await openEnvelope({ mode: 'rsa', format: 's3ec-v3' }, { publicKeyFile }, context)
    ).seal(ids);
    const body = run(sealer, [Buffer.from('for an earlier key')]);
    const reader = await openEnvelopeReader({ privateKeyFile }, context);
    for (const description of [sealer.metadata['x-amz-m'] ?? '', '{}', '{"kid":"rsa-0"}']) {
      const metadata = { ...sealer.metadata, 'x-amz-m': description };
      const unsealer = await reader.unseal({ key: 'k', metadata, size: body.length });
      expect(run(unsealer, [body]).toString()).toBe('for an earlier key');
    }
    await writeFile(privateKeyFile, pem(pair.privateKey).repeat(17));
    expect((await rejectionOf(openEnvelopeReader({ privateKeyFile }, context))).message).toMatch(
      /more than 16/,
    );
  });

  it('the static format is the static key’s, with any other setting', async () => {
    const { stat } = await seal({ mode: 'aes', format: 'static-gcm' }, sources);
    expect(stat.metadata).toHaveProperty('encryption');
  });

  it.each<[Writing, string, string]>([
    [{ mode: 'static', format: 'static-gcm' }, 'the static key is not set', 'ENCRYPTION_KEY_HEX'],
    [{ mode: 'static', format: 's3ec-v3' }, 'the static key is not set', 'ENCRYPTION_KEY_HEX'],
    [{ mode: 'kms', format: 's3ec-v3' }, 'the KMS key is not set', 'ARCHIVE_KMS_KEY_ID'],
    [{ mode: 'aes', format: 's3ec-v3' }, 'the keyring is not set', 'ARCHIVE_KEYRING_FILE'],
    [{ mode: 'rsa', format: 's3ec-v3' }, 'the public key is not set', 'ARCHIVE_PUBLIC_KEY_FILE'],
  ])('%j needs its own source', async (writing, message, variable) => {
    const failure = await rejectionOf(openEnvelope(writing, {}, context));
    expect([failure.code, failure.message, failure.hint]).toEqual([
      'CONFIG_INVALID',
      message,
      `set ${variable}`,
    ]);
  });

  it('KMS needs an organization to bind', async () => {
    await useKms();
    const only = { kmsKeyId: 'alias/recordings' };
    const failure = await rejectionOf(openEnvelope({ mode: 'kms', format: 's3ec-v3' }, only, context));
    expect(failure.code).toBe('CONFIG_INVALID');
  });

  it('a reader is held to its organization', async () => {
    await useKms();
    const own = { kmsKeyId: 'alias/recordings', organizationId: 'o-1' };
    const { stat } = await seal({ mode: 'kms', format: 's3ec-v3' }, own);
    const other = await openEnvelopeReader({ ...own, organizationId: 'o-2' }, context);
    expect((await rejectionOf(other.unseal(stat))).code).toBe('CONTEXT_MISMATCH');
  });
});

describe('the wrapping key to move data keys under', () => {
  const all = { kmsKeyId: 'alias/recordings', keyringFile: 'ring', publicKeyFile: 'public' };
  const problemOf = (word: string | undefined, from: KeySources) => {
    const { code, message, hint } = failureOf(() => chooseWrap(word, from));
    return [code, message, hint];
  };

  it('is the one that is named', () => {
    for (const mode of ['kms', 'aes', 'rsa'] as const) {
      expect(chooseWrap(mode, all)).toEqual({ mode });
      // that its source is not set is said when it is opened
      expect(chooseWrap(mode, {})).toEqual({ mode });
    }
    for (const kmsKeyId of [
      'alias/recordings-2027',
      '1234abcd-12ab-34cd-56ef-1234567890ab',
      'arn:aws:kms:eu-west-1:123456789012:alias/a_b',
      'x'.repeat(2048),
    ]) {
      expect(chooseWrap(`kms:${kmsKeyId}`, {})).toEqual({ mode: 'kms', kmsKeyId });
    }
  });

  it.each(['', 'dsa', 'KMS', 'kms:', 'kms:a b', 'kms:a\n', 'a kms:b', 'aes:k1', `kms:${'x'.repeat(2049)}`])(
    'is not %j',
    (word) => {
      expect(problemOf(word, all)).toEqual([
        'USAGE',
        '--wrap must be kms, kms:KEY, aes or rsa',
        expect.stringContaining('--wrap kms:alias/recordings'),
      ]);
    },
  );

  it('goes without saying when only one is configured', () => {
    expect(chooseWrap(undefined, { kmsKeyId: 'alias/recordings' })).toEqual({ mode: 'kms' });
    expect(chooseWrap(undefined, { keyringFile: 'ring', staticKey: randomBytes(32) })).toEqual({
      mode: 'aes',
    });
    expect(chooseWrap(undefined, { publicKeyFile: 'public', privateKeyFile: 'private' })).toEqual({
      mode: 'rsa',
    });
    expect(problemOf(undefined, { staticKey: randomBytes(32), privateKeyFile: 'private' })).toEqual([
      'CONFIG_INVALID',
      'no wrapping key is configured',
      'set ARCHIVE_KMS_KEY_ID, ARCHIVE_KEYRING_FILE or ARCHIVE_PUBLIC_KEY_FILE',
    ]);
    expect(problemOf(undefined, all)).toEqual([
      'CONFIG_INVALID',
      'several wrapping keys are configured: kms, aes, rsa',
      'name one with --wrap kms, --wrap aes or --wrap rsa',
    ]);
    expect(problemOf(undefined, { ...all, kmsKeyId: undefined })[1]).toMatch(/: aes, rsa$/);
  });

  it('wraps, and of KMS moves data keys within KMS', async () => {
    const kms = await useKms({ aliases: ['alias/recordings', 'alias/next'] });
    const from = { ...sources, kmsKeyId: 'alias/recordings' };
    for (const mode of ['kms', 'aes', 'rsa'] as const) {
      const wrapper = await openWrap({ mode }, from, context);
      const { wrapAlgorithm } = await wrapper.generate('115', {});
      expect(wrapAlgorithm).toBe({ kms: 'kms+context', aes: 'AES/GCM', rsa: 'RSA-OAEP-SHA1' }[mode]);
    }
    const [current, next] = [
      await openWrap({ mode: 'kms' }, from, context),
      await openWrap({ mode: 'kms', kmsKeyId: 'alias/next' }, from, context),
    ];
    const { plaintext: _, ...edk } = await current.generate('115', { a: 'b' });
    const moved = await next.rewrap?.(edk);
    expect(moved).toMatchObject({ wrapAlgorithm: 'kms+context', description: edk.description });
    expect(await current.rewrap?.(edk)).toBe('own');
    expect(await next.rewrap?.(typeof moved === 'object' ? moved : edk)).toBe('own');
    expect(kms.requests.filter(({ operation }) => operation === 'Decrypt')).toEqual([]);
    // without a configured key nothing says which one they come from
    const unknown = await openWrap({ mode: 'kms', kmsKeyId: 'alias/next' }, {}, context);
    expect(await unknown.rewrap?.(edk)).toBeUndefined();
  });

  it('is undone by what is configured to read, and by nothing else', async () => {
    await useKms();
    const algorithms = async (from: KeySources) =>
      (await openUnwrappers(from, context)).map(({ wrapAlgorithm }) => wrapAlgorithm);
    expect(await algorithms({})).toEqual([]);
    expect(await algorithms({ publicKeyFile: sources.publicKeyFile, staticKey: randomBytes(32) })).toEqual(
      [],
    );
    expect(await algorithms({ ...sources, kmsKeyId: 'alias/recordings' })).toEqual([
      'kms+context',
      'AES/GCM',
      'RSA-OAEP-SHA1',
    ]);
  });
});

describe('checking keys', () => {
  const check = async (from: KeySources) => {
    const results: KeyCheck[] = [];
    for await (const result of checkKeys(from, context, unlimited)) results.push(result);
    return results;
  };
  const codeOf = (ability: KeyCheck['writes']) => (ability instanceof ArchiveError ? ability.code : ability);
  const summary = async (from: KeySources) =>
    (await check(from)).map(({ source, keyId, writes, reads }) => [
      source,
      keyId,
      codeOf(writes),
      codeOf(reads),
    ]);

  it('tells what each is good for, by its name', async () => {
    const rsa = rsaKeyId(pair.publicKey);
    expect(await summary(sources)).toEqual([
      ['static key', 'ENCRYPTION_KEY_HEX', 'ok', 'ok'],
      ['keyring', 'new', 'ok', 'ok'],
      ['public key', rsa, 'ok', undefined],
      ['private key', rsa, undefined, 'ok'],
    ]);
    expect(await summary({})).toEqual([]);
  });

  it('tells a file that cannot be used', async () => {
    const missing = join(dir, 'missing');
    const from = { keyringFile: missing, publicKeyFile: sources.privateKeyFile, privateKeyFile: missing };
    expect(await summary(from)).toEqual([
      ['keyring', missing, 'CONFIG_INVALID', 'CONFIG_INVALID'],
      ['public key', sources.privateKeyFile, 'CONFIG_INVALID', undefined],
      ['private key', missing, undefined, 'CONFIG_INVALID'],
    ]);
  });

  it('a private key that is too short to write with still reads', async () => {
    const file = join(dir, 'short');
    await writeFile(file, pair2048.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    expect(await summary({ privateKeyFile: file })).toEqual([
      ['private key', rsaKeyId(pair2048.publicKey), undefined, 'ok'],
    ]);
  });

  it('tells a private key whose numbers do not belong together', async () => {
    const [own, other] = [pair, otherPair3072].map(({ privateKey }) => privateKey.export({ format: 'jwk' }));
    const broken = createPrivateKey({ key: { ...other, n: own?.n ?? '' }, format: 'jwk' });
    const file = join(dir, 'broken');
    await writeFile(file, broken.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    expect((await summary({ privateKeyFile: file }))[0]?.slice(2)).toEqual([undefined, 'DECRYPT_FAILED']);
  });

  it('asks KMS under the context of a recording, whether or not the organization is known', async () => {
    const kms = await useKms();
    for (const organizationId of [undefined, 'o-1']) {
      expect(await summary({ kmsKeyId: 'alias/recordings', organizationId })).toEqual([
        ['KMS key', 'alias/recordings', 'ok', 'ok'],
      ]);
    }
    const names = ['aws:x-amz-cek-alg', 'conversation-id', 'genesys-cloud-organization-id', 'recording-id'];
    expect(kms.requests.map(({ contextNames }) => contextNames)).toEqual([names, names, names, names]);
  });

  it('tells a KMS that gives another key back than it gave out', async () => {
    const answers: Buffer[] = [];
    const keyId = 'arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const server = createServer((request, response) => {
      const answer = answers.shift()?.toString('base64');
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      request.resume().on('end', () => {
        response.end(JSON.stringify({ Plaintext: answer, CiphertextBlob: answer, KeyId: keyId }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    await useKms();
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const given = randomBytes(32);
    for (const [back, reads] of [
      [given, 'ok'],
      [randomBytes(32), 'DECRYPT_FAILED'],
      [given.subarray(0, 31), 'DECRYPT_FAILED'],
    ] as const) {
      answers.push(given, back);
      expect(await summary({ kmsKeyId: 'alias/recordings' })).toEqual([
        ['KMS key', 'alias/recordings', 'ok', reads],
      ]);
    }
  });

  it('tells a KMS writer from one that reads too, and from one that can do neither', async () => {
    const kms = await useKms();
    const from = { kmsKeyId: 'alias/recordings', organizationId: 'o-1' };
    expect(await summary(from)).toEqual([['KMS key', 'alias/recordings', 'ok', 'ok']]);
    expect(kms.requests.map(({ operation }) => operation)).toEqual(['GenerateDataKey', 'Decrypt']);
    const forbid = (operation: 'Decrypt' | 'GenerateDataKey') =>
      kms.faults.add({ operation, fault: { kind: 'error', code: 'AccessDeniedException' } });
    forbid('Decrypt');
    expect(await summary(from)).toEqual([['KMS key', 'alias/recordings', 'ok', 'KMS_DENIED']]);
    forbid('GenerateDataKey');
    expect(await summary(from)).toEqual([['KMS key', 'alias/recordings', 'KMS_DENIED', 'KMS_DENIED']]);
    expect(kms.requests).toHaveLength(5);
  });
});
