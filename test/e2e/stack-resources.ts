import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import type { ArchiveResources } from '../../infra/access/policies.ts';
import { ORGANIZATION, type World } from './lambda-function.ts';

/** What a stack has whose bucket and key are those of a world, for comparing its roles with what was asked. */
export async function resourcesOf(
  world: World,
  others: Partial<ArchiveResources> = {},
): Promise<ArchiveResources & { readonly keyArn: string }> {
  return {
    bucketArn: 'arn:aws:s3:::recordings',
    bucketName: 'recordings',
    keyArn: await keyArnOf(world),
    organizationId: ORGANIZATION,
    queueArn: 'queue',
    deadLetterQueueArn: 'dead-letters',
    logGroupArn: 'logs',
    secretArns: [],
    ...others,
  };
}

/** The key behind the world's alias: grants name keys, not aliases. */
async function keyArnOf(world: World): Promise<string> {
  const kms = new KMSClient({
    endpoint: world.simulator.kms?.url ?? '',
    region: 'us-east-1',
    credentials: { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' },
  });
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/recordings' }));
  kms.destroy();
  return KeyMetadata?.Arn ?? '';
}
