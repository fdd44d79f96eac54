import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { signingKeyId } from '../../src/record/receipt/receipt.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { type SecretsEndpoint, startSecrets } from '../../packages/simulator/src/secrets/secrets.ts';
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../packages/simulator/src/simulator.ts';
import { type SqsEndpoint, startSqs } from '../../packages/simulator/src/sqs/sqs.ts';
import { openStore } from '../../src/store/open-store.ts';
import { FUNCTION_ARN, startRuntimeApi } from './lambda-runtime-api.ts';

export const ORGANIZATION = '0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
const BUCKET = 'recordings';
export const WEBHOOK_SECRET = 'canary-webhook-secret';

export interface World {
  readonly simulator: Simulator;
  readonly sqs: SqsEndpoint;
  readonly secrets: SecretsEndpoint;
  readonly store: ObjectStore;
  /** Of the key that receipts are signed with. */
  readonly receiptKeys: ReadonlyMap<string, KeyObject>;
  /** The environment of the function, as the stack sets it: nothing secret stands in it but what is AWS's own. */
  readonly environment: Readonly<Record<string, string>>;
  /** What must never be printed. */
  readonly canaries: readonly string[];
  close(): Promise<void>;
}

/** A world that ends with the test. */
export async function startWorld(options: SimulatorOptions = {}): Promise<World> {
  const world = await openWorld(options);
  onTestFinished(() => world.close());
  return world;
}

/** The platform, S3, KMS, SQS and Secrets Manager of one function. */
export async function openWorld(options: SimulatorOptions = {}): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'function-'));
  const pair = generateKeyPairSync('ed25519');
  const pem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const simulator = await startSimulator({
    recordings: 3,
    s3: { dir: join(dir, 's3'), bucket: BUCKET },
    kms: { dir: join(dir, 'keys') },
    ...options,
  });
  const [sqs, secrets] = await Promise.all([startSqs(), startSecrets()]);
  const {
    GENESYS_CLIENT_ID: clientId,
    GENESYS_CLIENT_SECRET: clientSecret,
    ...base
  } = simulator.environment();
  const environment = {
    ...base,
    ...sqs.environment(),
    ...secrets.environment(),
    S3_FORCE_PATH_STYLE: '1',
    GENESYS_ORGANIZATION_ID: ORGANIZATION,
    ARCHIVE_KMS_KEY_ID: 'alias/recordings',
    GENESYS_SECRET_ARN: secrets.put('genesys', JSON.stringify({ clientId, clientSecret })),
    ARCHIVE_SIGNING_KEY_SECRET_ARN: secrets.put('receipts', pem),
    ARCHIVE_WEBHOOK_SECRET_ARN: secrets.put('webhook', WEBHOOK_SECRET),
    ARCHIVE_QUEUE_URL: sqs.queueUrl('recordings'),
    ARCHIVE_DEAD_LETTER_QUEUE_URL: sqs.queueUrl('recordings-dead'),
    ARCHIVE_SETTLE: '0s',
  };
  const store = await openStore(`s3://${BUCKET}`, {
    s3: {
      endpoint: simulator.s3?.url ?? '',
      region: 'us-east-1',
      credentials: { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' },
      forcePathStyle: true,
    },
  });
  const receiptKey = createPublicKey(pair.privateKey);
  return {
    simulator,
    sqs,
    secrets,
    store,
    receiptKeys: new Map([[signingKeyId(receiptKey), receiptKey]]),
    environment,
    canaries: [
      clientSecret ?? '',
      WEBHOOK_SECRET,
      pem.split('\n')[1] ?? '',
      'simulator-secret-key',
      'Bearer',
      'X-Amz-Signature',
    ],
    close: async () => {
      await Promise.all([simulator.close(), sqs.close(), secrets.close()]);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export interface RunOptions {
  readonly node: string;
  /** Directory that `scripts/lambda-runtime.sh install` filled. */
  readonly runtime: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Default: the bundle's. */
  readonly handler?: string;
  readonly memoryMb?: number;
}

/** One execution environment: the runtime in a process of its own, which has loaded the bundle. It ends with the test. */
export async function startFunction({ node, runtime, environment, handler, memoryMb = 1024 }: RunOptions) {
  const api = await startRuntimeApi();
  const entry = join(runtime, 'node_modules/aws-lambda-ric/index.mjs');
  const name = handler ?? 'archive.handler';
  const child = spawn(node, [entry, name], {
    cwd: tmpdir(),
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_NO_WARNINGS: '1',
      AWS_LAMBDA_RUNTIME_API: api.address,
      AWS_LAMBDA_FUNCTION_NAME: 'archiver',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/archiver',
      AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
      LAMBDA_TASK_ROOT: resolve('dist/lambda'),
      _HANDLER: name,
      ...environment,
    },
  });
  let output = '';
  const gather = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout.on('data', gather);
  child.stderr.on('data', gather);
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
    await api.close();
  };
  onTestFinished(stop);
  const died = exited.then(() => {
    throw new Error(`the runtime has ended:\n${output}`);
  });
  died.catch(() => undefined);
  const started = await Promise.race([api.started, died]);
  return {
    /** What it reported instead of asking for work. */
    startError: started,
    invoke: async (event: unknown, timeoutMs?: number) => {
      const before = output.length;
      const outcome = await Promise.race([api.invoke(event, timeoutMs), died]);
      return { ...outcome, output: output.slice(before), lines: readLines(output.slice(before)) };
    },
    /** All that was printed so far. */
    output: () => output,
    functionArn: FUNCTION_ARN,
  };
}

type Line = Readonly<Record<string, unknown>>;

/** The JSON lines of an output: those of the log, and those of CloudWatch's embedded metric format. */
export function readLines(output: string): {
  readonly log: readonly Line[];
  readonly metrics: readonly Line[];
} {
  const parsed = output.split('\n').flatMap((line): Line[] => {
    try {
      const value: unknown = JSON.parse(line);
      return typeof value === 'object' && value !== null ? [{ ...value }] : [];
    } catch {
      return [];
    }
  });
  const isMetric = (line: Line) => '_aws' in line;
  return {
    log: parsed.filter((line) => !isMetric(line) && 'level' in line),
    metrics: parsed.filter(isMetric),
  };
}
