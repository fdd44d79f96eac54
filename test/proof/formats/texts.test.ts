import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatCheckpoint,
  isOrigin,
  parseCheckpoint,
  parseCount,
} from '../../../src/proof/formats/checkpoint.ts';
import {
  type Entry,
  ENTRY_KINDS,
  formatEntry,
  parseEntry,
  sha256Hex,
  sortEntries,
} from '../../../src/proof/formats/entry.ts';
import { checkNote, formatNote, noteKey, parseNote, parseVkey } from '../../../src/proof/formats/note.ts';
import { formatProof, parseProof } from '../../../src/proof/formats/tlog-proof.ts';

const ORIGIN = 'recordings.example.com/proof/org';
const pair = generateKeyPairSync('ed25519');
const other = generateKeyPairSync('ed25519');
const key = noteKey(ORIGIN, pair.publicKey);

const day = fc
  .integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2099, 11, 31) })
  .map((at) => new Date(at).toISOString().slice(0, 10));
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
const entry = fc.record({
  kind: fc.constantFrom(...ENTRY_KINDS),
  day,
  sha256: hash.map((bytes) => bytes.toString('hex')),
});

/** A text with one character exchanged, dropped or doubled. */
const mutated = (text: string) =>
  fc
    .tuple(fc.nat(text.length - 1), fc.constantFrom('x', ' ', '\n', '0', 'A', '\r', 'é', ''), fc.boolean())
    .map(([at, put, isAdded]) => text.slice(0, at) + put + text.slice(at + (isAdded ? 0 : 1)))
    .filter((changed) => changed !== text);

describe('entries', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(entry, (each) => {
        expect(parseEntry(formatEntry(each))).toEqual(each);
      }),
    );
  });

  it('have one spelling', () => {
    const one = formatEntry({ kind: 'archived', day: '2026-03-02', sha256: sha256Hex('x') });
    for (const wrong of [
      one.slice(0, -1),
      `${one}\n`,
      one.replace('archived', 'Archived'),
      one.replace('archived', 'removed'),
      one.replace('2026-03-02', '2026-02-30'),
      one.replace('2026-03-02', '1999-03-02'),
      one.replace(' ', '  '),
      one.toUpperCase(),
      ` ${one}`,
      '',
    ]) {
      expect(parseEntry(wrong)).toBeUndefined();
    }
  });

  it('of a seal stand by kind, then day, then hash', () => {
    const [low, high] = ['0'.repeat(64), 'f'.repeat(64)];
    const ordered: Entry[] = [
      { kind: 'archived', day: '2026-03-02', sha256: high },
      { kind: 'archived', day: '2026-03-03', sha256: low },
      { kind: 'archived', day: '2026-03-03', sha256: high },
      { kind: 'adopted', day: '2026-03-01', sha256: low },
      { kind: 'statement', day: '2026-03-01', sha256: low },
    ];
    expect(sortEntries(ordered.toReversed())).toEqual(ordered);
  });

  it('of a seal are in an order that tells nothing of when they came', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), (list) => {
        const shuffled = list.toSorted((a, b) => (sha256Hex(a.sha256) < sha256Hex(b.sha256) ? -1 : 1));
        expect(sortEntries(shuffled).map(formatEntry)).toEqual(sortEntries(list).map(formatEntry));
      }),
    );
  });
});

