import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

export interface ServiceKeyUsers {
  /** The role of the function, which opens messages and secrets, and nothing else with it. */
  readonly writer: iam.IRole;
  /** Roles that read the secret of the signing key, and nothing else with it. */
  readonly signers: readonly iam.IRole[];
}

/** The key of everything but the recordings: queues, logs, secrets and the topic. It stays when the stack is deleted, as the logs do. */
export function createServiceKey(
  scope: Construct,
  id: string,
  { writer, signers }: ServiceKeyUsers,
): kms.Key {
  const { account, partition, region, urlSuffix } = Stack.of(scope);
  const key = new kms.Key(scope, id, {
    description: 'Encrypts queues, logs, secrets and the topic of the archive',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const allow = (
    sid: string,
    principal: iam.IPrincipal,
    actions: string[],
    conditions: Record<string, object>,
  ) =>
    key.addToResourcePolicy(
      new iam.PolicyStatement({
        sid,
        principals: [principal],
        actions,
        resources: ['*'],
        conditions,
      }),
    );
  const ofThisAccount = { StringEquals: { 'aws:SourceAccount': account } };
  // rules put events into queues, alarms into the topic: each encrypts what it sends
  for (const [sid, service] of [
    ['SendEvents', 'events.amazonaws.com'],
    ['SendAlarms', 'cloudwatch.amazonaws.com'],
  ] as const) {
    allow(sid, new iam.ServicePrincipal(service), ['kms:Decrypt', 'kms:GenerateDataKey'], ofThisAccount);
  }
  allow(
    'EncryptLogs',
    new iam.ServicePrincipal(`logs.${region}.${urlSuffix}`),
    ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
    {
      ArnLike: {
        'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*`,
      },
    },
  );
  const services = ['sqs', 'secretsmanager'].map((service) => `${service}.${region}.${urlSuffix}`);
  allow('OpenMessagesAndSecrets', writer, ['kms:Decrypt', 'kms:GenerateDataKey'], {
    StringEquals: { 'kms:ViaService': services },
  });
  for (const signer of signers) {
    allow(`OpenSigningKey${signer.node.id}`, signer, ['kms:Decrypt'], {
      StringEquals: { 'kms:ViaService': services.filter((service) => service.startsWith('secretsmanager.')) },
    });
  }
  return key;
}
