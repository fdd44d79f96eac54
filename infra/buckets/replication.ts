import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { givePolicy } from '../access/roles.ts';
import { allow, type Statement } from '../access/statement.ts';
import type { ReplicaSettings } from './replica-settings.ts';
import { present } from '../../src/present.ts';

/** Copies every object of the bucket to the replica. */
export function replicate(scope: Construct, bucket: s3.Bucket, replica: ReplicaSettings | undefined): void {
  replicateTo(scope, 'Replicator', bucket, replica);
}

/** The same, with a role of that name. */
export function replicateTo(
  scope: Construct,
  id: string,
  bucket: s3.Bucket,
  replica: ReplicaSettings | undefined,
): void {
  if (replica === undefined) return;
  const role = createReplicationRole(scope, id);
  const element = bucket.node.defaultChild as s3.CfnBucket;
  element.replicationConfiguration = replicationOf(role, replica);
  givePolicy(role, replicatorStatements(bucket.bucketArn, replica.bucketArn));
}

/** The role that S3 copies with. It may not delete: what is removed here stays there. */
function createReplicationRole(scope: Construct, id: string): iam.Role {
  return new iam.Role(scope, id, {
    description: 'Genesys media archive: S3 copies objects to the replica',
    assumedBy: new iam.ServicePrincipal('s3.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  });
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html */
export function replicatorStatements(bucketArn: string, replicaArn: string): readonly Statement[] {
  return [
    allow('SeeWhatToCopy', ['s3:GetReplicationConfiguration', 's3:ListBucket'], [bucketArn]),
    allow(
      'ReadVersions',
      [
        's3:GetObjectVersionForReplication',
        's3:GetObjectVersionTagging',
        's3:GetObjectRetention',
        's3:GetObjectLegalHold',
      ],
      [`${bucketArn}/*`],
    ),
    allow(
      'WriteCopies',
      ['s3:ReplicateObject', 's3:ReplicateTags', 's3:ObjectOwnerOverrideToBucketOwner'],
      [`${replicaArn}/*`],
    ),
  ];
}

/** Everything, without deletions. */
function replicationOf(
  role: iam.Role,
  { bucketArn, account }: ReplicaSettings,
): s3.CfnBucket.ReplicationConfigurationProperty {
  return {
    role: role.roleArn,
    rules: [
      {
        id: 'copy-everything',
        status: 'Enabled',
        priority: 1,
        filter: { prefix: '' },
        deleteMarkerReplication: { status: 'Disabled' },
        destination: {
          bucket: bucketArn,
          ...present({
            account,
            accessControlTranslation: account === undefined ? undefined : { owner: 'Destination' },
          }),
        },
      },
    ],
  };
}
