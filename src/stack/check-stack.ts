import type { Budget, Clock } from '../clock.ts';
import type { DeploySettings } from '../config/deploy/settings.ts';
import type { Logger } from '../log.ts';
import type { Proxies } from '../proxies.ts';
import { createSqsQueue } from '../queue/sqs-queue.ts';
import { type AwsClients, createAwsClients } from './aws-clients.ts';
import { lookAt } from './aws-failure.ts';
import { checkAlarms, checkLastArchive, readOldestAge } from './checks/alarms.ts';
import { checkBucket } from './checks/bucket.ts';
import { checkEventSource, readFunction } from './checks/function.ts';
import { checkHardening } from './checks/hardening.ts';
import { checkKeyRotation, checkKeyState, checkSigningKey } from './checks/key.ts';
import { checkQueues, describeAge } from './checks/queues.ts';
import { checkSecret, type OAuthClient, readCredentials } from './checks/secrets.ts';
import { type Diagnosis, skip } from './diagnosis.ts';
import { readStack, type StackOutputs } from './read-stack.ts';

export interface StackToCheck {
  readonly stackName: string;
  /** Without it, `AWS_REGION` or the profile. */
  readonly region: string | undefined;
  /** What the deployment was asked to be, where that is known. */
  readonly settings: DeploySettings | undefined;
  /** `AWS_USE_FIPS_ENDPOINT`. */
  readonly fips?: boolean;
  /** What AWS is reached through. */
  readonly proxies?: Proxies | undefined;
}

/** What was learned on the way, for looks at what is not AWS. */
export interface StackFacts {
  readonly outputs: StackOutputs | undefined;
  /** Of the function. */
  readonly variables: Readonly<Record<string, string>> | undefined;
  readonly credentials: OAuthClient | undefined;
}

/** IAM actions of all looks; docs/runbook.md lists them. */
export const LOOK_PERMISSIONS = [
  'cloudformation:DescribeStacks',
  'cloudwatch:DescribeAlarms',
  'cloudwatch:GetMetricData',
  'kms:DescribeKey',
  'kms:GetKeyRotationStatus',
  'lambda:GetFunctionConfiguration',
  'lambda:ListEventSourceMappings',
  's3:GetBucketObjectLockConfiguration',
  's3:GetBucketOwnershipControls',
  's3:GetBucketPolicy',
  's3:GetBucketPublicAccessBlock',
  's3:GetBucketVersioning',
  's3:GetEncryptionConfiguration',
  's3:GetLifecycleConfiguration',
  's3:GetReplicationConfiguration',
  'secretsmanager:DescribeSecret',
  'secretsmanager:GetResourcePolicy',
  'secretsmanager:GetSecretValue',
  'sqs:GetQueueAttributes',
] as const;

/**
 * Looks at every part of a deployed stack, one after the other, and changes nothing. What one look does not find out does not keep
 * the others from being made.
 */
