import { Annotations, Aws, Tokenization } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { RunbookAnchor } from './archive-alarms.ts';
import { ArchiveFunction, createLogGroup } from './archive-function.ts';
import { CatalogueAthena } from './catalogue-athena.ts';
import { createHome } from './archive-home.ts';
import { METRICS_OF_STACK } from './archive-metrics.ts';
import { createArchiveKey, createDrillKey, createLogKey, createSigningKey } from './archive-key.ts';
import { ArchiveQueue } from './archive-queue.ts';
import { ArchiveNetwork } from './archive-network.ts';
import { createRoles } from './archive-roles.ts';
import { ArchiveSecrets } from './archive-secrets.ts';
import { chooseNumber, chooseString, onlyWhen } from './conditions.ts';
import { functionEnvironment } from './environment.ts';
import { describeResources } from './describe-resources.ts';
import { sealVariables, signingVariables } from './key-variables.ts';
import { Console } from './console/console.ts';
import { EventRules } from './event-rules.ts';
import { Grants, requirePolicy } from './grants.ts';
import type { AuditTrail } from './audit-trail.ts';
import { createServiceKey } from './service-key.ts';
import { auditorStatements, writerStatements } from './policies.ts';
import { releaserStatements } from './release-policies.ts';
import { rewrapStatements } from './rewrap-policies.ts';
import { eraserStatements } from './erase-policies.ts';
import { Scheduled } from './scheduled/scheduled.ts';
import { createWatch } from './watch.ts';
import { deliveryDelay, NODE_OPTIONS } from './sizing.ts';
import type { GenesysMediaArchiveProps } from './archive-props.ts';

/**
 * The archive: an event bus and its rules, a queue with dead letters, the function, the bucket, a KMS key, secrets without a value,
 * three roles, alarms and a dashboard. docs/deployment.md describes them.
 *
 * Bucket, access logs, KMS key and logs stay when it is deleted.
 */
export class GenesysMediaArchive extends Construct {
  readonly bucket: s3.IBucket;
  /** Of facts, catalogue and jobs. */
  readonly catalogueBucket: s3.Bucket;
  /** Where `catalogue.athena` asks for it. */
  readonly catalogueAthena: CatalogueAthena | undefined;
  /** Of key records, where there are any. */
  readonly keyRecordsBucket: s3.Bucket | undefined;
  readonly key: kms.CfnKey;
  readonly queue: sqs.Queue;
  readonly deadLetters: sqs.Queue;
  readonly function: lambda.Function;
  readonly functionUrl: lambda.FunctionUrl | undefined;
  /** Takes webhooks, of the Function URL or of the API Gateway. */
  readonly webhookFunction: lambda.Function | undefined;
  readonly webhookUrl: string | undefined;
  readonly serviceKey: kms.Key | undefined;
  readonly network: ArchiveNetwork | undefined;
  readonly auditTrail: AuditTrail | undefined;
  readonly logGroup: logs.LogGroup;
  readonly credentialsSecret: secrets.CfnSecret;
  /** There is one of the two; both, each under its condition, where there are conditions. */
  readonly signingKeySecret: secrets.CfnSecret | undefined;
  readonly signingKey: kms.CfnKey | undefined;
  /** Signs the log. */
  readonly logKey: kms.CfnKey | undefined;
  /** Signs the reports of restore drills. */
  readonly drillKey: kms.CfnKey | undefined;
  readonly webhookSecret: secrets.CfnSecret;
  readonly backfillSecret: secrets.CfnSecret | undefined;
  /** How people sign in to the console, where there is one. */
  readonly consoleSecret: secrets.CfnSecret | undefined;
  readonly console: Console | undefined;
  /** Of the function. */
  readonly writerRole: iam.Role;
  readonly auditorRole: iam.Role;
  readonly rewrapRole: iam.Role;
  /** Of people, where `releasers` and `erasers` name any. */
  readonly releaserRole: iam.Role | undefined;
  readonly eraserRole: iam.Role | undefined;
  readonly alarmTopic: sns.Topic;
  readonly alarms: Readonly<Record<RunbookAnchor, cloudwatch.Alarm>>;
  /** Of the functions that schedules start, by their anchors in the runbook. */
  readonly scheduledAlarms: Readonly<Record<string, cloudwatch.Alarm>>;
  readonly scheduled: Scheduled;
  readonly dashboard: cloudwatch.Dashboard;

