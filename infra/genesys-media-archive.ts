import { Annotations } from 'aws-cdk-lib';
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
import type { RunbookAnchor } from './watch/alarms.ts';
import { ArchiveFunction, createLogGroup } from './archiving/function.ts';
import { CatalogueAthena } from './buckets/catalogue-athena.ts';
import { createHome } from './buckets/home.ts';
import { createKeys } from './keys/archive-keys.ts';
import { ArchiveQueue } from './archiving/queue.ts';
import { ArchiveNetwork } from './archiving/network.ts';
import {
  createKeyOfServices,
  createPrincipals,
  createSecrets,
  type Principals,
} from './access/principals.ts';
import { archivingVariables, readingVariables } from './archiving/variables.ts';
import { chooseNumber } from './conditions.ts';
import { describeResources } from './access/describe-resources.ts';
import type { Console } from './console/console.ts';
import { EventRules } from './archiving/event-rules.ts';
import { Grants, requirePolicy } from './access/grants.ts';
import type { AuditTrail } from './watch/audit-trail.ts';
import { auditorStatements, writerStatements } from './access/policies.ts';
import { releaserStatements } from './access/release-policies.ts';
import { rewrapStatements } from './access/rewrap-policies.ts';
import { eraserStatements } from './access/erase-policies.ts';
import type { Scheduled } from './scheduled/scheduled.ts';
import { createWatch } from './watch/watch.ts';
import { DEFAULT_MAX_CONCURRENCY, deliveryDelay } from './archiving/sizing.ts';
import { present } from '../src/present.ts';
import type { GenesysMediaArchiveProps } from './props/archive.ts';

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

  /** Logical ids follow from names, and the order of a template from the order of these steps. */
  constructor(scope: Construct, id: string, props: GenesysMediaArchiveProps) {
    super(scope, id);
    const principals = createPrincipals(this, props);
    ({
      writerRole: this.writerRole,
      auditorRole: this.auditorRole,
      rewrapRole: this.rewrapRole,
      releaserRole: this.releaserRole,
      eraserRole: this.eraserRole,
      scheduled: this.scheduled,
      console: this.console,
    } = principals);
    this.serviceKey = createKeyOfServices(this, props, principals);
    this.network = props.vpc ? new ArchiveNetwork(this, 'Network') : undefined;
    const home = createHome(this, props, keepersOf(principals));
    ({
      bucket: this.bucket,
      catalogueBucket: this.catalogueBucket,
      keyRecordsBucket: this.keyRecordsBucket,
    } = home);
    this.catalogueAthena = createAthena(this, this.catalogueBucket, props);
    ({ queue: this.queue, deadLetters: this.deadLetters } = new ArchiveQueue(
      this,
      'Queue',
      waitOf(props),
      this.serviceKey,
    ));
    this.logGroup = createLogGroup(this, 'Logs', props.logRetentionDays ?? 365, this.serviceKey);
    ({
      credentials: this.credentialsSecret,
      signingKey: this.signingKeySecret,
      webhook: this.webhookSecret,
      backfill: this.backfillSecret,
      console: this.consoleSecret,
    } = createSecrets(this, props, principals, this.serviceKey));
    this.scheduled.createLogs(props.logRetentionDays ?? 365, this.serviceKey);
    this.console?.createLogs(props.logRetentionDays ?? 365, this.serviceKey);
    const grants = createGrants(this, props, principals);
    const keys = createKeys(this, props, (key) => grants.usersOf(key));
    ({ key: this.key, signingKey: this.signingKey, logKey: this.logKey, drillKey: this.drillKey } = keys);
    ({
      function: this.function,
      webhook: this.webhookFunction,
      url: this.functionUrl,
      webhookUrl: this.webhookUrl,
    } = createFunctions(this, props, grants, home.variables));
    createEvents(this, props);
    ({
      alarmTopic: this.alarmTopic,
      alarms: this.alarms,
      scheduledAlarms: this.scheduledAlarms,
      auditTrail: this.auditTrail,
      dashboard: this.dashboard,
    } = createWatch(this, props));
  }
}

