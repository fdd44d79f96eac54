import { createHmac, timingSafeEqual } from 'node:crypto';

/** GitHub's header, which many senders of webhooks follow. https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries */
export const SIGNATURE_HEADER = 'x-hub-signature-256';

/**
 * 32 bytes as 64 hex digits in either case, or as padded base64, whose last character carries 4 bits only. Nothing else: what
 * is decoded leniently is not what was signed.
 */
const SIGNATURE = /^sha256=(?:([0-9a-fA-F]{64})|([A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=))$/;

export interface SignedBody {
  /** The bytes as they were received; a body that was parsed and written again has another signature. */
  readonly raw: Buffer;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** All that are active, e.g. the old and the new one while they are exchanged. An empty one never matches. */
  readonly secrets: readonly string[];
}

/**
 * Does `x-hub-signature-256` hold the HMAC-SHA256 of the raw body under one of the secrets? The time it takes depends neither
 * on where two signatures differ nor on which secret matches. A header that is missing or occurs twice gives `false`.
 */
export function verifyWebhookSignature({ raw, headers, secrets }: SignedBody): boolean {
  const values = Object.entries(headers).filter(([name]) => name.toLowerCase() === SIGNATURE_HEADER);
  const [, hex, base64] = values.length === 1 ? (SIGNATURE.exec(values[0]?.[1] ?? '') ?? []) : [];
  const stated = hex === undefined ? Buffer.from(base64 ?? '', 'base64') : Buffer.from(hex, 'hex');
  let verified = false;
  for (const secret of secrets) {
    const digest = createHmac('sha256', secret).update(raw).digest();
    const matches = stated.length === digest.length && timingSafeEqual(stated, digest);
    verified = (matches && secret !== '') || verified;
  }
  return verified;
}
