/** A witness (https://c2sp.org/tlog-witness) that remembers the newest checkpoint, and cosigns only what continues it. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { Anchor, AnchoredCheckpoint, WitnessAnswer, WitnessDoor } from '../../ports.ts';
import { putSmall } from '../../record/small-object.ts';
import { formatConsistency } from '../formats/consistency.ts';
import { type Cosignature, cosignaturesIn } from '../formats/cosignature.ts';
import { makeConsistencyProof } from '../formats/merkle-proofs.ts';
import type { NoteKey } from '../formats/note.ts';
import { readFromTiles } from '../formats/tiles.ts';
import { type LogPlace, readBytes, tilesIn } from '../log/place.ts';

/** Bytes of the signature lines that are kept of one witness. */
export const MAX_COSIGNATURE_BYTES = 16_384;

/** How often another sealer may be faster, or the witness name another size. */
const MAX_ROUNDS = 4;

/** The clock of a witness may be wrong by as much, ms; a time that is further off says nothing. */
const MAX_CLOCK_DIFFERENCE_MS = 24 * 3_600_000;

export interface WitnessOptions {
  readonly place: LogPlace;
  /** The public key of the witness, from its owner. */
  readonly key: NoteKey;
  readonly door: WitnessDoor;
  readonly now: () => number;
}

/** @returns an anchor that keeps cosignatures beside the checkpoints. */
export function createWitness({ place, key, door, now }: WitnessOptions): Anchor {
  /** The size that it has cosigned last, as far as it has said so. */
  let known = 0;

  const submit = async (from: number, head: AnchoredCheckpoint, budget: Budget): Promise<WitnessAnswer> => {
    const { size, note } = head;
    const read = readFromTiles(size, tilesIn(place, budget));
    const path = await makeConsistencyProof(from, size, read);
    return door.addCheckpoint(formatConsistency({ from, path, checkpoint: note }), budget);
  };

  const accept = async (lines: string, head: AnchoredCheckpoint, budget: Budget): Promise<number> => {
    const found = cosignaturesIn(lines, head.note, [key]);
    const [first] = found;
    if (first === undefined) throw refused(`${door.name} answered without a valid cosignature of its key`);
    if (Math.abs(first.time * 1_000 - now()) > MAX_CLOCK_DIFFERENCE_MS)
      throw refused(`${door.name} states a time that is more than a day off`);
    known = head.size;
    // what was kept first counts
    await putSmall(place.store, cosignatureKey(place, head.size, key), Buffer.from(first.line), budget);
    return first.time * 1_000;
  };

  return {
    kind: 'witness',
    name: key.name,
    async recall(budget, head) {
      if (head === undefined) return undefined;
      const answer = await submit(head.size, head, budget);
      if (answer.state === 'cosigned') {
        await accept(answer.lines, head, budget);
        return { size: head.size, root: head.root };
      }
      known = answer.size;
      // of the same size, and refused: of another root
      return answer.size === head.size ? { size: head.size, root: '' } : { size: answer.size };
    },
    async keep(head, budget) {
      const kept = await readCosignatures(place, head, [key], budget);
      if (kept[0] !== undefined) return { time: kept[0].time * 1_000 };
      for (let round = 0; round < MAX_ROUNDS && known <= head.size; round += 1) {
        const answer = await submit(known, head, budget);
        if (answer.state === 'cosigned') return { time: await accept(answer.lines, head, budget) };
        if (answer.size === known) break;
        known = answer.size;
      }
      const what = known > head.size ? `a log of ${known} entries, and was given` : 'another log than';
      throw refused(`${door.name} remembers ${what} this one of ${head.size}`);
    },
  };
}

/** Reads what is kept of witnesses of one checkpoint; what does not verify is passed over. @throws `STORE_*` */
export async function readCosignatures(
  place: LogPlace,
  { size, note }: Pick<AnchoredCheckpoint, 'size' | 'note'>,
  witnesses: readonly NoteKey[],
  budget: Budget,
): Promise<readonly Cosignature[]> {
  const found: Cosignature[] = [];
  for (const key of witnesses) {
    const place0 = cosignatureKey(place, size, key);
    const bytes = await readBytes(place.store, place0, MAX_COSIGNATURE_BYTES, budget);
    if (bytes !== undefined) found.push(...cosignaturesIn(bytes.toString('utf8'), note, [key]));
  }
  return found;
}

const cosignatureKey = ({ keys }: LogPlace, size: number, { id }: NoteKey) => keys.cosignature(size, id);

function refused(problem: string): ArchiveError {
  return new ArchiveError('ANCHOR_REFUSED', problem);
}
