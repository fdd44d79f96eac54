import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Duration, IgnoreMode, RemovalPolicy, Token } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type ArchiveConditions, onlyWhen } from '../conditions.ts';
import type { HardeningProps } from '../props/hardening.ts';
import { type ArchiveNetwork, placeIn } from './network.ts';
import { createGateway } from './http-gateway.ts';
import { BATCH_SIZE, FUNCTION_TIMEOUT_S, logRetention, MEMORY_MB } from './sizing.ts';
import { present } from '../../src/present.ts';

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
  /** Webhooks are taken, too, and how. */
  readonly webhook?: Pick<HardeningProps, 'webhookConcurrency' | 'apiGateway' | 'webAclArn'> | undefined;
  readonly webhookSecretArn: string;
  readonly network?: ArchiveNetwork | undefined;
  readonly conditions: ArchiveConditions;
}

/** Of the 1,000 of an account; webhooks are few where events come from EventBridge. */
const DEFAULT_WEBHOOK_CONCURRENCY = 5;

/** The function, fed by its queue and, where wanted, by webhooks. */
export class ArchiveFunction extends Construct {
  readonly function: lambda.Function;
  readonly url: lambda.FunctionUrl | undefined;
  /** The same code, for webhooks: a flood of them takes no invocation from the queue. */
  readonly webhook: lambda.Function | undefined;
  readonly webhookUrl: string | undefined;

  constructor(scope: Construct, id: string, props: ArchiveFunctionProps) {
    super(scope, id);
    const shared: Omit<lambda.FunctionProps, 'description'> = {
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      handler: 'archive.handler',
      code: props.code ?? bundledCode('archive'),
      memorySize: MEMORY_MB,
      timeout: Duration.seconds(FUNCTION_TIMEOUT_S),
      role: props.role,
      logGroup: props.logGroup,
      environment: { ...props.environment },
      ...placeIn(props.network),
    };
    this.function = new lambda.Function(this, 'Handler', {
      description: 'Archives recordings of Genesys Cloud',
      ...shared,
    });
    this.function.node.addDependency(props.policy);
    new lambda.EventSourceMapping(this, 'FromQueue', {
      target: this.function,
      eventSourceArn: props.queue.queueArn,
      batchSize: BATCH_SIZE,
      reportBatchItemFailures: true,
      maxConcurrency: props.maxConcurrency,
    });
    if (props.webhook !== undefined) {
      const { webhookConcurrency = DEFAULT_WEBHOOK_CONCURRENCY, apiGateway, webAclArn } = props.webhook;
      this.webhook = new lambda.Function(this, 'Webhook', {
        description: 'Archives recordings of Genesys Cloud that webhooks tell of',
        ...shared,
        // it is there only with the secret: no condition is needed
        environment: { ...shared.environment, ARCHIVE_WEBHOOK_SECRET_ARN: props.webhookSecretArn },
        ...(webhookConcurrency === null ? {} : { reservedConcurrentExecutions: webhookConcurrency }),
      });
      this.webhook.node.addDependency(props.policy);
      onlyWhen(props.conditions.webhook, this.webhook);
      if (apiGateway === true) {
        this.webhookUrl = createGateway(this, 'Gateway', { handler: this.webhook, webAclArn }).url;
      } else {
        this.url = this.#open(this.webhook, props.conditions);
        this.webhookUrl = this.url.url;
      }
    }
  }

  /**
   * Open to every caller: the senders of webhooks have no AWS credentials. What carries no valid HMAC of the secret is answered with
   * 401 before anything is parsed, and without a secret nothing is accepted.
   */
  #open(handler: lambda.Function, { webhook }: ArchiveConditions): lambda.FunctionUrl {
    const before = new Set(this.node.findAll());
    const url = handler.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.NONE });
    for (const added of this.node.findAll()) if (!before.has(added)) onlyWhen(webhook, added);
    return url;
  }
}

/**
 * Logs outlive the stack; they end by themselves.
 *
 * @param days kept at least; rounded up to what CloudWatch Logs knows, and for ever beyond that.
 */
export function createLogGroup(
  scope: Construct,
  id: string,
  days: number,
  encryptionKey?: kms.IKey,
): logs.LogGroup {
  const group = new logs.LogGroup(scope, id, {
    retention: logs.RetentionDays.INFINITE,
    removalPolicy: RemovalPolicy.RETAIN,
    ...present({ encryptionKey }),
  });
  const element = group.node.defaultChild as logs.CfnLogGroup;
  const retentionDays = Token.isUnresolved(days) ? days : logRetention(days);
  if (retentionDays !== undefined) element.retentionInDays = retentionDays;
  return group;
}

/** `dist/lambda/`, from the package's own `dist/cdk/` and from the sources. */
export function bundleFolder(bundle: string): string {
  const folders = ['../lambda/', '../../dist/lambda/'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const found = folders.find((folder) => existsSync(`${folder}${bundle}.mjs`));
  if (found === undefined) {
    throw new Error(
      `the bundle of the function, ${bundle}.mjs, is not in ${folders.join(' or ')}: run \`npm run build\`, or pass its code`,
    );
  }
  return found;
}

/** The files of one function, without source maps, which are for people. Scheduled functions share files that `files.json` lists. */
export function bundledCode(bundle: string): lambda.Code {
  const folder = bundleFolder(bundle);
  const files = bundle === 'archive' ? [`${bundle}.mjs`] : filesOf(bundle, `${folder}files.json`);
  const exclude = ['*', '!chunks', 'chunks/*', ...files.map((file) => `!${file}`)];
  return lambda.Code.fromAsset(folder, { exclude, ignoreMode: IgnoreMode.GIT });
}

function filesOf(bundle: string, list: string): readonly string[] {
  const files = (JSON.parse(readFileSync(list, 'utf8')) as Readonly<Record<string, readonly string[]>>)[
    bundle
  ];
  if (files === undefined) throw new Error(`${list} does not list ${bundle}.mjs: run \`npm run build\``);
  return files;
}
