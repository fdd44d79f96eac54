import { SQSClient } from '@aws-sdk/client-sqs';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { silentLogger } from '../../src/log.ts';
import { createSqsQueue, type SqsQueueOptions } from '../../src/queue/sqs-queue.ts';
import { type SqsEndpoint, type SqsOptions, startSqs } from '../../packages/simulator/src/sqs/sqs.ts';
import { fastClock } from '../fast-clock.ts';

export const CREDENTIALS = { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' };

/** An endpoint of its own for one test. */
export async function startEndpoint(options: SqsOptions = {}): Promise<SqsEndpoint> {
  const sqs = await startSqs(options);
  onTestFinished(() => sqs.close());
  return sqs;
}

/** The SDK's own client, without its retries. */
export function createClient(endpoint: string): SQSClient {
  const client = new SQSClient({ endpoint, region: 'us-east-1', maxAttempts: 1, credentials: CREDENTIALS });
  onTestFinished(() => client.destroy());
  return client;
}

/** Ours. Its pauses take no time. */
export function createQueue(options: Partial<SqsQueueOptions> = {}) {
  const fast = fastClock();
  const queue = createSqsQueue({
    clock: { ...systemClock, sleep: (ms, signal) => fast.sleep(ms, signal) },
    logger: silentLogger,
    region: 'us-east-1',
    credentials: () => Promise.resolve(CREDENTIALS),
    ...options,
  });
  onTestFinished(() => queue.close());
  return queue;
}
