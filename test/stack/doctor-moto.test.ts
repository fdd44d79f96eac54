import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, PutMetricAlarmCommand, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { CreateKeyCommand, EnableKeyRotationCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectLockConfigurationCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startBudget, systemClock } from '../../src/clock.ts';
import { deploySettings, METRICS, METRICS_NAMESPACE } from '../../src/config/deploy/settings.ts';
import { silentLogger } from '../../src/log.ts';
import { checkStack } from '../../src/stack/check-stack.ts';
import type { Diagnosis } from '../../src/stack/diagnosis.ts';
import { SETTINGS, soundPolicy } from './sound-stack.ts';

/** An AWS that others wrote: moto, started by `scripts/moto-kms.sh test`. */
const endpoint = process.env['TEST_AWS_ENDPOINT'];

describe.skipIf(endpoint === undefined)('doctor --stack, against moto [needs: TEST_AWS_ENDPOINT]', () => {
  const client = {
    endpoint: endpoint ?? '',
    region: 'eu-central-1',
    credentials: { accessKeyId: 'moto', secretAccessKey: 'moto' },
  };
  const s3 = new S3Client({ ...client, forcePathStyle: true });
  const clients = {
    cloudFormation: new CloudFormationClient(client),
    cloudWatch: new CloudWatchClient(client),
    kms: new KMSClient(client),
    secrets: new SecretsManagerClient(client),
    sqs: new SQSClient(client),
  };
  const id = Math.random().toString(36).slice(2, 10);
  const stackName = `Archive-${id}`;
  const bucket = `archive-${id}`;
  afterAll(() => {
    vi.unstubAllEnvs();
    for (const each of [s3, ...Object.values(clients)]) each.destroy();
  });

  beforeAll(async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'moto');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'moto');
    await makeBucket();
    const { KeyMetadata } = await clients.kms.send(new CreateKeyCommand({}));
    const keyArn = KeyMetadata?.Arn ?? '';
    await clients.kms.send(new EnableKeyRotationCommand({ KeyId: keyArn }));
    const secret = async (name: string, value: string) => {
      const made = await clients.secrets.send(
        new CreateSecretCommand({ Name: `${name}-${id}`, SecretString: value }),
      );
      return made.ARN ?? '';
    };
    const queue = async (name: string, Attributes: Record<string, string>) => {
      const { QueueUrl = '' } = await clients.sqs.send(
        new CreateQueueCommand({ QueueName: `${name}-${id}`, Attributes }),
      );
      const found = await clients.sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
      );
      // as the stack would have it, but on this machine
      return { url: `${endpoint}${new URL(QueueUrl).pathname}`, arn: found.Attributes?.['QueueArn'] ?? '' };
    };
    const deadLetters = await queue('dead', {});
    const events = await queue('events', {
      VisibilityTimeout: '5400',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount: '100' }),
    });
    await clients.cloudWatch.send(
      new PutMetricAlarmCommand({
        AlarmName: `${stackName}-dead-letters`,
        AlarmDescription: 'What to do: docs/runbook.md#dead-letters',
        AlarmActions: ['arn:aws:sns:eu-central-1:123456789012:alarms'],
        ActionsEnabled: true,
        Namespace: 'AWS/SQS',
        MetricName: 'ApproximateNumberOfMessagesVisible',
        Statistic: 'Maximum',
        Period: 300,
        EvaluationPeriods: 1,
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
      }),
    );
    await clients.cloudWatch.send(
      new PutMetricDataCommand({
        Namespace: METRICS_NAMESPACE,
        MetricData: [
          {
            MetricName: METRICS.archived,
            Dimensions: [{ Name: 'service', Value: stackName }],
            Timestamp: new Date(Date.now() - 600_000),
            Value: 3,
          },
        ],
      }),
    );
    const outputs = {
      BucketName: bucket,
      CatalogueBucketName: 'catalogue',
      QueueUrl: events.url,
      DeadLetterQueueUrl: deadLetters.url,
      KeyArn: keyArn,
      CredentialsSecretArn: await secret('credentials', '{"clientId":"client","clientSecret":"canary"}'),
      SigningKeySecretArn: await secret('signing', 'canary'),
      DashboardName: 'dashboard',
      AlarmTopicArn: 'arn:aws:sns:eu-central-1:123456789012:alarms',
      AuditorRoleArn: 'arn:aws:iam::123456789012:role/auditor',
      RewrapRoleArn: 'arn:aws:iam::123456789012:role/rewrap',
    };
    await clients.cloudFormation.send(
      new CreateStackCommand({
        StackName: stackName,
        TemplateBody: JSON.stringify(template(events.arn, outputs)),
      }),
    );
  });

  it('understands what another implementation answers', async () => {
    const settings = deploySettings.parse({ ...SETTINGS, stackName });
    const { budget, end } = startBudget(systemClock, systemClock.now() + 60_000);
    const findings: Diagnosis[] = [];
    const stack = { stackName, region: 'eu-central-1', settings };
    for await (const finding of checkStack(stack, { clock: systemClock, logger: silentLogger }, budget)) {
      findings.push(finding);
    }
    end();
    // moto has no arm64 for a function of a template; all else is as it should be
    expect(findings.filter(({ status, name }) => status !== 'ok' && name !== 'function')).toEqual([]);
    expect(findings.find(({ name }) => name === 'last-archive')?.detail).toContain('3 recordings');
    expect(findings.length).toBeGreaterThan(17);
    expect(JSON.stringify(findings)).not.toContain('canary');
  });

  it('a stack that is not there', async () => {
    const { budget, end } = startBudget(systemClock, systemClock.now() + 60_000);
    const stack = { stackName: 'Nobody', region: 'eu-central-1', settings: undefined };
    const looks = checkStack(stack, { clock: systemClock, logger: silentLogger }, budget);
    const { value } = await looks.next();
    end();
    expect(value).toMatchObject({ name: 'stack', status: 'fail', code: 'STACK_MISSING' });
  });

  async function makeBucket(): Promise<void> {
    const Bucket = bucket;
    await s3.send(
      new CreateBucketCommand({
        Bucket,
        CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' },
        ObjectLockEnabledForBucket: true,
      }),
    );
    await s3.send(
      new PutObjectLockConfigurationCommand({
        Bucket,
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 365 } },
        },
      }),
    );
    await s3.send(
      new PutPublicAccessBlockCommand({
        Bucket,
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          IgnorePublicAcls: true,
          BlockPublicPolicy: true,
          RestrictPublicBuckets: true,
        },
      }),
    );
    await s3.send(
      new PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
        },
      }),
    );
    await s3.send(
      new PutBucketOwnershipControlsCommand({
        Bucket,
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      }),
    );
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(soundPolicy()) }));
    await s3.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket,
        LifecycleConfiguration: {
          Rules: [
            {
              ID: 'abort',
              Status: 'Enabled',
              Filter: { Prefix: '' },
              AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
            },
          ],
        },
      }),
    );
  }
});

function template(queueArn: string, outputs: Readonly<Record<string, string>>): object {
  const trust = {
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ],
  };
  return {
    Resources: {
      Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: trust } },
      Handler: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          Runtime: 'nodejs24.x',
          Handler: 'archive.handler',
          MemorySize: 512,
          Timeout: 900,
          Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
          Code: { ZipFile: 'exports.handler = async () => 1' },
          Environment: { Variables: { GENESYS_ENVIRONMENT: 'mypurecloud.de' } },
        },
      },
      Mapping: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          EventSourceArn: queueArn,
          FunctionName: { Ref: 'Handler' },
          BatchSize: 4,
          FunctionResponseTypes: ['ReportBatchItemFailures'],
          ScalingConfig: { MaximumConcurrency: 5 },
        },
      },
    },
    Outputs: {
      FunctionName: { Value: { Ref: 'Handler' } },
      ...Object.fromEntries(Object.entries(outputs).map(([name, Value]) => [name, { Value }])),
    },
  };
}
