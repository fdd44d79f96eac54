import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KMSClient, type KMSClientConfig } from '@aws-sdk/client-kms';
import { onTestFinished } from 'vitest';
import { type KmsEndpoint, type KmsOptions, startKms } from '../../packages/simulator/src/kms/kms.ts';

/** A directory that is gone after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kms-test-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** An endpoint of its own for one test. */
export async function startEndpoint(options: KmsOptions = {}): Promise<KmsEndpoint> {
  const kms = await startKms(options);
  onTestFinished(() => kms.close());
  return kms;
}

/** The real SDK client without its retries: a test sees what the server answered. */
export function createClient(endpoint: string, config: KMSClientConfig = {}): KMSClient {
  const client = new KMSClient({
    endpoint,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'simulator', secretAccessKey: 'simulator-secret-key' },
    ...config,
  });
  onTestFinished(() => client.destroy());
  return client;
}

/** The name of the error that `work` fails with. */
export async function refusalOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error.name;
    throw error;
  }
  return 'no refusal';
}
