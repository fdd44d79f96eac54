import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { awsConnection } from '../../aws/requests.ts';
import type { HttpTimeouts } from '../../http/timeouts.ts';
import { present } from '../../present.ts';
import type { Proxies } from '../../proxies.ts';

export interface S3Timeouts {
  /** TCP and TLS set-up, ms. */
  readonly connectMs: number;
  /** Longest silence on a connection, ms. S3 sends spaces while it completes a large upload. */
  readonly idleMs: number;
  /** From the first byte of a request to the response headers, ms: 5 MiB at 44 KB/s. */
  readonly requestMs: number;
}

export const DEFAULT_S3_TIMEOUTS: S3Timeouts = { connectMs: 5_000, idleMs: 30_000, requestMs: 120_000 };

/** The same for requests that go past the SDK's client; their answers have no body worth waiting for. */
export function directTimeouts(timeouts: S3Timeouts = DEFAULT_S3_TIMEOUTS): Partial<HttpTimeouts> {
  const { connectMs, idleMs, requestMs } = timeouts;
  return { connectMs, idleMs, headersMs: requestMs };
}

/** Everything left out means what the AWS SDK says: `AWS_*` variables, profiles, the role of the Lambda. */
export interface S3ClientOptions {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** `http://host/bucket/key` instead of `http://bucket.host/key`, for most S3-compatible servers. */
  readonly forcePathStyle?: boolean;
  readonly timeouts?: Partial<S3Timeouts>;
  readonly proxies?: Proxies | undefined;
}

/** A client whose retries and checksums are left to the store, so that neither is done twice. */
export function createS3Client(options: S3ClientOptions = {}): S3Client {
  const timeouts = { ...DEFAULT_S3_TIMEOUTS, ...options.timeouts };
  const { endpoint, region, credentials, forcePathStyle } = options;
  const given: S3ClientConfig = present({ endpoint, region, credentials, forcePathStyle });
  return new S3Client({
    ...given,
    maxAttempts: 1,
    // The SDK's own CRC32 is JavaScript and costs more CPU than hashing, encrypting and sending together.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // Opens a new connection for every request with a body.
    expectContinueHeader: false,
    ...awsConnection(timeouts, options.proxies),
  });
}
