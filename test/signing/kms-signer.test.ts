import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, verify } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DisableKeyCommand,
  type KeySpec,
  type KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { describe, expect, it, onTestFinished } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { MAX_KMS_MESSAGE_BYTES, openKmsSigner } from '../../src/signing/kms-signer.ts';
import type { KmsErrorCode } from '../../packages/simulator/src/kms/kms.ts';
import { rejectionOf } from '../envelope/bytes.ts';
import { fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';
import { createClient, startEndpoint } from '../simulator/kms-fixture.ts';

const SIGNING = { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' } as const;

function connect(url: string, keyId: string) {
  const logger = recordingLogger();
  const open = openKmsSigner({
    keyId,
    clock: fastClock(),
    logger,
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' },
  });
  return { open, logger };
}

async function createKey(client: KMSClient, spec: KeySpec = SIGNING.KeySpec) {
  const usage = spec === SIGNING.KeySpec ? SIGNING : { KeySpec: spec };
  const { KeyMetadata } = await client.send(new CreateKeyCommand(usage));
  return KeyMetadata?.Arn ?? '';
}

async function start() {
  const kms = await startEndpoint();
  const client = createClient(kms.url);
  const arn = await createKey(client);
  return { kms, client, arn, ...connect(kms.url, arn) };
}

/** A server that answers as KMS does, with whatever it likes. */
async function startImpostor(answers: Readonly<Record<string, (input: Record<string, string>) => object>>) {
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      response.end(JSON.stringify(answers[operation]?.(JSON.parse(text) as Record<string, string>) ?? {}));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ARN = 'arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const spkiOf = (key: KeyObject) => key.export({ type: 'spki', format: 'der' }).toString('base64');

describe('a signing key in KMS', () => {
  it('signs what pure Ed25519 verifies, and asks for its public key once', async () => {
    const { open, kms, arn } = await start();
    const signer = await open(unlimited);
    expect(await open(unlimited)).toBe(signer);
    const raw = signer.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
    expect(signer.keyId).toBe(createHash('sha256').update(raw).digest('hex').slice(0, 16));
    for (const length of [1, 64, MAX_KMS_MESSAGE_BYTES]) {
      const bytes = randomBytes(length);
      expect(verify(null, bytes, signer.publicKey, await signer.sign(bytes))).toBe(true);
    }
    const asked = kms.requests.filter(({ operation }) => operation !== 'CreateKey');
    expect(asked.map(({ operation }) => operation)).toEqual(['GetPublicKey', 'Sign', 'Sign', 'Sign']);
    expect(new Set(asked.map(({ keyId }) => keyId))).toEqual(new Set([arn]));
  });

  it('makes no request before it is needed', async () => {
    const { kms } = await start();
    expect(kms.requests.filter(({ operation }) => operation !== 'CreateKey')).toEqual([]);
  });

  it('follows an alias once: one that is moved later does not exchange the key of a process', async () => {
    const { kms, client, arn } = await start();
    await client.send(new CreateAliasCommand({ AliasName: 'alias/receipts', TargetKeyId: arn }));
    const { open } = connect(kms.url, 'alias/receipts');
    const signer = await open(unlimited);
    await signer.sign(Buffer.from('one'));
    expect(kms.requests.slice(-2)).toMatchObject([
      { operation: 'GetPublicKey', keyId: 'alias/receipts' },
      { operation: 'Sign', keyId: arn },
    ]);
  });

  it('refuses a message of more than 4,096 bytes without asking', async () => {
    const { open, kms } = await start();
    const signer = await open(unlimited);
    const error = await rejectionOf(signer.sign(Buffer.alloc(MAX_KMS_MESSAGE_BYTES + 1)));
    expect([error.code, error.retryable]).toEqual(['CONFIG_INVALID', false]);
    expect(error.message).toContain('4097 bytes');
    expect(kms.requests.at(-1)?.operation).toBe('GetPublicKey');
  });

  it.each<KeySpec>(['SYMMETRIC_DEFAULT', 'RSA_2048'])('refuses a key of the spec %s', async (spec) => {
    const { kms, client } = await start();
    const { open } = connect(kms.url, await createKey(client, spec));
    const error = await rejectionOf(open(unlimited));
    expect([error.code, error.retryable]).toEqual(['KMS_KEY_UNUSABLE', false]);
    expect(error.hint).toContain('ECC_NIST_EDWARDS25519');
  });

  it('says of a key that is disabled, waits for deletion or does not exist what to do', async () => {
    const { open, client, arn, kms } = await start();
    await client.send(new DisableKeyCommand({ KeyId: arn }));
    expect((await rejectionOf(open(unlimited))).hint).toContain('enable-key');
    const other = await createKey(client);
    const waiting = connect(kms.url, other);
    const signer = await waiting.open(unlimited);
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: other, PendingWindowInDays: 7 }));
    expect((await rejectionOf(signer.sign(Buffer.from('x')))).hint).toContain('cancel-key-deletion');
    const absent = await rejectionOf(connect(kms.url, ARN).open(unlimited));
    expect([absent.code, absent.hint]).toEqual([
      'KMS_KEY_UNUSABLE',
      expect.stringContaining('check ARCHIVE_SIGNING_KMS_KEY_ID'),
    ]);
  });

  it.each<[KmsErrorCode, ErrorCode]>([
    ['ThrottlingException', 'KMS_THROTTLED'],
    ['KMSInternalException', 'KMS_UNAVAILABLE'],
    ['DependencyTimeoutException', 'KMS_UNAVAILABLE'],
    ['KeyUnavailableException', 'KMS_UNAVAILABLE'],
  ])('waits %s out, and is retryable in the end', async (fault, code) => {
    const { open, kms } = await start();
    kms.faults.add({ fault: { kind: 'error', code: fault }, operation: 'GetPublicKey', times: 3 });
    kms.faults.add({ fault: { kind: 'error', code: fault }, operation: 'Sign', times: 3 });
    const signer = await open(unlimited);
    await signer.sign(Buffer.from('x'));
    kms.faults.add({ fault: { kind: 'error', code: fault }, times: Infinity });
    const error = await rejectionOf(signer.sign(Buffer.from('x')));
    expect([error.code, error.retryable]).toEqual([code, true]);
  });

  it('asks again for a public key that it did not get', async () => {
    const { open, kms } = await start();
    kms.faults.add({ fault: { kind: 'error', code: 'AccessDeniedException' } });
    const error = await rejectionOf(open(unlimited));
    expect([error.code, error.hint]).toEqual(['KMS_DENIED', 'the role needs kms:GetPublicKey on the key']);
    expect((await open(unlimited)).keyId).toMatch(/^[0-9a-f]{16}$/);
    kms.faults.add({ fault: { kind: 'error', code: 'AccessDeniedException' } });
    const denied = await rejectionOf((await open(unlimited)).sign(Buffer.from('x')));
    expect([denied.code, denied.retryable, denied.hint]).toEqual([
      'KMS_DENIED',
      false,
      'the role needs kms:Sign on the key',
    ]);
  });

  it('prints neither the message nor the signature', async () => {
    const { open, kms, logger } = await start();
    const signer = await open(unlimited);
    kms.faults.add({ fault: { kind: 'error', code: 'AccessDeniedException' } });
    const message = Buffer.from('canary-recording-id');
    const error = await rejectionOf(signer.sign(message));
    const shown = inspect([error, error.toString(), logger], { depth: 12, showHidden: true });
    expect(shown).not.toContain('canary-recording-id');
    expect(shown).not.toContain(message.toString('base64'));
  });
});

