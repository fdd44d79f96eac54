import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type ArchiveConditions, onlyWhen } from './conditions.ts';
import { BATCH_SIZE, FUNCTION_TIMEOUT_S, MEMORY_MB } from './sizing.ts';

export interface ArchiveFunctionProps {
  /** Of the function; nothing is added to it. */
  readonly role: iam.IRole;
  /** What it may do; the function and its mapping wait for it. */
  readonly policy: iam.Policy;
  readonly logGroup: logs.ILogGroup;
  readonly queue: sqs.IQueue;
  readonly code?: lambda.Code | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** At least 2. */
  readonly maxConcurrency: number;
  readonly webhook: boolean;
  readonly conditions: ArchiveConditions;
}

/** The function, fed by its queue and, where wanted, by webhooks. */
export class ArchiveFunction extends Construct {
  readonly function: lambda.Function;
  readonly url: lambda.FunctionUrl | undefined;

  constructor(scope: Construct, id: string, props: ArchiveFunctionProps) {
    super(scope, id);
    this.function = new lambda.Function(this, 'Handler', {
      description: 'Archives recordings of Genesys Cloud',
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      handler: 'archive.handler',
      // the source map is for people: the function does not read it
      code: props.code ?? lambda.Code.fromAsset(bundleFolder(), { exclude: ['*.map'] }),
      memorySize: MEMORY_MB,
      timeout: Duration.seconds(FUNCTION_TIMEOUT_S),
      role: props.role,
      logGroup: props.logGroup,
      environment: { ...props.environment },
    });
    this.function.node.addDependency(props.policy);
    new lambda.EventSourceMapping(this, 'FromQueue', {
      target: this.function,
      eventSourceArn: props.queue.queueArn,
      batchSize: BATCH_SIZE,
      reportBatchItemFailures: true,
      maxConcurrency: props.maxConcurrency,
    });
    if (props.webhook) this.url = this.open(props.conditions);
  }

  /**
   * Anybody can call it: the senders of webhooks have no AWS credentials. What carries no valid HMAC of the secret is answered with
   * 401 before anything is parsed, and without a secret nothing is accepted.
   */
  private open({ webhook }: ArchiveConditions): lambda.FunctionUrl {
    const before = new Set(this.node.findAll());
    const url = this.function.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });
    for (const added of this.node.findAll()) if (!before.has(added)) onlyWhen(webhook, added);
    return url;
  }
}

/** Logs outlive the stack; they end by themselves. */
export function createLogGroup(
  scope: Construct,
  id: string,
  retentionDays: number | undefined,
): logs.LogGroup {
  const group = new logs.LogGroup(scope, id, {
    retention: logs.RetentionDays.INFINITE,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const element = group.node.defaultChild as logs.CfnLogGroup;
  if (retentionDays !== undefined) element.retentionInDays = retentionDays;
  return group;
}

/** `dist/lambda/`, from the package's own `dist/cdk/` and from the sources. */
function bundleFolder(): string {
  const folders = ['../lambda/', '../dist/lambda/'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const found = folders.find((folder) => existsSync(`${folder}archive.mjs`));
  if (found === undefined) {
    throw new Error(
      `the bundle of the function, archive.mjs, is not in ${folders.join(' or ')}: run \`npm run build\`, or pass \`code\``,
    );
  }
  return found;
}
