import { createHash } from 'node:crypto';
import { type AwsCredentials, signRequest } from './sigv4.ts';

export interface CallToSign {
  readonly host: string;
  /** Of the request, without those that {@link signCall} adds; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly region: string;
  readonly service: string;
  /** Epoch ms. */
  readonly now: number;
}

/**
 * The headers of a signed `POST /`, the one form of request that AWS's JSON protocols have. Signing here is a tenth of what the SDK's
 * client would add to the Lambda bundle. Pure.
 */
export function signCall(
  { host, headers, body, region, service, now }: CallToSign,
  credentials: AwsCredentials,
): Readonly<Record<string, string>> {
  const payloadHash = createHash('sha256').update(body).digest('hex');
  return signRequest(
    { method: 'POST', path: '/', headers: { ...headers, host }, payloadHash, region, service, now },
    credentials,
  );
}
