import { type CfnCondition, CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DeploySettings, StackOutput } from '../src/config/deploy/settings.ts';
import type { ArchiveConditions } from './conditions.ts';
import type { GenesysMediaArchiveProps } from './props/archive.ts';
import { GenesysMediaArchive } from './genesys-media-archive.ts';
import { present } from '../src/present.ts';

/** What the settings file says, as properties of the construct. */
export function propsOf(settings: DeploySettings): GenesysMediaArchiveProps {
  const { eventSourceName, objectLock, alarmEmail, breakGlassRole, webAclArn, replica, ...rest } = settings;
  const { prefix, existingBucket, seal, keyRecords, retention } = settings;
  return {
    environment: rest.environment,
    organizationId: rest.organizationId,
    existingEventBus: rest.existingEventBus,
    tutorialEvents: rest.tutorialEvents,
    webhook: rest.webhook,
    signingKey: rest.signingKey,
    logRetentionDays: rest.logRetentionDays,
    maxConcurrency: rest.maxConcurrency,
    environmentVariables: rest.environmentVariables,
    auditors: rest.auditors,
    rewrappers: rest.rewrappers,
    ...(rest.releasers.length === 0 ? {} : { releasers: rest.releasers }),
    ...(rest.erasers.length === 0 ? {} : { erasers: rest.erasers }),
    requireMfa: rest.requireMfa,
    protectObjects: rest.protectObjects,
    secretReaders: rest.secretReaders,
    webhookConcurrency: rest.webhookConcurrency,
    apiGateway: rest.apiGateway,
    vpc: rest.vpc,
    customerKeys: rest.customerKeys,
    auditTrail: rest.auditTrail,
    verification: rest.verification,
    jobs: rest.jobs,
    catalogue: rest.catalogue,
    facts: rest.facts,
    ...(rest.console === false ? {} : { console: rest.console }),
    sharedWith: rest.sharedWith,
    ...present({
      prefix,
      existingBucket,
      seal,
      keyRecords,
      retention,
      breakGlassRole,
      webAclArn,
      replica,
      eventSourceName,
      objectLock,
      alarmEmail,
    }),
  };
}

/** The archive as a stack of its own, with the outputs that `genesys-archive doctor` reads. */
export class GenesysMediaArchiveStack extends Stack {
  readonly archive: GenesysMediaArchive;

  /** @param archive the properties, or what makes them of parameters of the stack. */
  constructor(
    scope: Construct,
    id: string,
    archive: GenesysMediaArchiveProps | ((stack: Stack) => GenesysMediaArchiveProps),
    props: StackProps = {},
  ) {
    super(scope, id, {
      description: 'Archives recordings of Genesys Cloud, encrypted and verified',
      ...props,
    });
    const archiveProps = typeof archive === 'function' ? archive(this) : archive;
    this.archive = new GenesysMediaArchive(this, 'Archive', archiveProps);
    for (const [name, [value, description]] of Object.entries(outputs(this.archive))) {
      const output = new CfnOutput(this, name, { value, description });
      const condition = conditionOf(name, archiveProps.conditions);
      if (condition !== undefined) output.condition = condition;
    }
  }
}

/** What an output is there under. */
function conditionOf(
  output: string,
  { webhook, signingSecret, signingKms }: ArchiveConditions = {},
): CfnCondition | undefined {
  if (output === 'WebhookUrl') return webhook;
  if (output === 'SigningKeySecretArn') return signingSecret;
  return output === 'SigningKeyArn' ? signingKms : undefined;
}

/** The names of the functions that schedules start, to invoke them by hand. */
const SCHEDULED_OUTPUTS = {
  Verifier: ['VerifierFunctionName', 'Verifies a sample each day'],
  JobRunner: ['JobRunnerFunctionName', 'Works on jobs'],
  Compactor: ['CompactorFunctionName', 'Keeps the catalogue up to date'],
  Facts: ['FactsFunctionName', 'Fetches the facts of each day'],
  Retainer: ['RetainerFunctionName', 'Applies the rules of retention'],
  Sealer: ['SealerFunctionName', 'Seals each day in the log'],
  Driller: ['DrillerFunctionName', 'Restores a sample each week'],
} as const satisfies Readonly<Record<string, readonly [StackOutput, string]>>;

