import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Download links in the form of S3 pre-signed URLs (X-Amz-* query parameters). The signature is not SigV4 but an HMAC of
 * path, time and lifetime: only the simulator checks it, and it must only be impossible to guess or to stretch.
 */
export interface LinkSigner {
  readonly secret: Buffer;
  readonly lifetimeS: number;
  readonly now: () => number;
}

export type LinkCheck = 'good' | 'unsigned' | 'tampered' | 'expired';

/** `path` with the query that makes it work until it expires. */
export function signLink(signer: LinkSigner, path: string): string {
  const date = new Date(signer.now()).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const query = new URLSearchParams({
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `SIMULATOR/${date.slice(0, 8)}/us-east-1/s3/aws4_request`,
    'X-Amz-Date': date,
    'X-Amz-Expires': String(signer.lifetimeS),
    'X-Amz-SignedHeaders': 'host',
  });
  query.set('X-Amz-Signature', signature(signer.secret, path, query));
  return `${path}?${query.toString()}`;
}

/** Judges a request for `path` with `query`. */
export function checkLink(signer: LinkSigner, path: string, query: URLSearchParams): LinkCheck {
  const given = query.get('X-Amz-Signature');
  if (given === null) return 'unsigned';
  const expected = Buffer.from(signature(signer.secret, path, query));
  const actual = Buffer.from(given);
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return 'tampered';
  const issued = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get('X-Amz-Date') ?? '');
  if (issued === null) return 'tampered';
  const [year = 0, month = 1, ...rest] = issued.slice(1).map(Number);
  const issuedAt = Date.UTC(year, month - 1, ...rest);
  return signer.now() >= issuedAt + Number(query.get('X-Amz-Expires')) * 1000 ? 'expired' : 'good';
}

function signature(secret: Buffer, path: string, query: URLSearchParams): string {
  const signed = new URLSearchParams(query);
  signed.delete('X-Amz-Signature');
  signed.sort();
  return createHmac('sha256', secret).update(`${path}\n${signed.toString()}`).digest('hex');
}
