import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto';
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetPublicKeyCommand,
  type KeySpec,
  type KMSClient,
  ListAliasesCommand,
  ListKeysCommand,
  ReEncryptCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { describe, expect, it } from 'vitest';
import { refusalOf } from './kms-fixture.ts';

const context = { 'recording-id': 'r-1', 'conversation-id': 'c-1' };
const sameContext = { 'conversation-id': 'c-1', 'recording-id': 'r-1' };

/** What any KMS does, ours and others': run with the AWS SDK against each. */
const steps: Readonly<Record<string, (client: KMSClient) => Promise<void>>> = {
  'gives a data key of 32 bytes, in clear and wrapped in 184': async (client) => {
    const { KeyId, Arn } = await createKey(client);
    const made = await client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }));
    expect([made.Plaintext?.length, made.CiphertextBlob?.length, made.KeyId]).toEqual([32, 184, Arn]);
    const again = await client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }));
    expect(Buffer.from(again.Plaintext ?? []).equals(made.Plaintext ?? Buffer.alloc(0))).toBe(false);
  },
  'unwraps a data key under the same context, in any order': async (client) => {
    const { KeyId, Arn } = await createKey(client);
    const made = await generate(client, KeyId);
    const { Plaintext, KeyId: by } = await client.send(
      new DecryptCommand({ KeyId, CiphertextBlob: made.CiphertextBlob, EncryptionContext: sameContext }),
    );
    expect([Buffer.from(Plaintext ?? []), by]).toEqual([Buffer.from(made.Plaintext ?? []), Arn]);
  },
  'finds the key by itself when none is named': async (client) => {
    const { KeyId } = await createKey(client);
    const { CiphertextBlob } = await generate(client, KeyId);
    const { Plaintext } = await client.send(
      new DecryptCommand({ CiphertextBlob, EncryptionContext: context }),
    );
    expect(Plaintext).toHaveLength(32);
  },
  'refuses another context, a part of it and more than it': async (client) => {
    const { KeyId } = await createKey(client);
    const { CiphertextBlob } = await generate(client, KeyId);
    const others = [
      undefined,
      { 'recording-id': 'r-1' },
      { ...context, more: 'x' },
      { ...context, 'recording-id': 'r-2' },
      { 'recording-id': 'c-1', 'conversation-id': 'r-1' },
    ];
    for (const EncryptionContext of others) {
      const command = new DecryptCommand({ KeyId, CiphertextBlob, EncryptionContext });
      expect(await refusalOf(client.send(command))).toBe('InvalidCiphertextException');
    }
  },
  'refuses a changed ciphertext': async (client) => {
    const { KeyId } = await createKey(client);
    const { CiphertextBlob } = await generate(client, KeyId);
    const changed = Uint8Array.from(CiphertextBlob ?? []);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    const command = new DecryptCommand({ CiphertextBlob: changed, EncryptionContext: context });
    expect(await refusalOf(client.send(command))).toBe('InvalidCiphertextException');
  },
  'refuses what is no ciphertext of its own': async (client) => {
    const command = new DecryptCommand({ CiphertextBlob: randomBytes(184) });
    expect(await refusalOf(client.send(command))).toBe('InvalidCiphertextException');
  },
  'refuses to unwrap with another key than the one that wrapped': async (client) => {
    const [one, other] = [await createKey(client), await createKey(client)];
    const { CiphertextBlob } = await generate(client, one.KeyId);
    const command = new DecryptCommand({
      KeyId: other.KeyId,
      CiphertextBlob,
      EncryptionContext: context,
    });
    expect(await refusalOf(client.send(command))).toBe('IncorrectKeyException');
  },
  'takes a key by its id, ARN, alias and alias ARN': async (client) => {
    const { KeyId = '', Arn = '' } = await createKey(client);
    const alias = `alias/test-${KeyId}`;
    await client.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: KeyId }));
    const names = [KeyId, Arn, alias, Arn.replace(/key\/.*$/, alias)];
    for (const name of names) {
      const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: name }));
      expect(KeyMetadata).toMatchObject({
        Arn,
        KeyState: 'Enabled',
        KeyUsage: 'ENCRYPT_DECRYPT',
        KeySpec: 'SYMMETRIC_DEFAULT',
      });
    }
    const { Aliases } = await client.send(new ListAliasesCommand({ KeyId }));
    expect(Aliases?.map(({ AliasName }) => AliasName)).toEqual([alias]);
    const { Keys } = await client.send(new ListKeysCommand({}));
    expect(Keys?.map(({ KeyArn }) => KeyArn)).toContain(Arn);
  },
  'does not know keys that do not exist': async (client) => {
    const names = ['00000000-0000-4000-8000-000000000000', 'alias/no-such-key', 'nonsense'];
    for (const KeyId of names) {
      expect(await refusalOf(client.send(new DescribeKeyCommand({ KeyId })))).toBe('NotFoundException');
      const command = new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' });
      expect(await refusalOf(client.send(command))).toBe('NotFoundException');
    }
  },
  'encrypts and decrypts up to 4096 bytes': async (client) => {
    const { KeyId } = await createKey(client);
    const Plaintext = randomBytes(4096);
    const made = await client.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext: context }));
    const read = await client.send(
      new DecryptCommand({ CiphertextBlob: made.CiphertextBlob, EncryptionContext: context }),
    );
    expect(Plaintext.equals(read.Plaintext ?? Buffer.alloc(0))).toBe(true);
    const tooMuch = new EncryptCommand({ KeyId, Plaintext: randomBytes(4097) });
    expect(await refusalOf(client.send(tooMuch))).toBe('ValidationException');
  },
  'moves a data key to another key and context': async (client) => {
    const [one, other] = [await createKey(client), await createKey(client)];
    const made = await generate(client, one.KeyId);
    const moved = await client.send(
      new ReEncryptCommand({
        CiphertextBlob: made.CiphertextBlob,
        SourceKeyId: one.KeyId,
        SourceEncryptionContext: context,
        DestinationKeyId: other.KeyId,
        DestinationEncryptionContext: { moved: 'yes' },
      }),
    );
    expect([moved.SourceKeyId, moved.KeyId]).toEqual([one.Arn, other.Arn]);
    const { Plaintext } = await client.send(
      new DecryptCommand({
        KeyId: other.KeyId,
        CiphertextBlob: moved.CiphertextBlob,
        EncryptionContext: { moved: 'yes' },
      }),
    );
    expect(Buffer.from(Plaintext ?? []).equals(made.Plaintext ?? Buffer.alloc(0))).toBe(true);
  },
  'refuses to use a disabled key, and uses it again once it is enabled': async (client) => {
    const { KeyId } = await createKey(client);
    const { CiphertextBlob } = await generate(client, KeyId);
    await client.send(new DisableKeyCommand({ KeyId }));
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }));
    expect([KeyMetadata?.KeyState, KeyMetadata?.Enabled]).toEqual(['Disabled', false]);
    for (const use of [() => generate(client, KeyId), () => decrypt(client, CiphertextBlob)]) {
      expect(await refusalOf(use())).toBe('DisabledException');
    }
    await client.send(new EnableKeyCommand({ KeyId }));
    expect((await decrypt(client, CiphertextBlob)).Plaintext).toHaveLength(32);
  },
  'refuses to use a key that waits for deletion': async (client) => {
    const { KeyId } = await createKey(client);
    const { CiphertextBlob } = await generate(client, KeyId);
    await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    for (const use of [() => generate(client, KeyId), () => decrypt(client, CiphertextBlob)]) {
      expect(await refusalOf(use())).toBe('KMSInvalidStateException');
    }
  },
  'disables a key whose deletion is called off': async (client) => {
    const { KeyId } = await createKey(client);
    const { CiphertextBlob } = await generate(client, KeyId);
    await client.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    const pending = await client.send(new DescribeKeyCommand({ KeyId }));
    expect(pending.KeyMetadata?.KeyState).toBe('PendingDeletion');
    expect(pending.KeyMetadata?.DeletionDate).toBeInstanceOf(Date);
    await client.send(new CancelKeyDeletionCommand({ KeyId }));
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }));
    expect(KeyMetadata?.KeyState).toBe('Disabled');
    await client.send(new EnableKeyCommand({ KeyId }));
    expect((await decrypt(client, CiphertextBlob)).Plaintext).toHaveLength(32);
  },
  'decrypts what was encrypted for its RSA key elsewhere': async (client) => {
    const { KeyId } = await createKey(client, 'RSA_3072');
    const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId }));
    const secret = randomBytes(32);
    const CiphertextBlob = publicEncrypt(
      {
        key: createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' }),
        padding: constants.RSA_PKCS1_OAEP_PADDING,
        oaepHash: 'sha1',
      },
      secret,
    );
    const { Plaintext } = await client.send(
      new DecryptCommand({ KeyId, CiphertextBlob, EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' }),
    );
    expect(secret.equals(Plaintext ?? Buffer.alloc(0))).toBe(true);
  },
};

