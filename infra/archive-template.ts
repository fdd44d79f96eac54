import {
  BootstraplessSynthesizer,
  CfnCondition,
  CfnParameter,
  type CfnParameterProps,
  Fn,
  type IStackSynthesizer,
  type Stack,
} from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { NO_ROLE } from './archive-bucket.ts';
import { GenesysMediaArchiveStack } from './archive-stack.ts';
import { PARTNER_PREFIX } from './event-rules.ts';
import type { GenesysMediaArchiveProps } from './genesys-media-archive.ts';
import { LOG_RETENTION_DAYS } from './sizing.ts';

/** Of a form that the properties of event buses accept, for templates are checked with their defaults. */
const NO_EVENT_SOURCE = `${PARTNER_PREFIX}/none`;

/** Settings of the function that have a parameter; empty, they count as not set. */
const SETTING_PARAMETERS = {
  WriteBack: 'ARCHIVE_WRITE_BACK',
  Kinds: 'ARCHIVE_KINDS',
  Api: 'GENESYS_API',
  MediaHosts: 'ARCHIVE_MEDIA_HOSTS',
  MediaRegions: 'ARCHIVE_REGIONS',
  ReceiptPublicKeys: 'ARCHIVE_RECEIPT_PUBLIC_KEYS',
  WebhookSignature: 'ARCHIVE_WEBHOOK_SIGNATURE',
  LogLevel: 'ARCHIVE_LOG_LEVEL',
} as const;

/** The stack for people without CDK: what the settings file says is asked for by parameters of the template. */
export function createTemplateStack(scope: Construct, id: string): GenesysMediaArchiveStack {
  // no bootstrap of CDK is needed where there are no assets
  const synthesizer = new BootstraplessSynthesizer() as IStackSynthesizer;
  return new GenesysMediaArchiveStack(scope, id, parameterProps, { synthesizer });
}

function parameterProps(stack: Stack): GenesysMediaArchiveProps {
  const text = (id: string, description: string, props: CfnParameterProps = {}) =>
    new CfnParameter(stack, id, { type: 'String', description, ...props }).valueAsString;
  const number = (id: string, description: string, props: CfnParameterProps) =>
    new CfnParameter(stack, id, { type: 'Number', description, ...props }).valueAsNumber;
  const flag = (id: string, description: string, value: 'true' | 'false' = 'false') =>
    text(id, description, { default: value, allowedValues: ['true', 'false'] });
  const given = (id: string, value: string, nothing = '') =>
    new CfnCondition(stack, id, { expression: Fn.conditionNot(Fn.conditionEquals(value, nothing)) });
  const yes = (id: string, value: string) =>
    new CfnCondition(stack, id, { expression: Fn.conditionEquals(value, 'true') });

  const eventSourceName = text('EventSourceName', 'Partner event source; the default stands for none', {
    default: NO_EVENT_SOURCE,
    allowedPattern: `${PARTNER_PREFIX.replaceAll('.', '\\.')}[/._A-Za-z0-9-]{1,200}`,
  });
  const createEventBus = flag('CreateEventBus', 'false: the event source has its event bus already', 'true');
  const lockMode = text('ObjectLockMode', 'COMPLIANCE: not even by the owner of the account', {
    default: 'GOVERNANCE',
    allowedValues: ['GOVERNANCE', 'COMPLIANCE'],
  });
  const alarmEmail = text('AlarmEmail', 'Receives the alarms, if given', { default: '' });
  const codeBucket = text('CodeBucket', 'Bucket with the code of the function, in the same region', {
    minLength: 3,
  });
  const principals = (id: string, description: string) =>
    new CfnParameter(stack, id, { type: 'CommaDelimitedList', description, default: '' }).valueAsList;
  const anyOf = (id: string, list: string[]) => given(id, Fn.join('', list));
  const auditors = principals('Auditors', 'ARNs of who may assume the role that restores and verifies');
  const rewrappers = principals('Rewrappers', 'ARNs of who may assume the role that moves data keys');
  const breakGlass = text('BreakGlassRole', 'ARN of the one role that may delete objects', {
    default: NO_ROLE,
  });
  const signingKey = text('SigningKey', 'Where the key that signs receipts is: a secret, or a KMS key', {
    default: 'secret',
    allowedValues: ['secret', 'kms'],
  });
  const signedBy = (id: string, where: string) =>
    new CfnCondition(stack, id, { expression: Fn.conditionEquals(signingKey, where) });
  const eventSource = given('HasEventSource', eventSourceName, NO_EVENT_SOURCE);
  const code = lambda.Code.fromBucket(
    s3.Bucket.fromBucketName(stack, 'Code', codeBucket),
    text('CodeKey', 'Key of the zip file of dist/lambda/, with archive.mjs at its root', { minLength: 1 }),
  );
  return {
    code,
    scheduledCode: () => code,
    environment: text('Environment', 'Region domain of Genesys Cloud, e.g. mypurecloud.com', {
      minLength: 3,
    }),
    organizationId: text('OrganizationId', 'Id of the Genesys Cloud organization', {
      allowedPattern: '[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}',
    }),
    eventSourceName,
    tutorialEvents: true,
    webhook: true,
    objectLock: {
      // upper case already, as CloudFormation has it
      mode: lockMode as 'governance',
      days: number('ObjectLockDays', 'Days of the lock', { default: 365, minValue: 1, maxValue: 36_500 }),
    },
    alarmEmail,
    logRetentionDays: number('LogRetentionDays', 'Days that logs are kept', {
      default: '365',
      allowedValues: LOG_RETENTION_DAYS.map(String),
    }),
    maxConcurrency: number('MaxConcurrency', 'Concurrent invocations for the queue', {
      default: 5,
      minValue: 2,
      maxValue: 100,
    }),
    auditors,
    rewrappers,
    breakGlassRole: breakGlass,
    environmentVariables: Object.fromEntries(
      Object.entries(SETTING_PARAMETERS).map(([id, name]) => [
        name,
        text(id, `${name} of docs/configuration.md`, { default: '' }),
      ]),
    ),
    conditions: {
      eventSource,
      eventBus: new CfnCondition(stack, 'MakesEventBus', {
        expression: Fn.conditionAnd(eventSource, Fn.conditionEquals(createEventBus, 'true')),
      }),
      tutorialEvents: yes(
        'HasTutorialEvents',
        flag('TutorialEvents', 'true: also takes archiving:events from the default event bus'),
      ),
      webhook: yes('HasWebhook', flag('Webhook', 'true: a Function URL that takes signed webhooks')),
      objectLock: yes('HasObjectLock', flag('ObjectLock', 'true: nothing can be removed before its time')),
      alarmEmail: given('HasAlarmEmail', alarmEmail),
      auditors: anyOf('HasAuditors', auditors),
      rewrappers: anyOf('HasRewrappers', rewrappers),
      signingSecret: signedBy('SignsWithSecret', 'secret'),
      signingKms: signedBy('SignsWithKms', 'kms'),
    },
  };
}
