import { Duration } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { ArchiveAlarms } from './alarms.ts';
import { createDashboard } from './dashboard.ts';
import { AuditTrail } from './audit-trail.ts';
import type { ArchiveConditions } from '../conditions.ts';
import type { Scheduled } from '../scheduled/scheduled.ts';
import type { HardeningProps } from '../props/hardening.ts';

export interface WatchedParts {
  readonly queue: sqs.Queue;
  readonly deadLetters: sqs.Queue;
  readonly function: lambda.Function;
  readonly bucket: s3.IBucket;
  /** Of recordings. */
  readonly key: kms.CfnKey;
  readonly writerRole: iam.IRole;
  readonly auditorRole: iam.IRole;
  readonly rewrapRole: iam.IRole;
  readonly releaserRole: iam.IRole | undefined;
  readonly eraserRole: iam.IRole | undefined;
  readonly scheduled: Scheduled;
  readonly credentialsSecret: secrets.CfnSecret;
  readonly signingKeySecret: secrets.CfnSecret | undefined;
  readonly webhookSecret: secrets.CfnSecret;
  readonly backfillSecret: secrets.CfnSecret | undefined;
  readonly serviceKey: kms.Key | undefined;
}

export interface WatchProps extends Pick<HardeningProps, 'auditTrail'> {
  readonly runbook?: string;
  readonly alarmEmail?: string;
  readonly oldestMessage?: Duration;
  readonly conditions?: ArchiveConditions;
}

export interface Watch {
  readonly alarmTopic: sns.Topic;
  readonly alarms: ArchiveAlarms['alarms'];
  readonly scheduledAlarms: ReturnType<Scheduled['createAlarms']>;
  readonly auditTrail: AuditTrail | undefined;
  readonly dashboard: cloudwatch.Dashboard;
}

/** Alarms, dashboard and, where it is wanted, the audit trail. */
export function createWatch(parts: Construct & WatchedParts, props: WatchProps): Watch {
  const scope: Construct = parts;
  const { runbook = 'docs/runbook.md', conditions = {} } = props;
  const { queue, deadLetters, bucket, key } = parts;
  const watched = { queue, deadLetters, function: parts.function, runbook };
  const { topic, alarms } = new ArchiveAlarms(scope, 'Alarms', {
    ...watched,
    email: props.alarmEmail,
    emailCondition: conditions.alarmEmail,
    oldestMessage: props.oldestMessage ?? Duration.hours(2),
    key: parts.serviceKey,
  });
  const scheduledAlarms = parts.scheduled.createAlarms({ topic, runbook });
  const auditTrail = props.auditTrail
    ? new AuditTrail(scope, 'Trail', {
        bucket,
        keyArn: key.attrArn,
        keyId: key.ref,
        readers: [parts.auditorRole, ...parts.scheduled.readers],
        roles: [
          parts.writerRole,
          parts.auditorRole,
          parts.rewrapRole,
          ...[parts.releaserRole, parts.eraserRole].filter((role) => role !== undefined),
          ...parts.scheduled.roles,
        ],
        secretArns: [
          parts.credentialsSecret,
          parts.signingKeySecret,
          parts.webhookSecret,
          parts.backfillSecret,
        ].flatMap((secret) => secret?.ref ?? []),
        topic,
        runbook,
        logKey: parts.serviceKey,
      })
    : undefined;
  const dashboard = createDashboard(scope, 'Dashboard', {
    ...watched,
    bucketName: bucket.bucketName,
    alarms: [alarms, scheduledAlarms, auditTrail?.alarms ?? {}].flatMap((some) => Object.values(some)),
  });
  return { alarmTopic: topic, alarms, scheduledAlarms, auditTrail, dashboard };
}
