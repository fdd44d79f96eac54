import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatCheckpoint } from '../../../src/proof/formats/checkpoint.ts';
import {
  checkCosignature,
  cosignatureOf,
  cosignaturesIn,
  cosignedText,
} from '../../../src/proof/formats/cosignature.ts';
import {
  checkNote,
  COSIGNATURE_TYPE,
  formatNote,
  formatSignature,
  noteKey,
  parseVkey,
} from '../../../src/proof/formats/note.ts';

const ORIGIN = 'recordings.example.com/proof/org';
const pair = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ed25519');

describe('cosignatures', () => {
  const checkpoint = formatCheckpoint({ origin: ORIGIN, size: 3, root: createHash('sha256').digest() });
  const witness = noteKey('witness.example', other.publicKey, COSIGNATURE_TYPE);
  const signed = sign(null, Buffer.from(cosignedText(checkpoint, 1_790_000_000)), other.privateKey);
  const cosignature = cosignatureOf(witness, 1_790_000_000, signed);

  it('tell when a witness saw a checkpoint', () => {
    expect(checkCosignature(checkpoint, cosignature, [witness])).toBe(1_790_000_000);
    expect(parseVkey(witness.vkey)?.type).toBe(COSIGNATURE_TYPE);
  });

  it('are of this checkpoint, this time and this witness only', () => {
    const later = { ...cosignature, bytes: Buffer.from(cosignature.bytes) };
    later.bytes[7] = (later.bytes[7] as number) + 1;
    expect(checkCosignature(checkpoint, later, [witness])).toBeUndefined();
    expect(checkCosignature(checkpoint.replace('\n3\n', '\n4\n'), cosignature, [witness])).toBeUndefined();
    expect(
      checkCosignature(checkpoint, cosignature, [noteKey('witness.example', other.publicKey)]),
    ).toBeUndefined();
    expect(checkCosignature(checkpoint, { ...cosignature, bytes: signed }, [witness])).toBeUndefined();
  });

  it('are refused when they are cut, or state a time that no clock has', () => {
    for (const length of [0, 7, 8, 71]) {
      const cut = { ...cosignature, bytes: cosignature.bytes.subarray(0, length) };
      expect(checkCosignature(checkpoint, cut, [witness])).toBeUndefined();
    }
    const never = 2 ** 60;
    const bytes = sign(null, Buffer.from(cosignedText(checkpoint, never)), other.privateKey);
    expect(checkCosignature(checkpoint, cosignatureOf(witness, never, bytes), [witness])).toBeUndefined();
  });

  it('of known witnesses are found among lines of others that have their names or their keys', () => {
    const note = formatNote({
      text: checkpoint,
      signatures: [{ name: ORIGIN, id: '01020304', bytes: Buffer.alloc(64) }],
    });
    const sameName = noteKey('witness.example', pair.publicKey, COSIGNATURE_TYPE);
    const sameKey = noteKey('another.example', other.publicKey, COSIGNATURE_TYPE);
    const line = formatSignature(cosignature);
    const stranger = formatSignature({ ...cosignature, name: 'stranger.example' });
    const wrong = formatSignature({ ...cosignature, bytes: Buffer.from(cosignature.bytes).fill(0, 8) });
    const found = [{ key: witness, time: 1_790_000_000, line }];
    const known = [sameName, sameKey, witness];
    expect(cosignaturesIn(`${stranger}${wrong}${line}`, note, known)).toEqual(found);
    expect(cosignaturesIn(line, note, [sameName, sameKey])).toEqual([]);
    expect(cosignaturesIn(`${line}no signature\n`, note, known)).toEqual([]);
    expect(cosignaturesIn(line, 'no note', known)).toEqual([]);
  });

  it('do not count as a signature of the log', () => {
    const asLog = noteKey(ORIGIN, other.publicKey, COSIGNATURE_TYPE);
    const note = { text: checkpoint, signatures: [cosignatureOf(asLog, 1_790_000_000, signed)] };
    expect(checkNote(note, [asLog])).toBe('unknown-key');
  });
});