async function createKey(client: KMSClient, KeySpec: KeySpec = 'SYMMETRIC_DEFAULT') {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec, KeyUsage: 'ENCRYPT_DECRYPT' }));
  return { KeyId: KeyMetadata?.KeyId, Arn: KeyMetadata?.Arn };
}

const generate = (client: KMSClient, KeyId: string | undefined) =>
  client.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext: context }));

const decrypt = (client: KMSClient, CiphertextBlob: Uint8Array | undefined) =>
  client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: context }));

/** Returns the names of the steps that `client` does not meet. */
export async function failingSteps(client: KMSClient): Promise<string[]> {
  const failing: string[] = [];
  for (const [name, run] of Object.entries(steps)) {
    await run(client).catch(() => failing.push(name));
  }
  return failing;
}

export interface KmsUnderTest {
  /** Steps that this server is known to fail, and why. Each must indeed fail, so that no reason outlives its cause. */
  readonly deviations?: Readonly<Record<string, string>>;
  /** The variable that would have named the server. */
  readonly needs?: string | undefined;
}

/** Registers the scenario. */
export function describeKms(
  name: string,
  connect: () => Promise<KMSClient>,
  { deviations = {}, needs }: KmsUnderTest = {},
): void {
  describe.skipIf(needs !== undefined)(`${name}${needs === undefined ? '' : ` [needs: ${needs}]`}`, () => {
    it('has no deviation that is none of the steps', () => {
      expect(Object.keys(deviations).filter((step) => !(step in steps))).toEqual([]);
    });
    it.each(Object.entries(steps).filter(([step]) => !(step in deviations)))('%s', async (_, run) =>
      run(await connect()),
    );
    it.fails.each(Object.entries(steps).filter(([step]) => step in deviations))(
      '%s [known deviation]',
      async (_, run) => run(await connect()),
    );
  });
}