function scheduledOutputs({ scheduled }: GenesysMediaArchive): Partial<Record<StackOutput, Output>> {
  return Object.fromEntries(
    Object.entries(SCHEDULED_OUTPUTS).flatMap(([id, [output, description]]) => {
      const made = scheduled.functions.get(id);
      return made === undefined ? [] : [[output, [made.function.functionName, description] as const]];
    }),
  );
}

function athenaOutputs({ catalogueAthena: made }: GenesysMediaArchive): Partial<Record<StackOutput, Output>> {
  if (made === undefined) return {};
  return {
    AthenaWorkGroupName: [made.workGroupName, 'Asks the catalogue, with a limit'],
    AthenaTableName: [made.tableName, 'The catalogue as a table'],
    AnalystPolicyArn: [made.analystPolicy.managedPolicyArn, 'For those who ask the catalogue in Athena'],
  };
}

type Output = readonly [value: string, description: string];

/** Of a part that may not be there. */
const told = (value: string | undefined, description: string): Output | undefined =>
  value === undefined ? undefined : [value, description];

function outputs(archive: GenesysMediaArchive): Partial<Record<StackOutput, Output>> {
  const { webhookUrl, network, auditTrail } = archive;
  return present({
    BucketName: [archive.bucket.bucketName, 'Holds the archive'],
    CatalogueBucketName: [archive.catalogueBucket.bucketName, 'Holds facts, catalogue and jobs'],
    KeyRecordsBucketName: told(archive.keyRecordsBucket?.bucketName, 'Holds key records'),
    QueueUrl: [archive.queue.queueUrl, 'Events that wait'],
    DeadLetterQueueUrl: [archive.deadLetters.queueUrl, 'Events that failed permanently'],
    FunctionName: [archive.function.functionName, 'Archives'],
    KeyArn: [archive.key.attrArn, 'Wraps the data key of each recording'],
    CredentialsSecretArn: [archive.credentialsSecret.ref, 'Takes the OAuth client of Genesys Cloud'],
    SigningKeySecretArn: told(archive.signingKeySecret?.ref, 'Takes the key that signs receipts'),
    SigningKeyArn: told(archive.signingKey?.attrArn, 'Signs receipts'),
    WebhookSecretArn: [archive.webhookSecret.ref, 'Takes the secret of webhooks'],
    BackfillSecretArn: told(archive.backfillSecret?.ref, 'Takes the OAuth client of backfills'),
    WebhookUrl: told(webhookUrl, 'Takes signed webhooks'),
    ...scheduledOutputs(archive),
    ...athenaOutputs(archive),
    ConsoleUrl: told(archive.console?.url, 'Opens the console'),
    ConsoleSecretArn: told(archive.consoleSecret?.ref, 'Takes how people sign in to the console'),
    LogKeyArn: told(archive.logKey?.attrArn, 'Signs the log'),
    DrillKeyArn: told(archive.drillKey?.attrArn, 'Signs the reports of restore drills'),
    DashboardName: [archive.dashboard.dashboardName, 'Answers five questions'],
    AlarmTopicArn: [archive.alarmTopic.topicArn, 'Tells of alarms'],
    AuditorRoleArn: [archive.auditorRole.roleArn, 'To assume for restoring and verifying'],
    RewrapRoleArn: [archive.rewrapRole.roleArn, 'To assume for moving data keys to another KMS key'],
    ReleaserRoleArn: told(archive.releaserRole?.roleArn, 'To assume for releasing from quarantine'),
    EraserRoleArn: told(archive.eraserRole?.roleArn, 'To assume for erasing'),
    EgressAddress: told(network?.egressAddress, 'What Genesys Cloud sees'),
    AuditTrailName: told(auditTrail?.trail.trailArn, 'Records accesses to objects and keys'),
  });
}
