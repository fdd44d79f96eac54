/** Signs checkpoints and staged seals. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ReceiptSigner } from '../../record/receipt/receipt.ts';
import { type NoteKey, noteKey, rawKey } from '../formats/note.ts';

export interface LogSigner {
  readonly key: NoteKey;
  sign(bytes: Uint8Array, budget: Budget): Promise<Uint8Array>;
}

/**
 * Makes the key of a file or of KMS the key of a log.
 *
 * @param receiptKeys that may sign receipts: what archives must not be able to seal.
 * @throws `CONFIG_INVALID` when the two are one.
 */
export function createLogSigner(
  origin: string,
  signer: ReceiptSigner,
  receiptKeys: readonly ReceiptSigner['publicKey'][] = [],
): LogSigner {
  const key = noteKey(origin, signer.publicKey);
  if (receiptKeys.some((other) => rawKey(other).equals(rawKey(signer.publicKey)))) {
    throw new ArchiveError('CONFIG_INVALID', 'the key of the log is also the key that signs receipts', {
      hint: 'make the log a key of its own (docs/keys.md, "The key of the log"): what archives must not be able to seal',
    });
  }
  return { key, sign: (bytes, budget) => signer.sign(bytes, budget) };
}