export async function* checkStack(
  stack: StackToCheck,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  budget: Budget,
): AsyncGenerator<Diagnosis, StackFacts, undefined> {
  const clients = createAwsClients(stack.region, stack.proxies);
  const queue = createSqsQueue({
    clock,
    logger,
    region: stack.region,
    fips: stack.fips ?? false,
    proxies: stack.proxies,
  });
  try {
    const { findings, outputs } = await readStack(clients, stack.stackName, budget.signal);
    yield* findings;
    if (outputs === undefined) {
      yield skip('parts', 'without the outputs of the stack nothing else can be found');
      return { outputs, variables: undefined, credentials: undefined };
    }
    const { variables, timeoutS } = yield* checkFunction(clients, outputs, budget);
    const credentials = yield* checkSecrets(clients, outputs, budget);
    const { BucketName, KeyArn, QueueUrl, DeadLetterQueueUrl, FunctionName } = outputs;
    if (BucketName !== undefined) {
      const bucket = { name: BucketName, owner: KeyArn?.split(':')[4] };
      yield* checkBucket(clients, bucket, stack.settings, budget.signal);
    }
    yield* checkKeys(clients, outputs, budget);
    let queueArn: string | undefined;
    if (QueueUrl !== undefined && DeadLetterQueueUrl !== undefined) {
      const queues = { queueUrl: QueueUrl, deadLetterQueueUrl: DeadLetterQueueUrl, timeoutS };
      queueArn = yield* checkQueues(queue, queues, budget);
      yield* await lookAt('queue-age', 'cloudwatch:GetMetricData', async () => [
        describeAge(await readOldestAge(clients, QueueUrl, clock.now(), budget.signal)),
      ]);
    }
    if (FunctionName !== undefined) {
      yield* await lookAt('event-source', 'lambda:ListEventSourceMappings', () =>
        checkEventSource(
          clients,
          { functionName: FunctionName, queueArn, settings: stack.settings },
          budget.signal,
        ),
      );
    }
    yield* checkHardening({ clients, outputs, settings: stack.settings, signal: budget.signal });
    yield* await lookAt('alarms', 'cloudwatch:DescribeAlarms', () =>
      checkAlarms(clients, stack.stackName, budget.signal),
    );
    yield* await lookAt('last-archive', 'cloudwatch:GetMetricData', () =>
      checkLastArchive(clients, stack.stackName, clock.now(), budget.signal),
    );
    return { outputs, variables, credentials };
  } finally {
    clients.close();
    queue.close();
  }
}

async function* checkKeys(
  clients: AwsClients,
  { KeyArn, SigningKeyArn }: StackOutputs,
  { signal }: Budget,
): AsyncGenerator<Diagnosis, void, undefined> {
  if (KeyArn !== undefined) {
    yield* await lookAt('key', 'kms:DescribeKey', () => checkKeyState(clients, KeyArn, signal));
    yield* await lookAt('key-rotation', 'kms:GetKeyRotationStatus', () =>
      checkKeyRotation(clients, KeyArn, signal),
    );
  }
  if (SigningKeyArn !== undefined) {
    yield* await lookAt('signing-key', 'kms:DescribeKey', () =>
      checkSigningKey(clients, SigningKeyArn, signal),
    );
  }
}

async function* checkFunction(
  clients: AwsClients,
  { FunctionName }: StackOutputs,
  { signal }: Budget,
): AsyncGenerator<Diagnosis, Pick<StackFacts, 'variables'> & { timeoutS: number | undefined }, undefined> {
  let variables: StackFacts['variables'];
  let timeoutS: number | undefined;
  if (FunctionName !== undefined) {
    yield* await lookAt('function', 'lambda:GetFunctionConfiguration', async () => {
      const facts = await readFunction(clients, FunctionName, signal);
      ({ variables, timeoutS } = facts);
      return facts.findings;
    });
  }
  return { variables, timeoutS };
}

async function* checkSecrets(
  clients: AwsClients,
  { CredentialsSecretArn, SigningKeySecretArn, WebhookSecretArn, WebhookUrl }: StackOutputs,
  { signal }: Budget,
): AsyncGenerator<Diagnosis, OAuthClient | undefined, undefined> {
  let credentials: OAuthClient | undefined;
  if (CredentialsSecretArn !== undefined) {
    yield* await lookAt('credentials', 'secretsmanager:GetSecretValue', async () => {
      const read = await readCredentials(clients, CredentialsSecretArn, signal);
      ({ credentials } = read);
      return read.findings;
    });
  }
  if (SigningKeySecretArn !== undefined) {
    yield* await lookAt('signing-key', 'secretsmanager:DescribeSecret', () =>
      checkSecret(
        clients,
        {
          name: 'signing-key',
          secretArn: SigningKeySecretArn,
          howToMake: 'genesys-archive keys generate --signing receipts',
        },
        signal,
      ),
    );
  }
  if (WebhookUrl !== undefined && WebhookSecretArn !== undefined) {
    yield* await lookAt('webhook-secret', 'secretsmanager:DescribeSecret', () =>
      checkSecret(
        clients,
        { name: 'webhook-secret', secretArn: WebhookSecretArn, howToMake: 'openssl rand -hex 32' },
        signal,
      ),
    );
  }
  return credentials;
}
