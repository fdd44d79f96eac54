import fc from 'fast-check';
import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatConsistency, parseConsistency } from '../../../src/proof/formats/consistency.ts';
import {
  checkCosignature,
  cosignatureOf,
  cosignaturesIn,
  cosignedText,
} from '../../../src/proof/formats/cosignature.ts';
import {
  COSIGNATURE_TYPE,
  ED25519_TYPE,
  formatNote,
  formatSignature,
  noteKey,
  parseSignatureLines,
} from '../../../src/proof/formats/note.ts';

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
const CHECKPOINT = 'recordings.example.com/proof/org\n3\nroot\n\n— name c2lnbmF0dXJl\n';

describe('files of consistency proofs', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(fc.nat(999_999), fc.array(hash, { maxLength: 63 }), (from, path) => {
        const proof = { from, path, checkpoint: CHECKPOINT };
        expect(parseConsistency(formatConsistency(proof))).toEqual(proof);
      }),
      { numRuns: 50 },
    );
  });

  it('look as the specification of witnesses says', () => {
    const path = [Buffer.alloc(32, 1)];
    expect(formatConsistency({ from: 20, path, checkpoint: 'c\n' })).toBe(
      'old 20\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n\nc\n',
    );
    expect(formatConsistency({ from: 0, path: [], checkpoint: 'c\n' })).toBe('old 0\n\nc\n');
  });

  const line = `${Buffer.alloc(32, 1).toString('base64')}\n`;
  it.each([
    ['nothing', ''],
    ['another word', `new 3\n\n${CHECKPOINT}`],
    ['a size in another spelling', `old 03\n\n${CHECKPOINT}`],
    ['no size', `old \n\n${CHECKPOINT}`],
    ['a short hash', `old 3\nAAAA\n\n${CHECKPOINT}`],
    ['what is no base64', `old 3\n${line.replace('A', '!')}\n${CHECKPOINT}`],
    ['no empty line', `old 3\n${line}`],
    ['64 hashes', `old 3\n${line.repeat(64)}\n${CHECKPOINT}`],
  ])('with %s are refused', (_name, text) => {
    expect(parseConsistency(text)).toBeUndefined();
    expect(parseConsistency(`old 3\n${line.repeat(63)}\n${CHECKPOINT}`)?.path).toHaveLength(63);
  });
});

describe('lines of witnesses', () => {
  const pair = generateKeyPairSync('ed25519');
  const witness = noteKey('witness.example.com/w', pair.publicKey, COSIGNATURE_TYPE);
  const text = 'recordings.example.com/proof/org\n3\nroot\n';
  const note = formatNote({ text, signatures: [{ name: 'log', id: '01020304', bytes: Buffer.alloc(64) }] });
  const lineAt = (time: number) =>
    formatSignature(
      cosignatureOf(witness, time, sign(null, Buffer.from(cosignedText(text, time)), pair.privateKey)),
    );

  it('are found among others, each with its key, time and text', () => {
    const foreign = formatSignature({ name: 'another', id: '01020304', bytes: Buffer.alloc(72) });
    expect(cosignaturesIn(foreign + lineAt(7) + lineAt(9), note, [witness])).toEqual([
      { key: witness, time: 7, line: lineAt(7) },
      { key: witness, time: 9, line: lineAt(9) },
    ]);
  });

  it('of a witness that is not known, of a name or id that is not its own, or beside what is no line, are none', () => {
    expect(cosignaturesIn(lineAt(7), note, [])).toEqual([]);
    expect(cosignaturesIn(lineAt(7), note, [{ ...witness, name: 'w' }])).toEqual([]);
    expect(cosignaturesIn(lineAt(7), note, [{ ...witness, id: '00000000' }])).toEqual([]);
    expect(cosignaturesIn(`${lineAt(7)}more\n`, note, [witness])).toEqual([]);
    expect(cosignaturesIn(lineAt(7), 'no note', [witness])).toEqual([]);
    expect(cosignaturesIn(lineAt(7), note.replace('\n3\n', '\n4\n'), [witness])).toEqual([]);
  });

  it('count by a key of their type, name and id, at their length, and with a time that is a number', () => {
    const signed = (time: number) =>
      cosignatureOf(witness, time, sign(null, Buffer.from(cosignedText(text, time)), pair.privateKey));
    const good = signed(7);
    expect(checkCosignature(text, good, [witness])).toBe(7);
    for (const change of [{ type: ED25519_TYPE } as const, { name: 'w' }, { id: '00000000' }])
      expect(checkCosignature(text, good, [{ ...witness, ...change }])).toBeUndefined();
    for (const bytes of [good.bytes.subarray(0, -1), Buffer.concat([good.bytes, Buffer.alloc(1)])])
      expect(checkCosignature(text, { ...good, bytes }, [witness])).toBeUndefined();
    const late = 2 ** 60;
    expect(checkCosignature(text, signed(late), [witness])).toBeUndefined();
    const other = { ...witness, name: 'w', id: '00000000' };
    expect(cosignaturesIn(lineAt(7), note, [other, witness]).map(({ key }) => key)).toEqual([witness]);
  });

  it('are one to a hundred, each with its line feed', () => {
    expect(parseSignatureLines('')).toBeUndefined();
    expect(parseSignatureLines(lineAt(7).trimEnd())).toBeUndefined();
    expect(parseSignatureLines(lineAt(7).repeat(100))).toHaveLength(100);
    expect(parseSignatureLines(lineAt(7).repeat(101))).toBeUndefined();
    expect(parseSignatureLines(`${lineAt(7)}\n`)).toBeUndefined();
  });
});
