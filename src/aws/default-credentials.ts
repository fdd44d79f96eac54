import type { Proxies } from '../proxies.ts';
import { awsRequestHandler } from './requests.ts';
import type { AwsCredentials } from './sigv4.ts';

/** Of the services that give credentials: STS, IAM Identity Center. */
const TIMEOUTS = { connectMs: 5_000, requestMs: 10_000 } as const;

/** Where the AWS SDK finds credentials. Loaded only when they are asked for; it is in the bundle for S3 anyway. */
export async function defaultCredentials(
  proxies: Proxies | undefined,
): Promise<() => Promise<AwsCredentials>> {
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  const requestHandler = awsRequestHandler(TIMEOUTS, proxies);
  return defaultProvider({ clientConfig: { requestHandler }, parentClientConfig: { requestHandler } });
}
