import type * as iam from 'aws-cdk-lib/aws-iam';
import type {
  CatalogueSettings,
  JobsSettings,
  SealSettings,
  VerificationSettings,
} from '../../src/config/deploy/settings.ts';
import type { ReplicaSettings } from '../buckets/replica-settings.ts';

/** Who may do what, and parts that cost money and are off by default. docs/deployment.md says what each is for. */
export interface HardeningProps {
  /** Who may assume the role that restores and verifies, as ARNs or as a principal. @default no one */
  readonly auditors?: iam.IPrincipal | readonly string[];
  /** Who may assume the role that moves data keys to another KMS key. @default no one */
  readonly rewrappers?: iam.IPrincipal | readonly string[];
  /** Who may assume the role that releases recordings from quarantine; it needs `ARCHIVE_QUARANTINE`. @default no one: there is no such role */
  readonly releasers?: iam.IPrincipal | readonly string[];
  /** Who may assume the role that erases. @default no one: there is no such role */
  readonly erasers?: iam.IPrincipal | readonly string[];
  /** These roles are assumed with multi-factor authentication only. @default false */
  readonly requireMfa?: boolean;
  /** The bucket refuses deletions, and bypasses of a retention, of all but `breakGlassRole`. @default true */
  readonly protectObjects?: boolean;
  /** ARN of the one role that may delete, unlock and overwrite objects. @default none: no role may, until the bucket policy is changed */
  readonly breakGlassRole?: string;
  /** ARNs of roles and users that may read the secrets of the stack besides the function. @default none */
  readonly secretReaders?: readonly string[];
  /** Invocations for webhooks at a time; `null` reserves none, for accounts that have fewer than 100 to spare. @default 5 */
  readonly webhookConcurrency?: number | null;
  /** Webhooks come in through an API Gateway instead of a Function URL. @default false */
  readonly apiGateway?: boolean;
  /** A regional web ACL of AWS WAF in front of the API Gateway. @default none */
  readonly webAclArn?: string;
  /** The function runs in a VPC of its own, with endpoints and a fixed address to the outside. @default false */
  readonly vpc?: boolean;
  /** A KMS key of the account encrypts queues, logs, secrets and the topic. @default false: keys of AWS do */
  readonly customerKeys?: boolean;
  /** Records every access to objects and every use of keys, with alarms. @default false */
  readonly auditTrail?: boolean;
  /** A function that verifies another sample of the archive each day, and how. @default true: in 100 days, depth `head` */
  readonly verification?: boolean | Partial<VerificationSettings>;
  /** A function that works on jobs, such as a backfill, and how. @default false */
  readonly jobs?: boolean | Partial<JobsSettings>;
  /** A function that keeps the catalogue up to date, and a table of Athena over it. @default false */
  readonly catalogue?: boolean | Partial<CatalogueSettings>;
  /** A function that fetches what the platform knows of each day's conversations. @default false */
  readonly facts?: boolean;
  /** A function that compares each day with the platform, and seals it in a log. @default none */
  readonly seal?: SealSettings;
  /** Gets a copy of every object. @default none */
  readonly replica?: ReplicaSettings;
}
