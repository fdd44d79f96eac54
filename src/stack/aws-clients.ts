import type { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { S3Client } from '@aws-sdk/client-s3';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { awsConnection } from '../aws/requests.ts';
import { present } from '../present.ts';
import type { Proxies } from '../proxies.ts';

/**
 * Clients for what the stack is made of. Each is loaded when it is first asked for: together they take longer to load than all
 * their calls. Endpoints, credentials and profiles are what the `AWS_*` variables say.
 */
export interface AwsClients {
  cloudFormation(): Promise<CloudFormationClient>;
  cloudWatch(): Promise<CloudWatchClient>;
  kms(): Promise<KMSClient>;
  lambda(): Promise<LambdaClient>;
  s3(): Promise<S3Client>;
  secretsManager(): Promise<SecretsManagerClient>;
  close(): void;
}

/** ms; a person waits. */
const CONNECT_MS = 3_000;
const REQUEST_MS = 10_000;

/** @param region e.g. `eu-central-1`; without it `AWS_REGION` or the profile. */
export function createAwsClients(region: string | undefined, proxies?: Proxies): AwsClients {
  const settings = {
    ...present({ region }),
    maxAttempts: 3,
    ...awsConnection({ connectMs: CONNECT_MS, requestMs: REQUEST_MS }, proxies),
  };
  const opened: { destroy(): void }[] = [];
  const once = <T extends { destroy(): void }>(load: () => Promise<T>): (() => Promise<T>) => {
    let client: Promise<T> | undefined;
    return () => {
      client ??= load().then((loaded) => {
        opened.push(loaded);
        return loaded;
      });
      return client;
    };
  };
  return {
    cloudFormation: once(async () => {
      const { CloudFormationClient: Client } = await import('@aws-sdk/client-cloudformation');
      return new Client(settings);
    }),
    cloudWatch: once(async () => {
      const { CloudWatchClient: Client } = await import('@aws-sdk/client-cloudwatch');
      return new Client(settings);
    }),
    kms: once(async () => {
      const { KMSClient: Client } = await import('@aws-sdk/client-kms');
      return new Client(settings);
    }),
    lambda: once(async () => {
      const { LambdaClient: Client } = await import('@aws-sdk/client-lambda');
      return new Client(settings);
    }),
    s3: once(async () => {
      const { S3Client: Client } = await import('@aws-sdk/client-s3');
      return new Client({ ...settings, followRegionRedirects: true });
    }),
    secretsManager: once(async () => {
      const { SecretsManagerClient: Client } = await import('@aws-sdk/client-secrets-manager');
      return new Client(settings);
    }),
    close() {
      for (const client of opened) client.destroy();
    },
  };
}