/** The roles that the policy of the bucket makes exceptions for. */
function keepersOf({ rewrapRole, releasers, erasers, scheduled }: Principals) {
  return {
    replacers: [rewrapRole, ...erasers, ...scheduled.replacers],
    taggers: scheduled.taggers,
    releasers,
    erasers,
  };
}

function createAthena(
  scope: Construct,
  bucket: s3.Bucket,
  { catalogue }: GenesysMediaArchiveProps,
): CatalogueAthena | undefined {
  return typeof catalogue === 'object' && catalogue.athena === true
    ? new CatalogueAthena(scope, 'Athena', bucket, catalogue)
    : undefined;
}

/** Seconds that the queue holds events back: ends of conversations, and nothing where those do not arrive. */
function waitOf({ eventSourceName, environmentVariables = {}, conditions = {} }: GenesysMediaArchiveProps) {
  const delayS = deliveryDelay(environmentVariables['ARCHIVE_SETTLE']);
  return eventSourceName === undefined ? 0 : chooseNumber(conditions.eventSource, delayS, 0);
}

/** What each role may do. The policies of the keys are made with it; the roles get theirs once the keys are there. */
function createGrants(
  archive: GenesysMediaArchive,
  props: GenesysMediaArchiveProps,
  { writerRole, auditorRole, rewrapRole, releasers, erasers, scheduled, console }: Principals,
): Grants {
  return new Grants(
    [
      { role: writerRole, statements: writerStatements },
      { role: auditorRole, statements: auditorStatements },
      { role: rewrapRole, statements: rewrapStatements },
      ...releasers.map((role) => ({ role, statements: releaserStatements })),
      ...erasers.map((role) => ({ role, statements: eraserStatements })),
      ...scheduled.grants,
      ...(console?.grants(() => archive.consoleSecret?.ref ?? '') ?? []),
    ],
    describeResources(archive, props),
    props.conditions ?? {},
  );
}

/** Gives the roles their policies, and makes what works with them: the function that archives, the console and what schedules start. */
function createFunctions(
  archive: GenesysMediaArchive,
  props: GenesysMediaArchiveProps,
  grants: Grants,
  home: Readonly<Record<string, string>>,
): ArchiveFunction {
  const { environmentVariables = {}, webhook = false } = props;
  const { network } = archive;
  const policies = grants.give({
    key: archive.key.attrArn,
    signing: archive.signingKey?.attrArn,
    log: archive.logKey?.attrArn,
    drill: archive.drillKey?.attrArn,
  });
  const environment = archivingVariables(archive, props, home);
  const archiving = new ArchiveFunction(archive, 'Function', {
    role: archive.writerRole,
    policy: requirePolicy(policies, archive.writerRole),
    logGroup: archive.logGroup,
    queue: archive.queue,
    code: props.code,
    environment,
    maxConcurrency: props.maxConcurrency ?? DEFAULT_MAX_CONCURRENCY,
    webhook: webhook ? props : undefined,
    webhookSecretArn: archive.webhookSecret.ref,
    network,
    conditions: props.conditions ?? {},
  });
  const reading = { ...environment, ...readingVariables(archive, props) };
  archive.console?.create({
    environment: reading,
    environmentVariables,
    secretArn: archive.consoleSecret?.ref ?? '',
    policies,
    code: props.consoleCode,
  });
  archive.scheduled.create({
    environment: {
      ...reading,
      ...present({ GENESYS_BACKFILL_SECRET_ARN: archive.backfillSecret?.ref }),
    },
    environmentVariables,
    network,
    policies,
  });
  return archiving;
}

/** Makes the rules of the events that are archived; warns if there is no way in for any. */
function createEvents(archive: GenesysMediaArchive, props: GenesysMediaArchiveProps): void {
  const { rules } = new EventRules(archive, 'Events', {
    queue: archive.queue,
    deadLetters: archive.deadLetters,
    eventSourceName: props.eventSourceName,
    existingEventBus: props.existingEventBus ?? false,
    tutorialEvents: props.tutorialEvents ?? false,
    conditions: props.conditions ?? {},
  });
  if (rules.length > 0 || props.webhook === true) return;
  Annotations.of(archive).addWarningV2(
    'genesys-media-archive:no-events',
    'neither eventSourceName, tutorialEvents nor webhook is set: only what is sent to the queue by hand is archived',
  );
}
