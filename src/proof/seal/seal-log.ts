/** Seals: brings what is staged to its end, then stages what has joined, until nothing is left to seal. */
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { findHead, readLastStatement, type StoredStatement, type TreeHead } from '../log/head.ts';
import { finishSeal, publish, type SealingPlace } from './finish-seal.ts';
import { readStagedSeal, type SealDraft, stageSeal } from './staged-seal.ts';

/** What is known of the log outside of the store. */
export interface OutsideView {
  /** The largest size, with its root where that is known, and who knows it. */
  readonly size: number;
  readonly root?: Buffer;
  readonly known: string;
}

export interface SealSteps {
  /** What others remember of the log: a second store, tokens. @throws what keeps them from being asked. */
  recall(head: TreeHead, budget: Budget): Promise<readonly OutsideView[]>;
  /** What has joined since the log’s last statement; `undefined` when nothing has to be sealed. */
  gather(head: TreeHead, last: StoredStatement | undefined, budget: Budget): Promise<SealDraft | undefined>;
  /** Told of each seal that this call, or an earlier one that was interrupted, has brought to its end. */
  onSealed?(head: TreeHead): Promise<void> | void;
}

export interface SealRun {
  readonly head: TreeHead;
  /** Seals that this run staged itself. */
  readonly staged: number;
  /** Seals of others, or of an interrupted run, that it completed. */
  readonly finished: number;
}

/** How often another sealer may be faster before this one leaves the rest to it. */
const MAX_LOST_RACES = 10;

/**
 * Seals everything that is there to seal. Any number of sealers may run at once, and each may end anywhere.
 *
 * @throws `LOG_ROLLED_BACK`, `SEAL_FORGED`, `LOG_CONFLICT`, `LOG_MALFORMED`, `LOG_KEY_UNKNOWN`; `STORE_*`, `OUT_OF_TIME`.
 */
export async function sealLog(place: SealingPlace, steps: SealSteps, budget: Budget): Promise<SealRun> {
  let head = await findHead(place, budget);
  let [staged, finished, lost] = [0, 0, 0];
  const finishAll = async (): Promise<number> => {
    let count = 0;
    for (;;) {
      const seal = await readStagedSeal(place, head.size, budget);
      if (seal === undefined) return count;
      head = await finishSeal(place, head, seal, budget);
      count += 1;
      await steps.onSealed?.(head);
    }
  };
  // before anything is signed, also what is only completed
  await requireNotRolledBack(place, head, steps, budget);
  finished += await finishAll();
  while (lost < MAX_LOST_RACES) {
    const last = await readLastStatement(place, head.size, budget);
    const draft = await steps.gather(head, last, budget);
    if (draft === undefined) {
      // a pointer that was set back, or lost, is put right
      if (head.note !== undefined) await publish(place, head, budget);
      return { head, staged, finished };
    }
    const previous = last === undefined ? undefined : { index: last.index, sha256: last.sha256 };
    const [signer] = place.signers;
    const outcome = await stageSeal({ ...place, signer }, { head, previous, draft }, budget);
    if (outcome === 'stored') staged += 1;
    else lost += 1;
    const done = await finishAll();
    finished += outcome === 'stored' ? done - 1 : done;
  }
  return { head, staged, finished };
}

async function requireNotRolledBack(
  place: SealingPlace,
  head: TreeHead,
  steps: SealSteps,
  budget: Budget,
): Promise<void> {
  const views = await steps.recall(head, budget);
  // Seals that are staged in the store count: their entries are the log's, whether they are signed yet or not. They are looked for
  // afterwards: what another sealer had remembered meanwhile is staged here already.
  const reach = await stagedReach(place, head.size, budget);
  for (const { size, root, known } of views) {
    const isShorter = size > reach;
    const isOther = size === head.size && root !== undefined && !root.equals(head.root);
    if (!isShorter && !isOther) continue;
    const what = isShorter
      ? `has ${reach} entries here, and a checkpoint of ${size}`
      : `has another root at ${size} entries than the checkpoint that`;
    throw new ArchiveError(
      'LOG_ROLLED_BACK',
      `the log ${place.origin} ${what} ${isShorter ? `is known to ${known}` : `${known} knows`}`,
      { details: { here: reach, elsewhere: size } },
    );
  }
}

async function stagedReach(place: SealingPlace, size: number, budget: Budget): Promise<number> {
  let reach = size;
  for (;;) {
    const seal = await readStagedSeal(place, reach, budget);
    if (seal === undefined) return reach;
    reach = seal.to;
  }
}