  constructor(scope: Construct, id: string, props: GenesysMediaArchiveProps) {
    super(scope, id);
    const { conditions = {}, environmentVariables = {}, maxConcurrency = 5, webhook = false } = props;
    ({
      writerRole: this.writerRole,
      auditorRole: this.auditorRole,
      rewrapRole: this.rewrapRole,
      releaserRole: this.releaserRole,
      eraserRole: this.eraserRole,
    } = createRoles(this, props, conditions));
    const releasers = listOf(this.releaserRole);
    const erasers = listOf(this.eraserRole);
    this.scheduled = new Scheduled(this, props);
    this.console = props.console === undefined ? undefined : new Console(this, 'Console', props.console);
    const signers = [this.rewrapRole, ...erasers, ...listOf(this.console?.role)];
    this.serviceKey = props.customerKeys
      ? createServiceKey(this, 'ServiceKey', {
          writer: this.writerRole,
          signers: [...signers, ...releasers, ...this.scheduled.secretReaders],
        })
      : undefined;
    this.network = props.vpc ? new ArchiveNetwork(this, 'Network') : undefined;

    const home = createHome(this, props, {
      replacers: [this.rewrapRole, ...erasers, ...this.scheduled.replacers],
      taggers: this.scheduled.taggers,
      releasers,
      erasers,
    });
    ({
      bucket: this.bucket,
      catalogueBucket: this.catalogueBucket,
      keyRecordsBucket: this.keyRecordsBucket,
    } = home);
    const { catalogue } = props;
    this.catalogueAthena =
      typeof catalogue === 'object' && catalogue.athena === true
        ? new CatalogueAthena(this, 'Athena', this.catalogueBucket, catalogue)
        : undefined;
    const delayS = deliveryDelay(environmentVariables['ARCHIVE_SETTLE']);
    const waits = props.eventSourceName === undefined ? 0 : chooseNumber(conditions.eventSource, delayS, 0);
    ({ queue: this.queue, deadLetters: this.deadLetters } = new ArchiveQueue(
      this,
      'Queue',
      waits,
      this.serviceKey,
    ));
    this.logGroup = createLogGroup(this, 'Logs', props.logRetentionDays ?? 365, this.serviceKey);
    const held = new ArchiveSecrets(this, 'Secrets', {
      signingKey: props.signingKey !== 'kms',
      signingKeyCondition: conditions.signingSecret,
      backfill: typeof props.jobs === 'object' && props.jobs.ownClient === true,
      console: this.console !== undefined,
    });
    this.credentialsSecret = held.credentials;
    this.signingKeySecret = held.signingKey;
    this.webhookSecret = held.webhook;
    this.backfillSecret = held.backfill;
    this.consoleSecret = held.console;
    held.limitReading(
      [
        ...[this.writerRole, ...releasers, ...this.scheduled.secretReaders].map(({ roleArn }) => roleArn),
        ...(props.secretReaders ?? []),
      ],
      signers.map(({ roleArn }) => roleArn),
      [this.console?.role.roleArn ?? '', ...(props.secretReaders ?? [])],
    );
    if (this.serviceKey !== undefined) held.encryptWith(this.serviceKey.keyArn);

    this.scheduled.createLogs(props.logRetentionDays ?? 365, this.serviceKey);
    this.console?.createLogs(props.logRetentionDays ?? 365, this.serviceKey);
    const grants = new Grants(
      [
        { role: this.writerRole, statements: writerStatements },
        { role: this.auditorRole, statements: auditorStatements },
        { role: this.rewrapRole, statements: rewrapStatements },
        ...releasers.map((role) => ({ role, statements: releaserStatements })),
        ...erasers.map((role) => ({ role, statements: eraserStatements })),
        ...this.scheduled.grants,
        ...(this.console?.grants(() => this.consoleSecret?.ref ?? '') ?? []),
      ],
      describeResources(this, props),
      conditions,
    );
    this.key = createArchiveKey(this, 'Key', () => grants.usersOf('key'));
    if (props.signingKey === 'kms' || conditions.signingKms !== undefined) {
      this.signingKey = createSigningKey(this, 'SigningKey', () => grants.usersOf('signing'));
      onlyWhen(conditions.signingKms, this.signingKey);
    }
    if (props.seal !== undefined) this.logKey = createLogKey(this, 'LogKey', () => grants.usersOf('log'));
    if (props.seal !== undefined && props.seal.drill !== false)
      this.drillKey = createDrillKey(this, 'DrillKey', () => grants.usersOf('drill'));
    const policies = grants.give({
      key: this.key.attrArn,
      signing: this.signingKey?.attrArn,
      log: this.logKey?.attrArn,
      drill: this.drillKey?.attrArn,
    });
    const environment = functionEnvironment(
      {
        GENESYS_ENVIRONMENT: props.environment,
        GENESYS_ORGANIZATION_ID: props.organizationId,
        GENESYS_SECRET_ARN: this.credentialsSecret.ref,
        ...home.variables,
        S3_EXPECTED_BUCKET_OWNER: Aws.ACCOUNT_ID,
        ARCHIVE_KMS_KEY_ID: this.key.attrArn,
        ...signingVariables(this, conditions),
        ...(webhook
          ? { ARCHIVE_WEBHOOK_SECRET_ARN: chooseString(conditions.webhook, this.webhookSecret.ref) }
          : {}),
        ARCHIVE_QUEUE_URL: this.queue.queueUrl,
        ARCHIVE_DEAD_LETTER_QUEUE_URL: this.deadLetters.queueUrl,
        ARCHIVE_RATE_SHARE: `1/${Tokenization.stringifyNumber(maxConcurrency)}`,
      },
      { NODE_OPTIONS, POWERTOOLS_SERVICE_NAME: METRICS_OF_STACK, ...environmentVariables },
    );
    ({
      function: this.function,
      webhook: this.webhookFunction,
      url: this.functionUrl,
      webhookUrl: this.webhookUrl,
    } = new ArchiveFunction(this, 'Function', {
      role: this.writerRole,
      policy: requirePolicy(policies, this.writerRole),
      logGroup: this.logGroup,
      queue: this.queue,
      code: props.code,
      environment,
      maxConcurrency,
      webhook: webhook ? props : undefined,
      webhookSecretArn: this.webhookSecret.ref,
      network: this.network,
      conditions,
    }));
    const further = {
      ...environment,
      ARCHIVE_CATALOGUE: `s3://${this.catalogueBucket.bucketName}`,
      ...sealVariables(props.seal, this),
    };
    this.console?.create({
      environment: further,
      environmentVariables,
      secretArn: this.consoleSecret?.ref ?? '',
      policies,
      code: props.consoleCode,
    });
    this.scheduled.create({
      environment: {
        ...further,
        ...(this.backfillSecret === undefined
          ? {}
          : { GENESYS_BACKFILL_SECRET_ARN: this.backfillSecret.ref }),
      },
      environmentVariables,
      network: this.network,
      policies,
    });
    const { rules } = new EventRules(this, 'Events', {
      queue: this.queue,
      deadLetters: this.deadLetters,
      eventSourceName: props.eventSourceName,
      existingEventBus: props.existingEventBus ?? false,
      tutorialEvents: props.tutorialEvents ?? false,
      conditions,
    });
    if (rules.length === 0 && !webhook) {
      Annotations.of(this).addWarningV2(
        'genesys-media-archive:no-events',
        'neither eventSourceName, tutorialEvents nor webhook is set: only what is sent to the queue by hand is archived',
      );
    }

    ({
      alarmTopic: this.alarmTopic,
      alarms: this.alarms,
      scheduledAlarms: this.scheduledAlarms,
      auditTrail: this.auditTrail,
      dashboard: this.dashboard,
    } = createWatch(this, props));
  }
}

const listOf = <T>(one: T | undefined): readonly T[] => (one === undefined ? [] : [one]);
