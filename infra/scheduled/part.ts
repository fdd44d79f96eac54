import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { ArchiveResources } from '../access/policies.ts';
import type { Statement } from '../access/statement.ts';
import type { ScheduledBundle } from './scheduled-function.ts';

/** One function that a schedule starts: what it is, what it may do, and the alarms about it. */
export interface ScheduledPart {
  /** Of the constructs, and of the role. */
  readonly id: string;
  readonly bundle: ScheduledBundle;
  readonly description: string;
  /** `rate(…)` or `cron(…)`, UTC. */
  readonly schedule: string;
  /** Minutes within which the function is started; without it, on the minute. */
  readonly windowMinutes?: number;
  /** The event of the function. */
  readonly input: object;
  /** Besides the log and the network. */
  readonly statements: (about: ArchiveResources) => readonly Statement[];
  /** It opens data keys of recordings. */
  readonly decrypts: boolean;
  readonly reservedConcurrency?: number | undefined;
  /** Times that Lambda starts the function again after a failure, at most 2. */
  readonly retries: number;
  /** How long an event waits for the function to be free, 60 s to 6 h. @default an hour */
  readonly eventAgeS?: number;
  /** MB. @default that of the archiving function */
  readonly memoryMb?: number;
  /** It exchanges objects of the archive that it has just read, which the bucket refuses to others. */
  readonly replaces?: boolean;
  /** It tags objects of the archive, which the bucket refuses to others. */
  readonly tags?: boolean;
  /** It signs receipts, or reads the OAuth client: the secrets let its role in. */
  readonly readsSecrets?: boolean;
  /** Names of those variables of the archiving function that it is given as well. */
  readonly variables: readonly string[];
  readonly alarms: readonly ScheduledAlarm[];
}

export interface ScheduledAlarm {
  /** Of docs/runbook.md. */
  readonly anchor: string;
  readonly what: string;
  /** Failures of invocations, unless there is another metric. */
  readonly metric?: cloudwatch.IMetric;
  readonly threshold?: number;
  readonly evaluationPeriods?: number;
  readonly comparisonOperator?: cloudwatch.ComparisonOperator;
  readonly treatMissingData?: cloudwatch.TreatMissingData;
}

/** Where the archive is, and whose it is: of every function. */
export const ARCHIVE_VARIABLES = [
  'S3_ARCHIVE_BUCKET',
  'ARCHIVE_STORE',
  'S3_EXPECTED_BUCKET_OWNER',
  'GENESYS_ORGANIZATION_ID',
] as const;

/** Of functions that ask the platform as a backfill does: with its own client, where there is one, and sealing what they keep in the second store. */
export const PLATFORM_VARIABLES = [
  ...ARCHIVE_VARIABLES,
  'GENESYS_ENVIRONMENT',
  'GENESYS_SECRET_ARN',
  'GENESYS_BACKFILL_SECRET_ARN',
  'ARCHIVE_KMS_KEY_ID',
  'ARCHIVE_CATALOGUE',
] as const;
