import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
const ALGORITHM = 'AWS4-HMAC-SHA256';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface RequestToSign {
  readonly method: string;
  /** As it is sent: every segment encoded once. */
  readonly path: string;
  /** As it is sent: names in ascending order, names and values encoded. */
  readonly query?: string;
  /** All signed headers, `host` among them; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body, hexadecimal. */
  readonly payloadHash: string;
  readonly region: string;
  readonly service: string;
  /** Epoch ms. */
  readonly now: number;
}

/**
 * The headers that make a request one of the holder of `credentials`: AWS Signature Version 4, all given headers signed. Pure, but
 * for remembering the last day's signing key, which costs four HMACs.
 *
 * @returns the given headers and `x-amz-date`, `x-amz-security-token` where there is a session, `authorization`.
 */
export function signRequest(
  request: RequestToSign,
  credentials: AwsCredentials,
): Readonly<Record<string, string>> {
  const { method, path, query = '', headers, payloadHash, region, service, now } = request;
  const { accessKeyId, sessionToken } = credentials;
  const timestamp = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const date = timestamp.slice(0, 8);
  const scope = `${date}/${region}/${service}/aws4_request`;
  const signed: Record<string, string> = { ...headers, 'x-amz-date': timestamp };
  if (sessionToken !== undefined) signed['x-amz-security-token'] = sessionToken;
  const names = Object.keys(signed).sort();
  const signedNames = names.join(';');
  let fields = '';
  for (const name of names) fields += `${name}:${canonicalValue(signed[name] ?? '')}\n`;
  const canonical = `${method}\n${path}\n${query}\n${fields}\n${signedNames}\n${payloadHash}`;
  const key = signingKey(credentials.secretAccessKey, date, region, service);
  const toSign = `${ALGORITHM}\n${timestamp}\n${scope}\n${hash('sha256', canonical)}`;
  const signature = hmac(key, toSign).toString('hex');
  signed['authorization'] =
    `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedNames}, Signature=${signature}`;
  return signed;
}

function canonicalValue(value: string): string {
  return / {2}|^\s|\s$/.test(value) ? value.trim().replace(/ +/g, ' ') : value;
}

let remembered: { readonly of: readonly string[]; readonly key: KeyObject } | undefined;

function signingKey(secret: string, ...scope: readonly string[]): KeyObject {
  const of = [secret, ...scope];
  if (remembered === undefined || remembered.of.some((part, index) => part !== of[index])) {
    const key = [...scope, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret}`);
    // Node 24 takes 14 µs for a key of bytes and 2 for a key object
    remembered = { of, key: createSecretKey(Buffer.from(key)) };
  }
  return remembered.key;
}

const hmac = (key: string | Buffer | KeyObject, text: string) =>
  createHmac('sha256', key).update(text).digest();