describe('what answers in the place of KMS', () => {
  const pair = generateKeyPairSync('ed25519');
  const other = generateKeyPairSync('ed25519');
  const getPublicKey =
    (spki: string, usage = 'SIGN_VERIFY') =>
    () => ({
      KeyId: ARN,
      KeySpec: 'ECC_NIST_EDWARDS25519',
      KeyUsage: usage,
      PublicKey: spki,
      SigningAlgorithms: ['ED25519_SHA_512'],
    });
  const signed =
    (by: typeof pair, change: (signature: Buffer) => Buffer = (same) => same, KeyId = ARN) =>
    ({ Message = '' }: Record<string, string>) => ({
      KeyId,
      SigningAlgorithm: 'ED25519_SHA_512',
      Signature: change(sign(null, Buffer.from(Message, 'base64'), by.privateKey)).toString('base64'),
    });
  const own = spkiOf(pair.publicKey);

  it.each([
    [
      'a P-521 key under the name of Ed25519',
      spkiOf(generateKeyPairSync('ec', { namedCurve: 'P-521' }).publicKey),
      'SIGN_VERIFY',
    ],
    ['an Ed448 key', spkiOf(generateKeyPairSync('ed448').publicKey), 'SIGN_VERIFY'],
    [
      'an X25519 key, which has the same length',
      spkiOf(generateKeyPairSync('x25519').publicKey),
      'SIGN_VERIFY',
    ],
    [
      '32 bytes without their algorithm',
      Buffer.from(own, 'base64').subarray(-32).toString('base64'),
      'SIGN_VERIFY',
    ],
    [
      'a key and one byte more',
      Buffer.concat([Buffer.from(own, 'base64'), Buffer.alloc(1)]).toString('base64'),
      'SIGN_VERIFY',
    ],
    ['a key for another usage', own, 'KEY_AGREEMENT'],
  ])('is refused with %s', async (_what, spki, usage) => {
    const url = await startImpostor({ GetPublicKey: getPublicKey(spki, usage) });
    const error = await rejectionOf(connect(url, ARN).open(unlimited));
    expect([error.code, error.retryable]).toEqual(['KMS_KEY_UNUSABLE', false]);
  });

  it.each<[string, (input: Record<string, string>) => object, ErrorCode]>([
    ['of another key', signed(other), 'KMS_KEY_UNUSABLE'],
    [
      'with one bit changed',
      signed(pair, (signature) => {
        signature[10] = (signature[10] ?? 0) ^ 1;
        return signature;
      }),
      'KMS_KEY_UNUSABLE',
    ],
    ['that is too short', signed(pair, (signature) => signature.subarray(0, 63)), 'KMS_KEY_UNUSABLE'],
    ['over other bytes', () => signed(pair)({ Message: 'b3RoZXI=' }), 'KMS_KEY_UNUSABLE'],
    [
      'that is said to be of another key',
      signed(pair, undefined, ARN.replace('1234abcd', '9999abcd')),
      'KMS_UNAVAILABLE',
    ],
    ['that is missing', () => ({ KeyId: ARN }), 'KMS_UNAVAILABLE'],
  ])('is refused with a signature %s', async (_what, answer, code) => {
    const url = await startImpostor({ GetPublicKey: getPublicKey(own), Sign: answer });
    const signer = await connect(url, ARN).open(unlimited);
    const error = await rejectionOf(signer.sign(Buffer.from('receipt')));
    expect(error.code).toBe(code);
  });

  it('is asked for pure Ed25519 of the message itself', async () => {
    const seen: Record<string, string>[] = [];
    const url = await startImpostor({
      GetPublicKey: getPublicKey(own),
      Sign: (input) => {
        seen.push(input);
        return signed(pair)(input);
      },
    });
    const signer = await connect(url, ARN).open(unlimited);
    await signer.sign(Buffer.from('receipt'));
    expect(seen).toEqual([
      {
        KeyId: ARN,
        Message: Buffer.from('receipt').toString('base64'),
        MessageType: 'RAW',
        SigningAlgorithm: 'ED25519_SHA_512',
      },
    ]);
  });
});
