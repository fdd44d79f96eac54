import { describe, expect, it } from 'vitest';
import { formatConsistency, type LogConsistency } from '../../../src/proof/formats/consistency.ts';
import { makeConsistencyProof } from '../../../src/proof/formats/merkle-proofs.ts';
import { checkConsistencyFile } from '../../../src/proof/verify/check-consistency.ts';
import { KEY, noteOf, ORIGIN, readHash, rootAt, STRANGER } from './small-log.ts';

const LOG = { origin: ORIGIN, trusted: [KEY] };
const FROM = 6;
const SIZE = 11;

async function proofText(change: Partial<LogConsistency> = {}): Promise<string> {
  const path = await makeConsistencyProof(FROM, SIZE, readHash);
  return formatConsistency({ from: FROM, path, checkpoint: noteOf(SIZE), ...change });
}

describe('a proof that a log continues', () => {
  it('names the newer checkpoint, and from which on', async () => {
    expect(checkConsistencyFile(await proofText(), noteOf(FROM), LOG)).toEqual({
      state: 'valid',
      from: FROM,
      newest: { origin: ORIGIN, size: SIZE, root: rootAt(SIZE), note: noteOf(SIZE) },
    });
  });

  it('is refused where the older checkpoint is another one, or the path leads elsewhere', async () => {
    const refused = (problem: string) => ({ state: 'invalid', problem });
    expect(checkConsistencyFile('no proof', noteOf(FROM), LOG)).toEqual(refused('not a consistency proof'));
    expect(checkConsistencyFile(await proofText(), noteOf(FROM - 1), LOG)).toEqual(
      refused('the proof is from another checkpoint'),
    );
    const elsewhere = refused('the log does not begin with the older checkpoint');
    const other = noteOf(FROM, { root: rootAt(FROM + 1) });
    expect(checkConsistencyFile(await proofText(), other, LOG)).toEqual(elsewhere);
    expect(checkConsistencyFile(await proofText({ path: [] }), noteOf(FROM), LOG)).toEqual(elsewhere);
    const moved = await proofText({ checkpoint: noteOf(SIZE + 1) });
    expect(checkConsistencyFile(moved, noteOf(FROM), LOG)).toEqual(elsewhere);
  });

  it.each([
    ['another log', { origin: 'another/log' }, 'invalid', 'is none of this log'],
    ['a text that was not signed', { signed: 'another text\n' }, 'invalid', 'is signed wrongly'],
  ] as const)('names the checkpoint that is of %s', async (_what, options, state, why) => {
    const newer = await proofText({ checkpoint: noteOf(SIZE, options) });
    expect(checkConsistencyFile(newer, noteOf(FROM), LOG)).toEqual({
      state,
      problem: `the newer checkpoint ${why}`,
    });
    expect(checkConsistencyFile(await proofText(), noteOf(FROM, options), LOG)).toEqual({
      state,
      problem: `the older checkpoint ${why}`,
    });
  });

  it('says of a key that is not known that it is not known', async () => {
    for (const trusted of [[], [STRANGER]]) {
      expect(checkConsistencyFile(await proofText(), noteOf(FROM), { ...LOG, trusted })).toEqual({
        state: 'unknown-key',
        problem: 'the older checkpoint is not signed with this key',
      });
    }
  });
});
