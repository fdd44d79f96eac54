/** Variables of the functions that name parts of the stack. */
import { Aws, Tokenization } from 'aws-cdk-lib';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import type { ArchiveKeys } from '../keys/archive-keys.ts';
import { METRICS_OF_STACK } from '../watch/metrics.ts';
import type { GenesysMediaArchiveProps } from '../props/archive.ts';
import { chooseString } from '../conditions.ts';
import { functionEnvironment } from './environment.ts';
import { DEFAULT_MAX_CONCURRENCY, NODE_OPTIONS } from './sizing.ts';
import { present } from '../../src/present.ts';

interface NamedParts extends ArchiveKeys {
  readonly catalogueBucket: Pick<s3.IBucket, 'bucketName'>;
  readonly queue: sqs.IQueue;
  readonly deadLetters: sqs.IQueue;
  readonly credentialsSecret: secrets.CfnSecret;
  readonly signingKeySecret: secrets.CfnSecret | undefined;
  readonly webhookSecret: secrets.CfnSecret;
}

/**
 * Of the function that archives.
 *
 * @param home say where the archive is.
 * @throws Error as {@link functionEnvironment}.
 */
export function archivingVariables(
  parts: NamedParts,
  props: GenesysMediaArchiveProps,
  home: Readonly<Record<string, string>>,
): Record<string, string> {
  const { conditions = {}, maxConcurrency = DEFAULT_MAX_CONCURRENCY, webhook = false } = props;
  const { signingKeySecret: secret, signingKey: key } = parts;
  return functionEnvironment(
    {
      GENESYS_ENVIRONMENT: props.environment,
      GENESYS_ORGANIZATION_ID: props.organizationId,
      GENESYS_SECRET_ARN: parts.credentialsSecret.ref,
      ...home,
      S3_EXPECTED_BUCKET_OWNER: Aws.ACCOUNT_ID,
      ARCHIVE_KMS_KEY_ID: parts.key.attrArn,
      ...present({
        ARCHIVE_SIGNING_KEY_SECRET_ARN: secret && chooseString(conditions.signingSecret, secret.ref),
        ARCHIVE_SIGNING_KMS_KEY_ID: key && chooseString(conditions.signingKms, key.attrArn),
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
export function readingVariables(
  { catalogueBucket, logKey, drillKey }: NamedParts,
  { seal }: Pick<GenesysMediaArchiveProps, 'seal'>,
): Record<string, string> {
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
      ARCHIVE_PROOF_LOCK: lock && `${lock.mode}:${lock.days}`,
    }),
  };
}
