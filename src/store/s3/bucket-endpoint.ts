import { HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3';
import type { HttpTarget } from '../../http/transport.ts';
import type { BucketAddress } from './object-calls.ts';

/** Where the SDK would send requests for the bucket, and how it would sign them. */
export interface BucketEndpoint {
  readonly origin: Pick<HttpTarget, 'protocol' | 'host' | 'hostname' | 'port'>;
  /** `host:port` as the SDK puts it in the header. */
  readonly host: string;
  /** Without a slash at its end. */
  readonly path: string;
  readonly region: string;
  readonly service: string;
}

/**
 * Lets the SDK prepare and sign a request for the bucket, and takes it before it is sent. `undefined` when it cannot be prepared,
 * `unsupported` when it wants more than plain Signature Version 4.
 */
export async function locate(
  client: S3Client,
  bucket: BucketAddress,
): Promise<BucketEndpoint | 'unsupported' | undefined> {
  if (!('config' in client)) return 'unsupported';
  let place: BucketEndpoint | 'unsupported' | undefined;
  const command = new HeadBucketCommand({ Bucket: bucket.Bucket });
  command.middlewareStack.add(
    () => (step) => {
      place = placeOf(step.request as SignedRequest);
      return Promise.resolve({ response: {}, output: { $metadata: {} } });
    },
    { step: 'deserialize', name: 'takePlace', priority: 'high' },
  );
  try {
    await client.send(command);
  } catch {
    // No region, no credentials: the SDK says so itself when the request goes through it.
    return undefined;
  }
  return place;
}

interface SignedRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

function placeOf({ protocol, hostname, port, path, headers }: SignedRequest): BucketEndpoint | 'unsupported' {
  const scope = /^AWS4-HMAC-SHA256 Credential=[^,]*\/\d{8}\/([^/,]+)\/([^/,]+)\/aws4_request,/.exec(
    headers['authorization'] ?? '',
  );
  const [, region, service] = scope ?? [];
  if (region === undefined || service === undefined || 'x-amz-s3session-token' in headers) {
    return 'unsupported';
  }
  const authority = port === undefined ? hostname : `${hostname}:${port}`;
  const { host = authority } = headers;
  const origin = originOf(new URL(`${protocol}//${authority}`));
  return { origin, host, path: path.replace(/\/$/, ''), region, service };
}

/** Read once: every access of a `URL` takes it apart. */
function originOf({ protocol, host, hostname, port }: URL): BucketEndpoint['origin'] {
  return { protocol, host, hostname, port };
}
