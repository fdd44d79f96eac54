import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as cloudtrail from 'aws-cdk-lib/aws-cloudtrail';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import { createAlarm } from './alarm.ts';
import { PERIOD } from './metrics.ts';
import { present } from '../../src/present.ts';

export interface AuditTrailProps {
  readonly bucket: s3.IBucket;
  /** Of recordings; requests name it by either. */
  readonly keyArn: string;
  readonly keyId: string;
  /** Whose decrypting is no news: the auditor's, and those of functions that open data keys. */
  readonly readers: readonly iam.IRole[];
  /** All roles of the stack that do something: their policies and trust are watched. */
  readonly roles: readonly iam.IRole[];
  readonly secretArns: readonly string[];
  readonly topic: sns.ITopic;
  readonly runbook: string;
  readonly logKey?: kms.IKey | undefined;
}

const TRAIL_DAYS = 365;

/** Anchors of docs/runbook.md. */
export const TRAIL_ANCHORS = [
  'foreign-decrypt',
  'key-policy-change',
  'object-removed',
  'policy-change',
  'role-change',
] as const;

export type TrailAnchor = (typeof TRAIL_ANCHORS)[number];

/**
 * A trail of every management event, and every access to objects of the archive. Decrypting is a management event; that of one key is
 * told from others by its ARN. Changes of roles are events of IAM's own region, which a trail of another region does not get.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events
 */
export class AuditTrail extends Construct {
  readonly trail: cloudtrail.Trail;
  readonly alarms: Readonly<Record<TrailAnchor, cloudwatch.Alarm>>;

  constructor(scope: Construct, id: string, props: AuditTrailProps) {
    super(scope, id);
    const files = new s3.Bucket(this, 'Files', {
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      removalPolicy: RemovalPolicy.RETAIN,
      lifecycleRules: [{ expiration: Duration.days(TRAIL_DAYS) }],
    });
    acknowledge(files, {
      'AwsSolutions-S1':
        'It holds the record of accesses itself; logging accesses to records would never end.',
    });
    const group = new logs.LogGroup(this, 'Log', {
      retention: logs.RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.RETAIN,
      ...present({ encryptionKey: props.logKey }),
    });
    this.trail = new cloudtrail.Trail(this, 'Trail', {
      bucket: files as s3.IBucket,
      isMultiRegionTrail: true,
      includeGlobalServiceEvents: true,
      enableFileValidation: true,
      sendToCloudWatchLogs: true,
      cloudWatchLogGroup: group,
    });
    this.trail.addS3EventSelector([{ bucket: props.bucket }]);
    acknowledge(this.trail, {
      'AwsSolutions-IAM5': 'Streams of the one log group of the trail; their names are made by CloudTrail.',
    });
    this.alarms = this.#createAlarms(group, props);
  }

  #createAlarms(group: logs.LogGroup, props: AuditTrailProps): AuditTrail['alarms'] {
    const namespace = `GenesysMediaArchive/Trail/${Stack.of(this).stackName}`;
    const alarm = (anchor: TrailAnchor, what: string): cloudwatch.Alarm => {
      for (const [index, pattern] of patterns(props)[anchor].entries()) {
        new logs.MetricFilter(this, `${anchor}-filter-${index}`, {
          logGroup: group,
          filterPattern: logs.FilterPattern.literal(pattern),
          metricNamespace: namespace,
          metricName: anchor,
          metricValue: '1',
        });
      }
      return createAlarm(this, props, {
        anchor,
        what,
        metric: new cloudwatch.Metric({ namespace, metricName: anchor, period: PERIOD, statistic: 'Sum' }),
        threshold: 0,
      });
    };
    return {
      'foreign-decrypt': alarm(
        'foreign-decrypt',
        'Another role than those that read the archive asked for a data key of a recording.',
      ),
      'key-policy-change': alarm(
        'key-policy-change',
        'The key of the archive, or who may use it, was changed.',
      ),
      'object-removed': alarm(
        'object-removed',
        'Objects of the archive were removed or unlocked, or that was tried.',
      ),
      'policy-change': alarm('policy-change', 'The bucket, or the policy of a secret, was changed.'),
      'role-change': alarm(
        'role-change',
        'A role of the archive was changed: who may assume it, or what it may do.',
      ),
    };
  }
}

/**
 * A pattern has at most 1,024 characters, and a comparison with an absent field is false.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
function patterns({
  bucket,
  keyArn,
  keyId,
  readers,
  roles,
  secretArns,
}: AuditTrailProps): Record<TrailAnchor, readonly string[]> {
  const named = (names: readonly string[]) => names.map((name) => `($.eventName = "${name}")`).join(' || ');
  // by name, which is shorter than an ARN: a pattern has a limit, and the key lets roles of this account in only
  const session = '$.userIdentity.sessionContext.sessionIssuer.userName';
  const strangers = readers.map(({ roleName }) => `(${session} != "${roleName}")`).join(' && ');
  const answered = `($.resources[0].ARN = "${keyArn}")`;
  const asked = `($.requestParameters.keyId = "${keyArn}") || ($.requestParameters.keyId = "${keyId}")`;
  const ofKey = `(${answered} || ${asked})`;
  const ofBucket = `($.requestParameters.bucketName = "${bucket.bucketName}")`;
  return {
    // two, for one would be too long; an event that is counted by both rings no louder
    'foreign-decrypt': [answered, `(${asked})`].map(
      (about) =>
        `{ ($.eventSource = "kms.amazonaws.com") && ($.eventName = "Decrypt") && ${about} && ((${strangers}) || (${session} NOT EXISTS)) }`,
    ),
    'key-policy-change': [`{ ($.eventSource = "kms.amazonaws.com") && (${named(KEY_CHANGES)}) && ${ofKey} }`],
    'object-removed': [`{ ($.eventSource = "s3.amazonaws.com") && (${named(REMOVALS)}) && ${ofBucket} }`],
    'policy-change': [
      `{ ($.eventSource = "s3.amazonaws.com") && (${named(BUCKET_CHANGES)}) && ${ofBucket} }`,
      ...secretArns.map(
        (arn) =>
          `{ (${named(['PutResourcePolicy', 'DeleteResourcePolicy'])}) && ($.requestParameters.secretId = "${arn}") }`,
      ),
    ],
    'role-change': roles.map(
      ({ roleName }) =>
        `{ ($.eventSource = "iam.amazonaws.com") && (${named(ROLE_CHANGES)}) && ($.requestParameters.roleName = "${roleName}") }`,
    ),
  };
}

const KEY_CHANGES = [
  'PutKeyPolicy',
  'CreateGrant',
  'ScheduleKeyDeletion',
  'DisableKey',
  'DisableKeyRotation',
];
const REMOVALS = ['DeleteObject', 'DeleteObjects', 'PutObjectRetention', 'PutObjectLegalHold'];
const BUCKET_CHANGES = [
  'PutBucketPolicy',
  'DeleteBucketPolicy',
  'PutBucketLifecycle',
  'PutBucketVersioning',
  'PutBucketObjectLockConfiguration',
  'PutBucketReplication',
  'DeleteBucketReplication',
];
const ROLE_CHANGES = [
  'UpdateAssumeRolePolicy',
  'PutRolePolicy',
  'DeleteRolePolicy',
  'AttachRolePolicy',
  'DetachRolePolicy',
  'PutRolePermissionsBoundary',
  'DeleteRolePermissionsBoundary',
  'DeleteRole',
];
