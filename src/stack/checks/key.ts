import type { AwsClients } from '../aws-clients.ts';
import { fail, type Diagnosis, ok, warn } from '../diagnosis.ts';

/** The key that wraps every data key. Throws what the SDK throws. */
export async function checkKeyState(
  clients: AwsClients,
  keyArn: string,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const name = 'key';
  const { DescribeKeyCommand } = await import('@aws-sdk/client-kms');
  const client = await clients.kms();
  const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: keyArn }), {
    abortSignal: signal,
  });
  const { KeyState = 'unknown', KeySpec = 'unknown', DeletionDate } = KeyMetadata ?? {};
  if (KeyState === 'PendingDeletion') {
    const when = DeletionDate === undefined ? '' : ` on ${DeletionDate.toISOString().slice(0, 10)}`;
    return [
      fail(
        name,
        `the key will be deleted${when}, and every recording under it lost permanently`,
        `aws kms cancel-key-deletion --key-id ${keyArn} && aws kms enable-key --key-id ${keyArn}`,
        'KMS_KEY_UNUSABLE',
      ),
    ];
  }
  if (KeyState !== 'Enabled') {
    return [
      fail(
        name,
        `the key is ${KeyState}: nothing is archived or read`,
        `aws kms enable-key --key-id ${keyArn}`,
        'KMS_KEY_UNUSABLE',
      ),
    ];
  }
  if (KeySpec !== 'SYMMETRIC_DEFAULT') {
    return [
      fail(
        name,
        `the key is ${KeySpec}; data keys need SYMMETRIC_DEFAULT`,
        'deploy the stack again: npx cdk deploy',
        'KMS_KEY_UNUSABLE',
      ),
    ];
  }
  return [ok(name, 'the KMS key is enabled')];
}

/** The key that signs receipts, where it is in KMS. Throws what the SDK throws. */
export async function checkSigningKey(
  clients: AwsClients,
  keyArn: string,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const name = 'signing-key';
  const { DescribeKeyCommand } = await import('@aws-sdk/client-kms');
  const client = await clients.kms();
  const { KeyMetadata = {} } = await client.send(new DescribeKeyCommand({ KeyId: keyArn }), {
    abortSignal: signal,
  });
  const {
    KeyState = 'unknown',
    KeySpec = 'unknown',
    KeyUsage = 'unknown',
  } = KeyMetadata as Partial<KeyFacts>;
  if (KeyState !== 'Enabled') {
    const cancel = KeyState === 'PendingDeletion' ? `aws kms cancel-key-deletion --key-id ${keyArn} && ` : '';
    return [
      fail(
        name,
        `the key that signs receipts is ${KeyState}: nothing is archived`,
        `${cancel}aws kms enable-key --key-id ${keyArn}`,
        'KMS_KEY_UNUSABLE',
      ),
    ];
  }
  if (KeySpec !== 'ECC_NIST_EDWARDS25519' || KeyUsage !== 'SIGN_VERIFY') {
    return [
      fail(
        name,
        `the key is ${KeySpec} for ${KeyUsage}; receipts need ECC_NIST_EDWARDS25519 for SIGN_VERIFY`,
        'deploy the stack again: npx cdk deploy',
        'KMS_KEY_UNUSABLE',
      ),
    ];
  }
  return [ok(name, 'receipts are signed with a KMS key, and it is enabled')];
}

interface KeyFacts {
  readonly KeyState: string;
  readonly KeySpec: string;
  readonly KeyUsage: string;
}

/** Throws what the SDK throws. */
export async function checkKeyRotation(
  clients: AwsClients,
  keyArn: string,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const name = 'key-rotation';
  const { GetKeyRotationStatusCommand } = await import('@aws-sdk/client-kms');
  const client = await clients.kms();
  const { KeyRotationEnabled, RotationPeriodInDays } = await client.send(
    new GetKeyRotationStatusCommand({ KeyId: keyArn }),
    { abortSignal: signal },
  );
  if (KeyRotationEnabled === true) return [ok(name, `every ${RotationPeriodInDays ?? 365} days`)];
  return [warn(name, 'the key is never rotated', `aws kms enable-key-rotation --key-id ${keyArn}`)];
}
