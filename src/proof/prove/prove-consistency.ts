/** Shows that the log still begins with a checkpoint that was kept elsewhere. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { formatConsistency } from '../formats/consistency.ts';
import { makeConsistencyProof } from '../formats/merkle-proofs.ts';
import { hashRange } from '../formats/merkle.ts';
import { readFromTiles } from '../formats/tiles.ts';
import type { TreeHead } from '../log/head.ts';
import { type LogPlace, type SignedCheckpoint, tilesIn } from '../log/place.ts';

/**
 * @param kept signed with a key of the log.
 * @returns a file in the form that witnesses take: the older size, the proof, the newest checkpoint.
 * @throws `LOG_ROLLED_BACK` when the log here is shorter; `PROOF_INVALID` when it begins otherwise; `LOG_MALFORMED`.
 */
export async function proveConsistency(
  place: LogPlace,
  { size, note }: TreeHead & { readonly note: string },
  kept: SignedCheckpoint,
  budget: Budget,
): Promise<string> {
  const { size: from, root } = kept;
  if (from > size) {
    throw new ArchiveError(
      'LOG_ROLLED_BACK',
      `the log ${place.origin} has ${size} entries here, and the checkpoint is of ${from}`,
    );
  }
  const read = readFromTiles(size, tilesIn(place, budget));
  const here = await hashRange({ start: 0, end: from }, read);
  if (!here.equals(root)) {
    throw new ArchiveError(
      'PROOF_INVALID',
      `the first ${from} entries of ${place.origin} do not make the root that the checkpoint states`,
      { hint: 'keep both: two signed checkpoints of one size convict the signer (docs/proof.md)' },
    );
  }
  const path = await makeConsistencyProof(from, size, read);
  return formatConsistency({ from, path, checkpoint: note });
}
