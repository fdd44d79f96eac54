import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ArchiveError } from '../errors.ts';
import { awsConnection } from '../aws/requests.ts';
import type { SkewableClient } from '../aws/clock-skew.ts';
import type { Proxies } from '../proxies.ts';
import { decodeText } from '../text-file.ts';

/** Seconds for which a value that was read stands for the current one. */
export const MAX_AGE_S = 300;

/** ms; Secrets Manager usually takes 20 to 100. */
const CONNECT_MS = 2_000;
const REQUEST_MS = 5_000;

/** Reads one secret by its ARN: from the cache, unless it is older than {@link MAX_AGE_S} or `fresh` is asked for. */
export type ReadSecret = ((arn: string, fresh: boolean) => Promise<string | undefined>) & {
  /** That signs the requests. */
  readonly client?: SkewableClient;
};

/** Secrets of one region, cached by Powertools. The retries are left to the caller, so that they are not multiplied. */
export function connectSecretsManager(region: string, proxies?: Proxies): ReadSecret {
  const client = new SecretsManagerClient({
    region,
    maxAttempts: 1,
    ...awsConnection({ connectMs: CONNECT_MS, requestMs: REQUEST_MS }, proxies),
  });
  const provider = new SecretsProvider({ awsSdkV3Client: client });
  const read: ReadSecret = async (arn, fresh) => {
    try {
      const value = await provider.get(arn, { maxAge: MAX_AGE_S, forceFetch: fresh });
      if (value === undefined) return undefined;
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      return decodeText(bytes, 'the secret', 'CONFIG_INVALID');
    } catch (error) {
      if (error instanceof ArchiveError) throw error;
      // Powertools wraps what the SDK threw
      throw error instanceof Error && error.cause !== undefined ? error.cause : error;
    }
  };
  return Object.assign(read, { client });
}
