import { Aws } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { chooseString } from '../conditions.ts';
import type { GenesysMediaArchiveProps } from '../props/archive.ts';
import type { DescribeResources } from './grants.ts';
import { logGroupArn } from '../watch/log-group-arn.ts';
import { type ArchiveResources, mediaFolderOf } from './policies.ts';

interface ArchiveParts {
  readonly bucket: Pick<s3.IBucket, 'bucketArn' | 'bucketName'>;
  readonly catalogueBucket: Pick<s3.IBucket, 'bucketArn'>;
  readonly keyRecordsBucket: Pick<s3.IBucket, 'bucketArn'> | undefined;
  readonly queue: sqs.IQueue;
  readonly deadLetters: sqs.IQueue;
  readonly logGroup: logs.ILogGroup;
  readonly credentialsSecret: secrets.CfnSecret;
  readonly signingKeySecret: secrets.CfnSecret | undefined;
  readonly webhookSecret: secrets.CfnSecret;
  readonly backfillSecret: secrets.CfnSecret | undefined;
  readonly serviceKey: kms.IKey | undefined;
}

/** What the policies of the roles are about. */
export function describeResources(
  parts: ArchiveParts,
  {
    organizationId,
    prefix,
    webhook = false,
    environmentVariables = {},
    otherKeyArns = [],
    vpc = false,
    retention = {},
    conditions = {},
  }: GenesysMediaArchiveProps,
): DescribeResources {
  const signingSecretArn = parts.signingKeySecret?.ref;
  return ({ key: keyArn, signing: signingKeyArn, log: logKeyArn, drill: drillKeyArn }) => ({
    bucketArn: parts.bucket.bucketArn,
    partition: Aws.PARTITION,
    bucketName: parts.bucket.bucketName,
    keyPrefix: prefix === undefined ? '' : `${prefix}/`,
    catalogueBucketArn: parts.catalogueBucket.bucketArn,
    keyRecordsBucketArn: parts.keyRecordsBucket?.bucketArn,
    keyArn,
    signingKeyArn,
    logKeyArn,
    drillKeyArn,
    organizationId,
    queueArn: parts.queue.queueArn,
    deadLetterQueueArn: parts.deadLetters.queueArn,
    logGroupArn: logGroupArn(parts.logGroup),
    secretArns: [
      parts.credentialsSecret.ref,
      ...(signingSecretArn === undefined ? [] : [chooseString(conditions.signingSecret, signingSecretArn)]),
      ...(webhook ? [chooseString(conditions.webhook, parts.webhookSecret.ref)] : []),
    ],
    signingSecretArn,
    clientSecretArns: [
      parts.credentialsSecret.ref,
      ...(parts.backfillSecret === undefined ? [] : [parts.backfillSecret.ref]),
    ],
    context: environmentVariables['ARCHIVE_CONTEXT'] === '1',
    transcripts: environmentVariables['ARCHIVE_TRANSCRIPTS'] === '1',
    quarantine: environmentVariables['ARCHIVE_QUARANTINE'] !== undefined,
    lock: lockOf(retention.atWrite),
    tags: (retention.removeAfterDays ?? []).length > 0,
    mediaFolder: mediaFolderOf(organizationId, environmentVariables),
    otherKeyArns,
    serviceKeyArn: parts.serviceKey?.keyArn,
    vpc,
  });
}

/** `compliance audio=2562 video=90`: the mode, and the most of the days. */
function lockOf(atWrite: string | undefined): ArchiveResources['lock'] {
  if (atWrite === undefined) return undefined;
  const [mode, ...kinds] = atWrite.split(' ');
  const days = kinds.map((kind) => Number(kind.slice(kind.indexOf('=') + 1)));
  return { mode: mode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE', days: Math.max(...days) };
}
