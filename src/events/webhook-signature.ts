import { createHmac, timingSafeEqual } from 'node:crypto';

/** GitHub's header, which many senders of webhooks follow. https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries */
export const SIGNATURE_HEADER = 'x-hub-signature-256';

/** When a webhook was sent, in whole seconds since the Unix epoch. Optional with a signature that does not cover it. */
export const TIMESTAMP_HEADER = 'x-genesys-archive-timestamp';

/** How far the sender's clock may be off, and how long a request may be on its way, ms. */
export const TIMESTAMP_WINDOW_MS = 300_000;

/**
 * The version, then 32 bytes as 64 hex digits in either case, or as padded base64, whose last character carries 4 bits only.
 * Nothing else: what is decoded leniently is not what was signed.
 */
const SIGNATURE = /^(sha256|v2)=(?:([0-9a-fA-F]{64})|([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=))$/;

type Headers = Readonly<Record<string, string | undefined>>;

export interface SignedBody {
  /** The bytes as they were received; a body that was parsed and written again has another signature. */
  readonly raw: Buffer;
  readonly headers: Headers;
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

/**
 * Reports whether a webhook may be accepted at `now` (epoch ms). One without a timestamp may; one with a timestamp only when that is
 * well formed, occurs once, and is at most 5 minutes off.
 *
 * A `v2=` signature covers the timestamp, so a request cannot be replayed after the window. A `sha256=` signature covers the body
 * alone: there the timestamp keeps out accidental replays (a proxy's buffer, a log that is played back), and archiving the same
 * event again changes nothing.
 */
export function isTimely(headers: Headers, now: number): boolean {
  if (valuesOf(headers).length === 0) return true;
  const text = statedTimestamp(headers);
  return text !== undefined && Math.abs(now - Number(text) * 1000) <= TIMESTAMP_WINDOW_MS;
}

/** The timestamp as it was sent; `undefined` when it is missing, malformed or occurs twice. */
function statedTimestamp(headers: Headers): string | undefined {
  const values = valuesOf(headers);
  const text = values.length === 1 ? (values[0] ?? '') : '';
  return /^\d{1,11}$/.test(text) ? text : undefined;
}

function valuesOf(headers: Headers): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    name.toLowerCase() === TIMESTAMP_HEADER && value !== undefined ? [value] : [],
  );
}

function hmacV2(secret: string, timestamp: string, body: string | Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest();
}

function hmac(secret: string, body: string | Uint8Array): Buffer {
  return createHmac('sha256', secret).update(body).digest();
}
