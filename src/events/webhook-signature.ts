import { createHmac, timingSafeEqual } from 'node:crypto';
import { statedTimestamp } from './webhook-timestamp.ts';

/** GitHub's header, which many senders of webhooks follow. https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries */
export const SIGNATURE_HEADER = 'x-hub-signature-256';

/**
 * The version, then 32 bytes as 64 hex digits in either case, or as padded base64, whose last character carries 4 bits only.
 * Nothing else: what is decoded leniently is not what was signed.
 */
const SIGNATURE = /^(sha256|v2)=(?:([0-9a-fA-F]{64})|([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=))$/;

export interface SignedBody {
  /** The bytes as they were received; a body that was parsed and written again has another signature. */
  readonly raw: Buffer;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** All that are active, e.g. the old and the new one while they are exchanged. An empty one never matches. */
  readonly secrets: readonly string[];
  /** `v2` refuses signatures that do not cover the timestamp; default `any`. */
  readonly versions?: 'any' | 'v2' | undefined;
}

/**
 * Reports whether `x-hub-signature-256` holds an HMAC-SHA256 under one of the secrets: `sha256=` of the raw body, or `v2=` of the
 * timestamp header's text, a full stop and the raw body. The time it takes depends neither on where two signatures differ nor on
 * which secret matches. A header that is missing or occurs twice gives `false`, and so does `v2=` without a timestamp.
 * Whether the timestamp is recent is judged by `isTimely`.
 */
export function verifyWebhookSignature({ raw, headers, secrets, versions = 'any' }: SignedBody): boolean {
  const values = Object.entries(headers).filter(([name]) => name.toLowerCase() === SIGNATURE_HEADER);
  const [, version, hex, base64] = values.length === 1 ? (SIGNATURE.exec(values[0]?.[1] ?? '') ?? []) : [];
  const stated = hex === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(hex, 'hex');
  const timestamp = version === 'v2' ? statedTimestamp(headers) : undefined;
  const isAccepted = version === 'v2' ? timestamp !== undefined : versions === 'any';
  let verified = false;
  for (const secret of secrets) {
    const digest = version === 'v2' ? hmacV2(secret, timestamp ?? '', raw) : hmac(secret, raw);
    const matches = stated.length === digest.length && timingSafeEqual(stated, digest);
    verified = (matches && isAccepted && secret !== '') || verified;
  }
  return verified;
}

/**
 * The header of version 2.
 *
 * @param timestamp seconds since the Unix epoch, exactly as `x-genesys-archive-timestamp` carries them.
 */
export function signWebhook(secret: string, timestamp: string, body: string | Uint8Array): string {
  return `v2=${hmacV2(secret, timestamp, body).toString('hex')}`;
}

/** The header of the version that covers the body alone. */
export function signBody(secret: string, body: string | Uint8Array): string {
  return `sha256=${hmac(secret, body).toString('base64')}`;
}

function hmacV2(secret: string, timestamp: string, body: string | Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest();
}

function hmac(secret: string, body: string | Uint8Array): Buffer {
  return createHmac('sha256', secret).update(body).digest();
}
