import { createPublicKey, verify } from 'node:crypto';
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetPublicKeyCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  type SignCommandInput,
} from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { createClient, refusalOf, startEndpoint, temporaryDirectory } from './kms-fixture.ts';

const ED25519 = { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' } as const;

async function start() {
  const kms = await startEndpoint();
  const client = createClient(kms.url);
  const { KeyMetadata } = await client.send(new CreateKeyCommand(ED25519));
  const KeyId = KeyMetadata?.KeyId ?? '';
  const sign = (more: Partial<SignCommandInput> = {}) =>
    client.send(
      new SignCommand({
        KeyId,
        Message: Buffer.from('message'),
        MessageType: 'RAW',
        SigningAlgorithm: 'ED25519_SHA_512',
        ...more,
      }),
    );
  return { client, KeyId, sign };
}

describe('an Ed25519 key of the simulated KMS', () => {
  it('signs as RFC 8032 says, and shows its public half as RFC 8410 does', async () => {
    const { client, KeyId, sign } = await start();
    const { PublicKey = new Uint8Array(), ...shown } = await client.send(new GetPublicKeyCommand({ KeyId }));
    expect([PublicKey.length, shown]).toMatchObject([
      44,
      { ...ED25519, SigningAlgorithms: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'] },
    ]);
    const key = createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
    const { Signature = new Uint8Array(), SigningAlgorithm } = await sign();
    expect([Signature.length, SigningAlgorithm]).toEqual([64, 'ED25519_SHA_512']);
    expect(verify(null, Buffer.from('message'), key, Signature)).toBe(true);
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }));
    expect(KeyMetadata).toMatchObject(ED25519);
    expect(KeyMetadata).not.toHaveProperty('EncryptionAlgorithms');
  });

  it('has to be made for signing', async () => {
    const { client } = await start();
    const { KeySpec, KeyUsage } = ED25519;
    expect(await refusalOf(client.send(new CreateKeyCommand({ KeySpec })))).toBe('ValidationException');
    expect(await refusalOf(client.send(new CreateKeyCommand({ KeyUsage })))).toBe('ValidationException');
  });

  it.each<[string, Partial<SignCommandInput>, string]>([
    ['a digest with the algorithm for messages', { MessageType: 'DIGEST' }, 'ValidationException'],
    ['an algorithm of other keys', { SigningAlgorithm: 'ECDSA_SHA_256' }, 'InvalidKeyUsageException'],
    ['more than 4,096 bytes', { Message: Buffer.alloc(4097) }, 'ValidationException'],
    ['nothing', { Message: Buffer.alloc(0) }, 'ValidationException'],
  ])('refuses %s', async (_what, more, name) => {
    const { sign } = await start();
    expect(await refusalOf(sign(more))).toBe(name);
  });

  it('neither encrypts nor makes data keys, and a key that does, does not sign', async () => {
    const { client, KeyId, sign } = await start();
    const encrypt = new EncryptCommand({ KeyId, Plaintext: Buffer.from('x') });
    expect(await refusalOf(client.send(encrypt))).toBe('InvalidKeyUsageException');
    const generate = new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' });
    expect(await refusalOf(client.send(generate))).toBe('InvalidKeyUsageException');
    expect(await refusalOf(sign({ KeyId: 'alias/recordings' }))).toBe('InvalidKeyUsageException');
  });

  it('signs nothing while it is disabled or waits for deletion, and is there again after a restart', async () => {
    const { client, KeyId, sign } = await start();
    await client.send(new DisableKeyCommand({ KeyId }));
    expect(await refusalOf(sign())).toBe('DisabledException');
    await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    expect(await refusalOf(sign())).toBe('KMSInvalidStateException');
    const dir = await temporaryDirectory();
    const first = createClient((await startEndpoint({ dir })).url);
    const { KeyMetadata } = await first.send(new CreateKeyCommand(ED25519));
    const shown = async (from: typeof first) =>
      (await from.send(new GetPublicKeyCommand({ KeyId: KeyMetadata?.KeyId ?? '' }))).PublicKey;
    const second = createClient((await startEndpoint({ dir })).url);
    expect(await shown(second)).toEqual(await shown(first));
  });
});
