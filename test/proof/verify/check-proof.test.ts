import { describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../src/proof/formats/entry.ts';
import { makeInclusionProof } from '../../../src/proof/formats/merkle-proofs.ts';
import { formatProof, type LogProof } from '../../../src/proof/formats/tlog-proof.ts';
import { checkProof } from '../../../src/proof/verify/check-proof.ts';
import { entryAt, fileAt, KEY, noteOf, ORIGIN, readHash, rootAt, STRANGER } from './small-log.ts';

const LOG = { origin: ORIGIN, trusted: [KEY] };
const SIZE = 11;
const INDEX = 6;

async function proofText(change: Partial<LogProof> = {}): Promise<string> {
  const path = await makeInclusionProof(INDEX, SIZE, readHash);
  return formatProof({ entry: entryAt(INDEX), index: INDEX, path, checkpoint: noteOf(SIZE), ...change });
}

describe('a proof file', () => {
  it('shows that a file is in the log, at which place of which tree', async () => {
    const checked = checkProof(fileAt(INDEX), await proofText(), LOG);
    expect(checked).toEqual({
      state: 'valid',
      entry: { kind: 'archived', day: '2026-03-02', sha256: sha256Hex(fileAt(INDEX)) },
      index: INDEX,
      size: SIZE,
      root: rootAt(SIZE),
      note: noteOf(SIZE),
    });
  });

  it('can leave the file to the caller', async () => {
    expect(checkProof(undefined, await proofText(), LOG)).toMatchObject({ state: 'valid', index: INDEX });
  });

  it('is refused with another file, another log, or where it is no proof at all', async () => {
    const text = await proofText();
    expect(checkProof(fileAt(INDEX + 1), text, LOG)).toEqual({
      state: 'invalid',
      problem: 'the entry is of another file',
    });
    expect(checkProof(fileAt(INDEX), text, { ...LOG, origin: 'another/log' })).toEqual({
      state: 'invalid',
      problem: 'the checkpoint is of another log',
    });
    for (const wrong of ['', text.slice(1), await proofText({ entry: Buffer.from('no entry\n') })]) {
      expect(checkProof(undefined, wrong, LOG)).toEqual({ state: 'invalid', problem: 'not a proof file' });
    }
    const unsigned = noteOf(SIZE).replace(/— [\s\S]*$/, '');
    for (const checkpoint of ['', unsigned, noteOf(SIZE).replace(`\n${SIZE}\n`, '\neleven\n')]) {
      expect(checkProof(fileAt(INDEX), await proofText({ checkpoint }), LOG)).toEqual({
        state: 'invalid',
        problem: 'the checkpoint is none',
      });
    }
  });

  it('says of a key that is not known that it is not known, and of a known one that it did not sign', async () => {
    const text = await proofText();
    for (const trusted of [[], [STRANGER]]) {
      expect(checkProof(fileAt(INDEX), text, { ...LOG, trusted })).toEqual({
        state: 'unknown-key',
        problem: 'not signed with this key',
      });
    }
    const forged = await proofText({ checkpoint: noteOf(SIZE, { signed: 'another text\n' }) });
    expect(checkProof(fileAt(INDEX), forged, LOG)).toEqual({
      state: 'invalid',
      problem: 'the signature is wrong',
    });
  });

  it('does not hold for another place, tree or path', async () => {
    const path = await makeInclusionProof(INDEX, SIZE, readHash);
    for (const change of [
      { index: INDEX - 1 },
      { index: SIZE },
      { checkpoint: noteOf(SIZE + 1) },
      { checkpoint: noteOf(SIZE, { root: rootAt(SIZE - 1) }) },
      { path: path.slice(1) },
      { path: path.toReversed() },
    ]) {
      expect(checkProof(fileAt(INDEX), await proofText(change), LOG)).toEqual({
        state: 'invalid',
        problem: 'not in the tree',
      });
    }
  });
});
