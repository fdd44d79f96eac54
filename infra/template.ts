import {
  BootstraplessSynthesizer,
  CfnCondition,
  CfnParameter,
  type CfnParameterProps,
  Fn,
  type ICfnConditionExpression,
  type IStackSynthesizer,
  type Stack,
} from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { NO_ROLE } from './buckets/archive.ts';
import { GenesysMediaArchiveStack } from './stack.ts';
import type { ArchiveConditions } from './conditions.ts';
import { PARTNER_PREFIX } from './archiving/event-rules.ts';
import type { GenesysMediaArchiveProps } from './props/archive.ts';
import { LOG_RETENTION_DAYS } from './archiving/sizing.ts';

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

/** Makes parameters and conditions of the template. */
function asking(stack: Stack) {
  const text = (id: string, description: string, props: CfnParameterProps = {}) =>
    new CfnParameter(stack, id, { type: 'String', description, ...props }).valueAsString;
  const when = (id: string, expression: ICfnConditionExpression) =>
    new CfnCondition(stack, id, { expression });
  return {
    text,
    number: (id: string, description: string, props: CfnParameterProps) =>
      new CfnParameter(stack, id, { type: 'Number', description, ...props }).valueAsNumber,
    flag: (id: string, description: string, value: 'true' | 'false' = 'false') =>
      text(id, description, { default: value, allowedValues: ['true', 'false'] }),
    principals: (id: string, description: string) =>
      new CfnParameter(stack, id, { type: 'CommaDelimitedList', description, default: '' }).valueAsList,
    when,
    given: (id: string, value: string, nothing = '') =>
      when(id, Fn.conditionNot(Fn.conditionEquals(value, nothing))),
    is: (id: string, value: string, wanted: string) => when(id, Fn.conditionEquals(value, wanted)),
  };
}

type Asking = ReturnType<typeof asking>;

function parameterProps(stack: Stack): GenesysMediaArchiveProps {
  const ask = asking(stack);
  const { text, number } = ask;
  const eventSourceName = text('EventSourceName', 'Partner event source; the default stands for none', {
    default: NO_EVENT_SOURCE,
    allowedPattern: `${PARTNER_PREFIX.replaceAll('.', '\\.')}[/._A-Za-z0-9-]{1,200}`,
  });
  const createEventBus = ask.flag(
    'CreateEventBus',
    'false: the event source has its event bus already',
    'true',
  );
  const lockMode = text('ObjectLockMode', 'COMPLIANCE: not even by the owner of the account', {
    default: 'GOVERNANCE',
    allowedValues: ['GOVERNANCE', 'COMPLIANCE'],
  });
  const alarmEmail = text('AlarmEmail', 'Receives the alarms, if given', { default: '' });
  const codeBucket = text('CodeBucket', 'Bucket with the code of the function, in the same region', {
    minLength: 3,
  });
  const auditors = ask.principals('Auditors', 'ARNs of who may assume the role that restores and verifies');
  const rewrappers = ask.principals('Rewrappers', 'ARNs of who may assume the role that moves data keys');
  const breakGlassRole = text('BreakGlassRole', 'ARN of the one role that may delete objects', {
    default: NO_ROLE,
  });
  const signingKey = text('SigningKey', 'Where the key that signs receipts is: a secret, or a KMS key', {
    default: 'secret',
    allowedValues: ['secret', 'kms'],
  });
  const code = lambda.Code.fromBucket(
    s3.Bucket.fromBucketName(stack, 'Code', codeBucket),
    text('CodeKey', 'Key of the zip file of dist/lambda/, with archive.mjs at its root', { minLength: 1 }),
  );
  const asked = { eventSourceName, createEventBus, alarmEmail, auditors, rewrappers, signingKey };
  return {
    code,
    scheduledCode: () => code,
    ...platformOf(ask),
    eventSourceName,
    tutorialEvents: true,
    webhook: true,
    objectLock: {
      // upper case already, as CloudFormation has it
      mode: lockMode as 'governance',
      days: number('ObjectLockDays', 'Days of the lock', { default: 365, minValue: 1, maxValue: 36_500 }),
    },
    alarmEmail,
    ...limitsOf(ask),
    auditors,
    rewrappers,
    breakGlassRole,
    environmentVariables: Object.fromEntries(
      Object.entries(SETTING_PARAMETERS).map(([id, name]) => [
        name,
        text(id, `${name} of docs/configuration.md`, { default: '' }),
      ]),
    ),
    conditions: conditionsOf(ask, asked),
  };
}

function platformOf({ text }: Asking) {
  return {
    environment: text('Environment', 'Region domain of Genesys Cloud, e.g. mypurecloud.com', {
      minLength: 3,
    }),
    organizationId: text('OrganizationId', 'Id of the Genesys Cloud organization', {
      allowedPattern: '[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}',
    }),
  };
}

function limitsOf({ number }: Asking) {
  return {
    logRetentionDays: number('LogRetentionDays', 'Days that logs are kept', {
      default: '365',
      allowedValues: LOG_RETENTION_DAYS.map(String),
    }),
    maxConcurrency: number('MaxConcurrency', 'Concurrent invocations for the queue', {
      default: 5,
      minValue: 2,
      maxValue: 100,
    }),
  };
}

interface AskedFor {
  readonly eventSourceName: string;
  readonly createEventBus: string;
  readonly alarmEmail: string;
  readonly auditors: string[];
  readonly rewrappers: string[];
  readonly signingKey: string;
}

/** What is made only where a parameter asks for it. */
function conditionsOf({ when, given, is, flag }: Asking, asked: AskedFor): ArchiveConditions {
  const eventSource = given('HasEventSource', asked.eventSourceName, NO_EVENT_SOURCE);
  const anyOf = (id: string, list: string[]) => given(id, Fn.join('', list));
  const flagged = (id: string, parameter: string, description: string) =>
    is(id, flag(parameter, description), 'true');
  return {
    eventSource,
    eventBus: when(
      'MakesEventBus',
      Fn.conditionAnd(eventSource, Fn.conditionEquals(asked.createEventBus, 'true')),
    ),
    tutorialEvents: flagged(
      'HasTutorialEvents',
      'TutorialEvents',
      'true: also takes archiving:events from the default event bus',
    ),
    webhook: flagged('HasWebhook', 'Webhook', 'true: a Function URL that takes signed webhooks'),
    objectLock: flagged('HasObjectLock', 'ObjectLock', 'true: nothing can be removed before its time'),
    alarmEmail: given('HasAlarmEmail', asked.alarmEmail),
    auditors: anyOf('HasAuditors', asked.auditors),
    rewrappers: anyOf('HasRewrappers', asked.rewrappers),
    signingSecret: is('SignsWithSecret', asked.signingKey, 'secret'),
    signingKms: is('SignsWithKms', asked.signingKey, 'kms'),
  };
}
