/** The keys that receipts and marks may be signed with, and from when until when each of them counts (`docs/keys.md`). */
import type { KeyObject } from 'node:crypto';

/** Epoch ms. */
export interface KeyLimits {
  /** The first moment that a receipt of the key may state as `times.issued`. */
  readonly validFrom?: number;
  /** The last one. */
  readonly validUntil?: number;
  /** From then on the key may be in other hands: no receipt that states this moment or a later one is believed, and no mark. */
  readonly revokedAt?: number;
  /** What the store has had later than this is not believed, with any time in it: `issued` is what the signer says. */
  readonly storedBy?: number;
}

export interface DatedKey extends KeyLimits {
  readonly publicKey: KeyObject;
}

/** A bare key counts at any time. */
export type ReceiptKey = KeyObject | DatedKey;

/** By their `signingKeyId`. */
export type ReceiptKeys = ReadonlyMap<string, ReceiptKey>;

export function publicKeyOf(key: ReceiptKey): KeyObject {
  return 'publicKey' in key ? key.publicKey : key;
}

export function limitsOf(key: ReceiptKey | undefined): KeyLimits {
  return key !== undefined && 'publicKey' in key ? key : {};
}

/** Reports whether a key has been revoked, be it in time to come: what states no time of its own is then not believed. */
export function isRevoked(key: ReceiptKey): boolean {
  return limitsOf(key).revokedAt !== undefined;
}

/**
 * Judges when something was signed.
 *
 * @param issued epoch ms; NaN is outside of any limit.
 */
export function judgeTime(
  key: ReceiptKey | undefined,
  issued: number,
): 'valid' | 'revoked' | 'outside-validity' {
  const { validFrom, validUntil, revokedAt } = limitsOf(key);
  if (revokedAt !== undefined && !(issued < revokedAt)) return 'revoked';
  const early = validFrom !== undefined && !(issued >= validFrom);
  const late = validUntil !== undefined && !(issued <= validUntil);
  return early || late ? 'outside-validity' : 'valid';
}
