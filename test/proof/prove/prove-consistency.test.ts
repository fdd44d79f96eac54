import { describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { findHead, type TreeHead } from '../../../src/proof/log/head.ts';
import { openCheckpoint, type SignedCheckpoint } from '../../../src/proof/log/place.ts';
import { proveConsistency } from '../../../src/proof/prove/prove-consistency.ts';
import { sealLog } from '../../../src/proof/seal/seal-log.ts';
import { checkConsistencyFile } from '../../../src/proof/verify/check-consistency.ts';
import { failure } from '../../failure.ts';
import { placeIn, sealingDays } from '../log-fixture.ts';
import { plainStore, type PlainStore } from '../plain-store.ts';

const DAYS = [3, 0, 300, 7];

async function sealed(days: readonly number[], word?: string) {
  const store = plainStore();
  await sealLog(placeIn(store), sealingDays(days, word), unlimited);
  const head = await findHead(placeIn(store), unlimited);
  return { store, head: { ...head, note: head.note ?? '' } };
}

function keptOf(store: PlainStore, size: number): SignedCheckpoint {
  const place = placeIn(store);
  const { verdict, checkpoint } = openCheckpoint(place, store.bodyOf(place.keys.note(size)).toString());
  if (verdict !== 'valid' || checkpoint === undefined) throw new Error(`no checkpoint of ${size}`);
  return checkpoint;
}

describe('the proof that a log continues a checkpoint', () => {
  it('is accepted from each of its checkpoints, its newest one included', async () => {
    const { store, head } = await sealed(DAYS);
    for (const size of [4, 5, 306, 314]) {
      const kept = keptOf(store, size);
      const proof = await proveConsistency(placeIn(store), head, kept, unlimited);
      expect(proof.startsWith(`old ${size}\n`)).toBe(true);
      expect(checkConsistencyFile(proof, kept.note, placeIn(store))).toMatchObject({
        state: 'valid',
        from: size,
      });
    }
  });

  it('is refused for a log that is shorter here, and for one that begins otherwise', async () => {
    const long = await sealed(DAYS);
    const short = await sealed(DAYS.slice(0, 2));
    const other = await sealed(DAYS, 'another receipt');
    const kept = keptOf(long.store, 306);
    const prove = ({ store, head }: { store: PlainStore; head: TreeHead & { note: string } }) =>
      failure(proveConsistency(placeIn(store), head, kept, unlimited));
    const shorter = await prove(short);
    expect([shorter.code, shorter.message]).toEqual([
      'LOG_ROLLED_BACK',
      `the log ${placeIn(short.store).origin} has 5 entries here, and the checkpoint is of 306`,
    ]);
    const otherwise = await prove(other);
    expect([otherwise.code, otherwise.message]).toEqual([
      'PROOF_INVALID',
      `the first 306 entries of ${placeIn(other.store).origin} do not make the root that the checkpoint states`,
    ]);
    expect(otherwise.hint).toContain('two signed checkpoints of one size convict the signer');
  });
});
