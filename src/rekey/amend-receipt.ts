import { type Budget, type Clock, systemClock } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { CheckedObject, CheckedPorts } from '../audit/open-checked.ts';
import type { ReceiptSigner } from '../record/receipt/receipt.ts';
import { amendWrap, type NewWrap } from '../record/wrap-amendment.ts';

export interface AmendPorts extends CheckedPorts {
  /** Signs what amends receipts. */
  readonly signer?: ReceiptSigner | undefined;
  readonly clock?: Clock;
}

/** Of an object that was opened. */
export type AmendedWrap = Omit<NewWrap, 'key' | 'receipt'>;

/**
 * Amends the receipt of an object by how its data key is about to be wrapped, or kept.
 *
 * @returns the key of the amendment; `undefined` where there is no receipt to be amended, or none that holds.
 * @throws `CONFIG_INVALID` (not retryable) when receipts are signed and nothing here can sign; what the store and the signer throw.
 */
export async function amendReceipt(
  { store, signer, keys, clock = systemClock }: AmendPorts,
  { stat, receipt, wrap, isWaived }: CheckedObject,
  amended: AmendedWrap,
  budget: Budget,
): Promise<string | undefined> {
  if (receipt === undefined || wrap.standing === 'changed') return undefined;
  const canBeSigned =
    keys === undefined || keys.size === 0 || (signer !== undefined && keys.has(signer.keyId));
  if (!canBeSigned && isWaived) return undefined;
  if (!canBeSigned) {
    throw new ArchiveError(
      'CONFIG_INVALID',
      'the receipts of this archive are signed, and nothing here can sign what amends them',
      {
        hint: 'set ARCHIVE_SIGNING_KEY_FILE, and list its public key in ARCHIVE_RECEIPT_PUBLIC_KEYS; or pass --unverified, and `verify` reports the new wrap',
      },
    );
  }
  return amendWrap({ store, clock, signer }, { key: stat.key, receipt, ...amended }, budget);
}
