import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createAwsClients } from '../../../src/stack/aws-clients.ts';
import { checkSigningKey } from '../../../src/stack/checks/key.ts';
import { readStack } from '../../../src/stack/read-stack.ts';
import { type FakeAws, startFakeAws } from '../fake-aws.ts';
import { describeSoundStack } from '../sound-stack.ts';

const ARN = 'arn:aws:kms:eu-central-1:123456789012:key/9999abcd-12ab-34cd-56ef-1234567890ab';
const SOUND = { KeyId: ARN, KeyState: 'Enabled', KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' };

async function start() {
  const aws: FakeAws = await startFakeAws();
  for (const [name, value] of Object.entries(aws.env)) vi.stubEnv(name, value);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await aws.close();
  });
  const clients = createAwsClients('eu-central-1');
  onTestFinished(() => clients.close());
  return { aws, clients };
}

describe('doctor --stack, of a signing key in KMS', () => {
  it.each([
    ['is sound', {}, 'ok', undefined],
    ['is disabled', { KeyState: 'Disabled' }, 'fail', `aws kms enable-key --key-id ${ARN}`],
    [
      'waits for deletion',
      { KeyState: 'PendingDeletion' },
      'fail',
      `aws kms cancel-key-deletion --key-id ${ARN} && aws kms enable-key --key-id ${ARN}`,
    ],
    ['is of another kind', { KeySpec: 'ECC_NIST_P256' }, 'fail', 'deploy the stack again: npx cdk deploy'],
    ['is for another usage', { KeyUsage: 'KEY_AGREEMENT' }, 'fail', 'deploy the stack again: npx cdk deploy'],
  ])('%s', async (_what, facts, status, fix) => {
    const { aws, clients } = await start();
    aws.answers.set('kms:DescribeKey', { KeyMetadata: { ...SOUND, ...facts } });
    const [finding] = await checkSigningKey(clients, ARN, new AbortController().signal);
    expect([finding?.name, finding?.status, finding?.fix]).toEqual(['signing-key', status, fix]);
  });

  it('a stack that has the key lacks no secret for it, and one that has neither lacks the secret', async () => {
    const { aws, clients } = await start();
    const lacking = async (more: readonly { OutputKey: string; OutputValue: string }[]) => {
      describeSoundStack(aws);
      const { Stacks } = aws.answers.get('cloudformation:DescribeStacks') as {
        Stacks: { Outputs: { OutputKey: string }[] }[];
      };
      const Outputs = (Stacks[0]?.Outputs ?? []).filter(
        ({ OutputKey }) => OutputKey !== 'SigningKeySecretArn',
      );
      aws.answers.set('cloudformation:DescribeStacks', {
        Stacks: [{ ...Stacks[0], Outputs: [...Outputs, ...more] }],
      });
      const { findings } = await readStack(clients, 'GenesysMediaArchive', new AbortController().signal);
      return findings.filter(({ status }) => status === 'fail').map(({ detail }) => detail);
    };
    expect(await lacking([{ OutputKey: 'SigningKeyArn', OutputValue: ARN }])).toEqual([]);
    expect(await lacking([])).toEqual(['it lacks the outputs SigningKeySecretArn']);
  });
});
