import type { StoreConfig } from '../../config/config.ts';
import { ArchiveError } from '../../errors.ts';

/** @throws `CONFIG_INVALID` when no public key of the log is set: the archive itself cannot vouch for its log. */
export function requireVkeys({ proof }: Pick<StoreConfig, 'proof'>): void {
  if (proof.vkeys.length > 0) return;
  throw new ArchiveError('CONFIG_INVALID', 'ARCHIVE_PROOF_VKEYS names no public key of the log', {
    hint: 'take it from where the owner of the archive published it, not from the archive',
  });
}
