import type { Duration } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import type { HomeProps } from '../buckets/home.ts';
import type { ConsoleSettings } from '../../src/config/deploy/settings.ts';
import type { ArchiveConditions } from '../conditions.ts';
import type { HardeningProps } from './hardening.ts';
import type { ScheduledBundle } from '../scheduled/scheduled-function.ts';

export interface GenesysMediaArchiveProps extends HardeningProps, HomeProps {
  /** Region domain of Genesys Cloud, e.g. `mypurecloud.com`. */
  readonly environment: string;
  /** Id of the Genesys Cloud organization, exactly as Genesys Cloud writes it; every data key is bound to it. */
  readonly organizationId: string;
  /**
   * `aws.partner/genesys.com/cloud/ORGANIZATION/SUFFIX`: the partner event source of the EventBridge integration. Without it, ends of
   * conversations do not arrive by themselves.
   */
  readonly eventSourceName?: string;
  /** The event source has been associated with an event bus before. @default false: the bus is made here */
  readonly existingEventBus?: boolean;
  /** Also takes events of the tutorial's shape (`archiving:events`) from the default event bus. @default false */
  readonly tutorialEvents?: boolean;
  /** A Function URL that takes signed webhooks. @default false */
  readonly webhook?: boolean;
  /**
   * Where the key that signs receipts is. `kms`: KMS makes it and never gives it away, so that no function holds it; each recording then
   * costs two signatures (docs/cost.md). @default 'secret': people make it, and put it into the secret
   */
  readonly signingKey?: 'secret' | 'kms';
  /** The console for several people, a function behind CloudFront. @default none */
  readonly console?: ConsoleSettings;
  /** Receives the alarms; has to confirm once. */
  readonly alarmEmail?: string;
  /** Age of the oldest event from which on it is an alarm. @default 2 hours, the default of `ARCHIVE_READY_HORIZON` */
  readonly oldestMessage?: Duration;
  /** Days that logs are kept at least; rounded up to what CloudWatch Logs knows, and for ever beyond 3653. @default 365 */
  readonly logRetentionDays?: number;
  /** Concurrent invocations for the queue, 2 to 1000. Each gets its share of the 300 requests a minute. @default 5 */
  readonly maxConcurrency?: number;
  /** Further settings of the function, by their names in docs/configuration.md. Secrets are refused. */
  readonly environmentVariables?: Readonly<Record<string, string>>;
  /** ARNs of the KMS keys that data keys are moved from or to. @default none: the role can do nothing yet */
  readonly otherKeyArns?: readonly string[];
  /** Where the runbook is; alarms link to its anchors. @default 'docs/runbook.md' */
  readonly runbook?: string;
  /** The function's code. @default the bundle of this package, `dist/lambda/` */
  readonly code?: lambda.Code;
  /** That of the console. @default its bundle of this package */
  readonly consoleCode?: lambda.Code;
  /** That of the functions that schedules start. @default their bundles of this package */
  readonly scheduledCode?: (bundle: ScheduledBundle) => lambda.Code;
  /** For templates with parameters: parts that are there only under a condition. */
  readonly conditions?: ArchiveConditions;
}
