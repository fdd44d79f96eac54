/**
 * What `genesys-archive init` writes and the deployment reads: a JSON file, `genesys-archive.deploy.json` by default. It holds no
 * secret. The names of the stack's outputs and metrics stand here too, for `doctor` and the dashboard read them by these names.
 */
import * as z from 'zod';
import { isAwsRegion, suggestRegion } from '../../aws-regions.ts';
import { hardeningSettings } from './hardening.ts';
import { homeSettings } from './home.ts';

const days = z.int().min(1).max(36_500);

export const deploySettings = z.strictObject({
  /** Name of the CloudFormation stack. */
  stackName: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, 'is a letter, then letters, digits and hyphens')
    .default('GenesysMediaArchive'),
  /** AWS region to deploy to, e.g. `eu-central-1`. */
  region: z.string().superRefine((text, context) => {
    if (isAwsRegion(text)) return;
    const meant = suggestRegion(text);
    const message = `is an AWS region, such as ${meant ?? 'eu-central-1'}`;
    context.addIssue({
      code: 'custom',
      message: meant === undefined ? message : `is an AWS region; did you mean ${meant}?`,
    });
  }),
  /** AWS account; the one of the credentials where it is left out. */
  account: z
    .string()
    .regex(/^\d{12}$/, 'has 12 digits')
    .optional(),
  /** Region domain of Genesys Cloud, e.g. `mypurecloud.com`. */
  environment: z.string().min(3),
  /** Id of the Genesys Cloud organization; every data key is bound to it. */
  organizationId: z.uuid('is a UUID'),
  /** `aws.partner/genesys.com/cloud/ORGANIZATION/SUFFIX`: the partner event source, whose event bus has the same name. */
  eventSourceName: z
    .string()
    .regex(/^aws\.partner\/genesys\.com[^\s]{1,200}$/, 'starts with aws.partner/genesys.com')
    .optional(),
  /** The event source is associated with an event bus already, which then is used: there can be only one. */
  existingEventBus: z.boolean().default(false),
  /** Also takes events of the tutorial's shape (`archiving:events`) from the default event bus. */
  tutorialEvents: z.boolean().default(false),
  /** A Function URL that takes signed webhooks. */
  webhook: z.boolean().default(false),
  /** Where the key that signs receipts is: in a secret that people fill, or in KMS, which makes it and never gives it away. */
  signingKey: z.enum(['secret', 'kms']).default('secret'),
  /** Nothing can be removed before its time; `compliance`: not even by the account's owner. */
  objectLock: z.strictObject({ mode: z.enum(['governance', 'compliance']), days }).optional(),
  /** Receives the alarms. */
  alarmEmail: z.email('is an e-mail address').optional(),
  logRetentionDays: days.default(365),
  /** Concurrent invocations; 2 is the least that SQS takes. Each gets its share of the 300 requests a minute. */
  maxConcurrency: z.int().min(2).max(100).default(5),
  /** Further settings of the function, by their names in docs/configuration.md, e.g. `{"ARCHIVE_WRITE_BACK": "annotation"}`. */
  environmentVariables: z.record(z.string(), z.string()).default({}),
  ...homeSettings,
  ...hardeningSettings,
});

export type DeploySettings = z.output<typeof deploySettings>;

export const DEPLOY_SETTINGS_FILE = 'genesys-archive.deploy.json';

/**
 * Outputs of the stack. `WebhookUrl`, `VerifierFunctionName`, `EgressAddress` and `AuditTrailName` are there only with these parts; of the signing key there is
 * one, its secret or itself.
 */
export const STACK_OUTPUTS = [
  'BucketName',
  'CatalogueBucketName',
  'KeyRecordsBucketName',
  'QueueUrl',
  'DeadLetterQueueUrl',
  'FunctionName',
  'KeyArn',
  'CredentialsSecretArn',
  'SigningKeySecretArn',
  'SigningKeyArn',
  'WebhookSecretArn',
  'BackfillSecretArn',
  'WebhookUrl',
  'VerifierFunctionName',
  'JobRunnerFunctionName',
  'CompactorFunctionName',
  'FactsFunctionName',
  'RetainerFunctionName',
  'SealerFunctionName',
  'DrillerFunctionName',
  'AthenaWorkGroupName',
  'AthenaTableName',
  'AnalystPolicyArn',
  'ConsoleUrl',
  'ConsoleSecretArn',
  'LogKeyArn',
  'DrillKeyArn',
  'DashboardName',
  'AlarmTopicArn',
  'AuditorRoleArn',
  'RewrapRoleArn',
  'ReleaserRoleArn',
  'EraserRoleArn',
  'EgressAddress',
  'AuditTrailName',
] as const;

export type StackOutput = (typeof STACK_OUTPUTS)[number];

export { METRICS, METRICS_NAMESPACE, METRICS_SERVICE } from '../metric-names.ts';
export type { RetentionSettings } from './home.ts';
export { type CatalogueSettings, catalogueSettings } from './catalogue.ts';
export type { ConsoleSettings } from './console.ts';
export type { JobsSettings } from './jobs.ts';
export type { DrillSettings } from './drill.ts';
export type { SealSettings } from './seal.ts';
export type { VerificationSettings } from './verification.ts';