describe('checkpoints', () => {
  const size = fc.integer({ min: 0, max: 999_999_999_999 });

  it('are read back as they were written', () => {
    fc.assert(
      fc.property(size, hash, (count, root) => {
        const checkpoint = { origin: ORIGIN, size: count, root };
        expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
      }),
    );
  });

  it('with anything more, or in another spelling, are refused', () => {
    const text = formatCheckpoint({ origin: ORIGIN, size: 12, root: createHash('sha256').digest() });
    for (const wrong of [
      `${text}extension\n`,
      `${text}x`,
      `${text}\n`,
      text.slice(0, -1),
      text.replace('\n12\n', '\n012\n'),
      text.replace('\n12\n', '\n+12\n'),
      text.replace('\n12\n', '\n1e1\n'),
      text.replace('\n12\n', '\n1000000000000\n'),
      text.replace('=\n', '\n'),
      text.replace('=\n', '==\n'),
      text.replace(ORIGIN, ''),
      text.replace(ORIGIN, 'two words'),
      text.replaceAll('\n', '\r\n'),
    ]) {
      expect(parseCheckpoint(wrong)).toBeUndefined();
    }
    fc.assert(
      fc.property(mutated(text), (changed) => {
        const parsed = parseCheckpoint(changed);
        if (parsed !== undefined) expect(formatCheckpoint(parsed)).toBe(changed);
      }),
      { numRuns: 500 },
    );
  });

  it('count without signs, zeros in front, and fractions', () => {
    expect(['0', '7', '999999999999'].map(parseCount)).toEqual([0, 7, 999_999_999_999]);
    for (const wrong of ['', '-1', '01', '0x10', '1.0', ' 1', '1000000000000', 'a[$(touch x)]']) {
      expect(parseCount(wrong)).toBeUndefined();
    }
  });

  it('name a log by a name without a scheme, and never by what is signed elsewhere', () => {
    expect(isOrigin(ORIGIN)).toBe(true);
    for (const wrong of [
      '',
      'a b',
      'a+b',
      'genesys-media-archive/seal/v1',
      'https://example.com',
      'a\n',
      'a\u0085',
    ]) {
      expect(isOrigin(wrong)).toBe(false);
    }
  });
});

