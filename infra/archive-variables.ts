import { Aws, Tokenization } from 'aws-cdk-lib';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { METRICS_OF_STACK } from './archive-metrics.ts';
import type { GenesysMediaArchiveProps } from './archive-props.ts';
import { chooseString } from './conditions.ts';
import { functionEnvironment } from './environment.ts';
import { NODE_OPTIONS } from './sizing.ts';
import { present } from '../src/present.ts';

/** What the variables of the functions name. */
export interface NamedParts {
  readonly catalogueBucket: s3.IBucket;
  readonly key: kms.CfnKey;
  readonly signingKey: kms.CfnKey | undefined;
  readonly logKey: kms.CfnKey | undefined;
  readonly drillKey: kms.CfnKey | undefined;
  readonly queue: sqs.IQueue;
  readonly deadLetters: sqs.IQueue;
  readonly credentialsSecret: secrets.CfnSecret;
  readonly signingKeySecret: secrets.CfnSecret | undefined;
  readonly webhookSecret: secrets.CfnSecret;
  readonly backfillSecret: secrets.CfnSecret | undefined;
}

/** Concurrent invocations of the function, unless the settings say otherwise. */
export const DEFAULT_MAX_CONCURRENCY = 5;

type Variables = Record<string, string>;

/**
 * Of the function that archives.
 *
 * @param home where the archive is.
 * @throws Error as {@link functionEnvironment}.
 */
export function archivingVariables(
  parts: NamedParts,
  props: GenesysMediaArchiveProps,
  home: Readonly<Variables>,
): Variables {
  const { conditions = {}, maxConcurrency = DEFAULT_MAX_CONCURRENCY, webhook = false } = props;
  const { signingKeySecret: secret, signingKey } = parts;
  return functionEnvironment(
    {
      GENESYS_ENVIRONMENT: props.environment,
      GENESYS_ORGANIZATION_ID: props.organizationId,
      GENESYS_SECRET_ARN: parts.credentialsSecret.ref,
      ...home,
      S3_EXPECTED_BUCKET_OWNER: Aws.ACCOUNT_ID,
      ARCHIVE_KMS_KEY_ID: parts.key.attrArn,
      ...present({
        ARCHIVE_SIGNING_KEY_SECRET_ARN:
          secret === undefined ? undefined : chooseString(conditions.signingSecret, secret.ref),
        ARCHIVE_SIGNING_KMS_KEY_ID:
          signingKey === undefined ? undefined : chooseString(conditions.signingKms, signingKey.attrArn),
        ARCHIVE_WEBHOOK_SECRET_ARN: webhook
          ? chooseString(conditions.webhook, parts.webhookSecret.ref)
          : undefined,
      }),
      ARCHIVE_QUEUE_URL: parts.queue.queueUrl,
      ARCHIVE_DEAD_LETTER_QUEUE_URL: parts.deadLetters.queueUrl,
      ARCHIVE_RATE_SHARE: `1/${Tokenization.stringifyNumber(maxConcurrency)}`,
    },
    { NODE_OPTIONS, POWERTOOLS_SERVICE_NAME: METRICS_OF_STACK, ...props.environmentVariables },
  );
}

/** What the console and the scheduled functions have besides: catalogue and log. */
export function furtherVariables(
  { catalogueBucket, logKey, drillKey }: NamedParts,
  { seal }: Pick<GenesysMediaArchiveProps, 'seal'>,
): Variables {
  const catalogue = { ARCHIVE_CATALOGUE: `s3://${catalogueBucket.bucketName}` };
  if (seal === undefined || logKey === undefined) return catalogue;
  const { origin, secondStore, lock } = seal;
  return {
    ...catalogue,
    ARCHIVE_PROOF_ORIGIN: origin,
    ARCHIVE_PROOF_KMS_KEY_ID: logKey.attrArn,
    ...present({
      ARCHIVE_DRILL_KMS_KEY_ID: drillKey?.attrArn,
      ARCHIVE_PROOF_SECOND_STORE: secondStore,
      ARCHIVE_PROOF_LOCK: lock === undefined ? undefined : `${lock.mode}:${lock.days}`,
    }),
  };
}
