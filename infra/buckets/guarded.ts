import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';

/** Days that records of who asked a bucket for what are kept. */
const ACCESS_LOG_DAYS = 365;

/**
 * SSE-S3 is the second layer, under the encryption of the archiver. With SSE-KMS, completing a multipart upload needs `kms:Decrypt`,
 * which the writer must not have.
 */
export const GUARDED: s3.BucketProps = {
  encryption: s3.BucketEncryption.S3_MANAGED,
  blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
  objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  removalPolicy: RemovalPolicy.RETAIN,
};

/** Takes the access logs of the other buckets. */
export function createAccessLogs(scope: Construct, id: string): s3.Bucket {
  const logs = new s3.Bucket(scope, id, {
    ...GUARDED,
    lifecycleRules: [{ expiration: Duration.days(ACCESS_LOG_DAYS) }],
  });
  acknowledge(logs, {
    'AwsSolutions-S1': 'It holds the access logs of the archive; logging accesses to logs would never end.',
  });
  return logs;
}

/** By bucket policy and not by an ACL, which an owner-enforced bucket has none of. */
export function logAccesses(bucket: s3.Bucket, logs: s3.Bucket, folder: string): void {
  const element = bucket.node.defaultChild as s3.CfnBucket;
  element.loggingConfiguration = { destinationBucketName: logs.bucketName, logFilePrefix: `${folder}/` };
  logs.addToResourcePolicy(
    new iam.PolicyStatement({
      sid: folder === 'archive' ? 'DeliverAccessLogs' : `DeliverAccessLogsOf${folder}`,
      principals: [new iam.ServicePrincipal('logging.s3.amazonaws.com')],
      actions: ['s3:PutObject'],
      resources: [logs.arnForObjects(`${folder}/*`)],
      conditions: {
        ArnLike: { 'aws:SourceArn': bucket.bucketArn },
        StringEquals: { 'aws:SourceAccount': Stack.of(bucket).account },
      },
    }),
  );
}
