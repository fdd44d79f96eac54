import { judgeTime, limitsOf, type ReceiptKeys } from '../record/receipt/keys.ts';
import type { ReceiptSigner } from '../record/receipt/receipt.ts';
import { ArchiveError } from '../errors.ts';

/**
 * Makes sure that receipts that are signed now will be believed.
 *
 * @param mustBeListed a key that a service shows must be one of those that are listed, where any are: an impostor of the service
 *   has another.
 * @param now epoch ms.
 * @throws `CONFIG_INVALID` (not retryable).
 */
export function requireSigningKey(
  { keyId }: Pick<ReceiptSigner, 'keyId'>,
  {
    keys,
    mustBeListed,
    now,
  }: { readonly keys: ReceiptKeys; readonly mustBeListed: boolean; readonly now: number },
): void {
  const key = keys.get(keyId);
  if (key === undefined && mustBeListed && keys.size > 0) {
    throw new ArchiveError(
      'CONFIG_INVALID',
      `the signing key ${keyId} is not among ARCHIVE_RECEIPT_PUBLIC_KEYS`,
      {
        hint: 'list its public key first, or check ARCHIVE_SIGNING_KMS_KEY_ID: docs/keys.md, "Rotation"',
      },
    );
  }
  const { storedBy = Infinity } = limitsOf(key);
  const verdict = now > storedBy ? 'revoked' : judgeTime(key, now);
  if (verdict === 'valid') return;
  const why = verdict === 'revoked' ? 'was revoked' : 'is not in use at this time';
  throw new ArchiveError(
    'CONFIG_INVALID',
    `the signing key ${keyId} ${why}, as ARCHIVE_RECEIPT_PUBLIC_KEYS says`,
    {
      hint: 'sign with another key: docs/keys.md, "Rotation"',
    },
  );
}