describe('signed notes', () => {
  const text = 'first line\n\nthird line\n';
  const signature = { name: ORIGIN, id: key.id, bytes: sign(null, Buffer.from(text), pair.privateKey) };
  const note = formatNote({ text, signatures: [signature] });

  it('are read back as they were written, with several signatures', () => {
    const stranger = { name: 'stranger', id: '01020304', bytes: Buffer.from('anything') };
    const several = formatNote({ text, signatures: [stranger, signature] });
    expect(parseNote(several)).toEqual({ text, signatures: [stranger, signature] });
    expect(checkNote({ text, signatures: [stranger, signature] }, [key])).toBe('valid');
  });

  it('are valid only with the key that signed them, and name a key that is not known', () => {
    const parsed = parseNote(note);
    if (parsed === undefined) throw new Error('no note');
    expect(checkNote(parsed, [key])).toBe('valid');
    expect(checkNote(parsed, [])).toBe('unknown-key');
    expect(checkNote(parsed, [noteKey(ORIGIN, other.publicKey)])).toBe('unknown-key');
    expect(checkNote(parsed, [noteKey('another/name', pair.publicKey)])).toBe('unknown-key');
    const forged = { ...signature, bytes: sign(null, Buffer.from(text), other.privateKey) };
    expect(checkNote({ text, signatures: [forged] }, [key])).toBe('invalid');
    expect(checkNote({ text, signatures: [signature, forged] }, [key])).toBe('invalid');
    expect(
      checkNote({ text, signatures: [{ ...signature, bytes: signature.bytes.subarray(1) }] }, [key]),
    ).toBe('invalid');
  });

  it('never take a changed note for a valid one', () => {
    fc.assert(
      fc.property(mutated(note), (changed) => {
        const parsed = parseNote(changed);
        if (parsed !== undefined) expect(checkNote(parsed, [key])).not.toBe('valid');
      }),
      { numRuns: 500 },
    );
  });

  it('are refused without a signature, with control characters, and in another base64', () => {
    for (const wrong of [
      text,
      `${text}\n`,
      note.slice(0, -1),
      // no text before the signatures, and nothing between them
      `x${formatNote({ text: '', signatures: [signature] }).slice(1)}`,
      note.replace(/\n$/, ' more\n'),
      note.replace('—', '-'),
      note.replace('first', 'fi\trst'),
      note.replace('first', 'fi\ufffdrst'),
      note.replace('first', 'fi\ud800rst'),
      `${note}— short AQIDBA==\n`,
      `${note}—  ${'A'.repeat(92)}\n`,
      'x'.repeat(70_000),
      formatNote({ text, signatures: Array.from({ length: 101 }, () => signature) }),
    ]) {
      expect(parseNote(wrong)).toBeUndefined();
    }
  });

  it('have at most 65,536 characters', () => {
    const long = (length: number) => formatNote({ text: `${'x'.repeat(length)}\n`, signatures: [signature] });
    const room = 65_536 - long(0).length;
    expect(parseNote(long(room))?.signatures).toEqual([signature]);
    expect(parseNote(long(room + 1))).toBeUndefined();
  });

  it('have keys of one spelling, whose id is theirs', () => {
    expect(parseVkey(key.vkey)?.vkey).toBe(key.vkey);
    fc.assert(
      fc.property(mutated(key.vkey), (changed) => {
        expect(parseVkey(changed)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
    const ecdsa = `${ORIGIN}+00000000+${Buffer.concat([Uint8Array.of(2), Buffer.alloc(32)]).toString('base64')}`;
    expect(parseVkey(ecdsa)).toBeUndefined();
    // all is as it should be but the type, or the length
    const typed = noteKey(ORIGIN, pair.publicKey, 2 as typeof key.type);
    expect(parseVkey(typed.vkey)).toBeUndefined();
    for (const length of [32, 34]) {
      const bytes = Buffer.concat([Uint8Array.of(1), Buffer.alloc(length - 1, 7)]);
      const id = createHash('sha256').update(`${ORIGIN}\n`).update(bytes).digest('hex').slice(0, 8);
      expect(parseVkey(`${ORIGIN}+${id}+${bytes.toString('base64')}`)).toBeUndefined();
    }
  });
});

describe('proof files', () => {
  it('are read back as they were written, and have one spelling', () => {
    const proof = fc.record({
      entry: fc.uint8Array({ minLength: 1, maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
      index: fc.nat(1_000_000),
      path: fc.array(hash, { maxLength: 20 }),
      checkpoint: fc.constant('origin\n1\nroot\n\n— origin sig\n'),
    });
    fc.assert(
      fc.property(
        proof.chain((each) => fc.tuple(fc.constant(each), mutated(formatProof(each)))),
        ([each, changed]) => {
          expect(parseProof(formatProof(each))).toEqual(each);
          const parsed = parseProof(changed);
          if (parsed !== undefined) expect(formatProof(parsed)).toBe(changed);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('have paths of up to 64 hashes', () => {
    const longest = {
      entry: Buffer.from('e'),
      index: 1,
      path: Array.from({ length: 64 }, () => Buffer.alloc(32)),
      checkpoint: 'c',
    };
    expect(parseProof(formatProof(longest))).toEqual(longest);
  });

  it('that are none are refused', () => {
    const proof = formatProof({
      entry: Buffer.from('e'),
      index: 1,
      path: [Buffer.alloc(32)],
      checkpoint: 'c',
    });
    for (const wrong of [
      '',
      proof.replace('@v1', '@v2'),
      proof.replace('extra', 'extras'),
      proof.replace('index 1', 'index -1'),
      proof.replace('index 1', 'index a[$(touch x)]'),
      proof.replace('index 1\n', ''),
      proof.replace('index 1', 'inder 1'),
      proof.replace(/index 1\n[^]*$/, 'index 12'),
      proof.replace('AAAA', 'AAA'),
      formatProof({ entry: Buffer.from('e'), index: 1, path: [Buffer.alloc(31)], checkpoint: 'c' }),
      formatProof({
        entry: Buffer.from('e'),
        index: 1,
        path: Array.from({ length: 65 }, () => Buffer.alloc(32)),
        checkpoint: 'c',
      }),
    ]) {
      expect(parseProof(wrong)).toBeUndefined();
    }
  });
});
