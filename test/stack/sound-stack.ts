import { METRICS } from '../../src/config/deploy/settings.ts';
import type { FakeAws } from './fake-aws.ts';

export const ACCOUNT = '123456789012';
export const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
const REGION = 'eu-central-1';
const arn = (service: string, rest: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${rest}`;

export const BUCKET = 'archive-objects';
export const KEY_ARN = arn('kms', 'key/1234abcd-12ab-34cd-56ef-1234567890ab');
export const FUNCTION = 'GenesysMediaArchive-Handler';
const secret = (name: string) => arn('secretsmanager', `secret:${name}-AbCdEf`);

/** Deploy settings that {@link describeSoundStack} fits. */
export const SETTINGS = {
  stackName: 'GenesysMediaArchive',
  region: REGION,
  environment: 'mypurecloud.de',
  organizationId: ORGANIZATION,
  webhook: true,
  objectLock: { mode: 'governance', days: 365 },
  alarmEmail: 'ops@example.com',
  auditors: [`arn:aws:iam::${ACCOUNT}:role/Compliance`],
  requireMfa: true,
  vpc: true,
  auditTrail: true,
  customerKeys: true,
  replica: { bucketArn: 'arn:aws:s3:::the-replica' },
};

/** Makes `aws` answer as for a stack that has nothing wrong with it, whose function has `variables` besides its own. */
export function describeSoundStack(aws: FakeAws, variables: Readonly<Record<string, string>> = {}): void {
  const queue = `${aws.url}/${ACCOUNT}/events`;
  const deadLetters = `${aws.url}/${ACCOUNT}/dead-letters`;
  const outputs = {
    BucketName: BUCKET,
    CatalogueBucketName: 'catalogue',
    QueueUrl: queue,
    DeadLetterQueueUrl: deadLetters,
    FunctionName: FUNCTION,
    KeyArn: KEY_ARN,
    CredentialsSecretArn: secret('credentials'),
    SigningKeySecretArn: secret('signing'),
    WebhookSecretArn: secret('webhook'),
    WebhookUrl: 'https://abc.lambda-url.eu-central-1.on.aws/',
    DashboardName: 'GenesysMediaArchive',
    AlarmTopicArn: arn('sns', 'alarms'),
    AuditorRoleArn: `arn:aws:iam::${ACCOUNT}:role/auditor`,
    RewrapRoleArn: `arn:aws:iam::${ACCOUNT}:role/rewrap`,
    EgressAddress: '192.0.2.10',
    AuditTrailName: arn('cloudtrail', 'trail/archive'),
  };
  const now = Math.floor(Date.now() / 1000);
  const alarms = ['queue-is-old', 'dead-letters', 'verify-failure', 'auth-failure', 'error-rate'];
  const entries: Record<string, Parameters<FakeAws['answers']['set']>[1]> = {
    'cloudformation:DescribeStacks': {
      Stacks: [
        {
          StackName: 'GenesysMediaArchive',
          StackStatus: 'CREATE_COMPLETE',
          CreationTime: '2026-11-20T10:00:00.000Z',
          Outputs: Object.entries(outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue })),
        },
      ],
    },
    'lambda:GetFunctionConfiguration': {
      FunctionName: FUNCTION,
      State: 'Active',
      LastUpdateStatus: 'Successful',
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      MemorySize: 512,
      Timeout: 900,
      VpcConfig: { VpcId: 'vpc-1', SubnetIds: ['subnet-1', 'subnet-2'], SecurityGroupIds: ['sg-1'] },
      LastModified: '2026-11-20T10:00:00.000+0000',
      Environment: {
        Variables: {
          GENESYS_ENVIRONMENT: 'mypurecloud.de',
          GENESYS_ORGANIZATION_ID: ORGANIZATION,
          GENESYS_SECRET_ARN: outputs.CredentialsSecretArn,
          S3_ARCHIVE_BUCKET: BUCKET,
          ARCHIVE_KMS_KEY_ID: KEY_ARN,
          ARCHIVE_SIGNING_KEY_SECRET_ARN: outputs.SigningKeySecretArn,
          ARCHIVE_WEBHOOK_SECRET_ARN: outputs.WebhookSecretArn,
          ARCHIVE_RATE_SHARE: '1/5',
          ...variables,
        },
      },
    },
    'lambda:ListEventSourceMappings': {
      EventSourceMappings: [
        {
          UUID: 'mapping',
          EventSourceArn: arn('sqs', 'events'),
          State: 'Enabled',
          BatchSize: 4,
          FunctionResponseTypes: ['ReportBatchItemFailures'],
          ScalingConfig: { MaximumConcurrency: 5 },
        },
      ],
    },
    'secretsmanager:GetSecretValue': {
      ARN: outputs.CredentialsSecretArn,
      SecretString: JSON.stringify({ clientId: 'client', clientSecret: 'canary-client-secret' }),
    },
    'secretsmanager:DescribeSecret': {
      VersionIdsToStages: { one: ['AWSCURRENT'] },
      KmsKeyId: arn('kms', 'key/other'),
    },
    'secretsmanager:GetResourcePolicy': { ResourcePolicy: JSON.stringify(soundSecretPolicy()) },
    's3:GetReplicationConfiguration': {
      ReplicationConfiguration: {
        Role: `arn:aws:iam::${ACCOUNT}:role/replicator`,
        Rule: [{ Status: 'Enabled', Destination: { Bucket: 'arn:aws:s3:::the-replica' } }],
      },
    },
    's3:GetBucketVersioning': { VersioningConfiguration: { Status: 'Enabled' } },
    's3:GetBucketPublicAccessBlock': {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        IgnorePublicAcls: true,
        BlockPublicPolicy: true,
        RestrictPublicBuckets: true,
      },
    },
    's3:GetEncryptionConfiguration': {
      ServerSideEncryptionConfiguration: {
        Rule: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
    },
    's3:GetBucketOwnershipControls': {
      OwnershipControls: { Rule: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
    },
    's3:GetBucketObjectLockConfiguration': {
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 365 } },
      },
    },
    's3:GetBucketPolicy': { Policy: JSON.stringify(soundPolicy()) },
    's3:GetLifecycleConfiguration': {
      LifecycleConfiguration: {
        Rule: [
          { ID: 'abort', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
        ],
      },
    },
    'kms:DescribeKey': { KeyMetadata: { KeyId: KEY_ARN, KeyState: 'Enabled', KeySpec: 'SYMMETRIC_DEFAULT' } },
    'kms:GetKeyRotationStatus': { KeyRotationEnabled: true, RotationPeriodInDays: 365 },
    'sqs:GetQueueAttributes': ({ QueueUrl }) => ({
      Attributes:
        QueueUrl === queue
          ? {
              QueueArn: arn('sqs', 'events'),
              VisibilityTimeout: '5400',
              RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn('sqs', 'dead-letters') }),
              ApproximateNumberOfMessages: '3',
              ApproximateNumberOfMessagesNotVisible: '1',
              ApproximateNumberOfMessagesDelayed: '2',
            }
          : { QueueArn: arn('sqs', 'dead-letters'), ApproximateNumberOfMessages: '0' },
    }),
    'cloudwatch:GetMetricData': ({ MetricDataQueries }) => {
      const archived = JSON.stringify(MetricDataQueries).includes(METRICS.archived);
      return {
        MetricDataResults: [
          { Id: 'm', Timestamps: [now - 900, now - 4_500], Values: archived ? [7, 5] : [120, 60] },
        ],
      };
    },
    'cloudwatch:DescribeAlarms': {
      MetricAlarms: alarms.map((anchor) => ({
        AlarmName: `GenesysMediaArchive-${anchor}`,
        AlarmDescription: `Something. What to do: docs/runbook.md#${anchor}`,
        StateValue: 'OK',
        ActionsEnabled: true,
        AlarmActions: [outputs.AlarmTopicArn],
      })),
    },
  };
  for (const [action, answer] of Object.entries(entries)) aws.answers.set(action, answer);
}

/** As CDK writes it. */
export function soundPolicy(): { readonly Statement: readonly object[] } {
  return {
    Statement: [
      {
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: 's3:*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:PutObject',
        Condition: { Null: { 's3:if-none-match': 'true' } },
      },
      {
        Effect: 'Deny',
        Principal: '*',
        Action: ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention'],
        Condition: { ArnNotEquals: { 'aws:PrincipalArn': [`arn:aws:iam::${ACCOUNT}:role/BreakGlass`] } },
      },
    ],
  };
}

function soundSecretPolicy(): object {
  return {
    Statement: [
      {
        Effect: 'Deny',
        Principal: '*',
        Action: ['secretsmanager:GetSecretValue'],
        Resource: '*',
        Condition: { ArnNotEquals: { 'aws:PrincipalArn': [`arn:aws:iam::${ACCOUNT}:role/writer`] } },
      },
    ],
  };
}
