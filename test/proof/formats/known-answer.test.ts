import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatCheckpoint, parseCheckpoint } from '../../../src/proof/formats/checkpoint.ts';
import { formatEntry, sha256Hex } from '../../../src/proof/formats/entry.ts';
import { makeInclusionProof } from '../../../src/proof/formats/merkle-proofs.ts';
import { hashRange, leafHash, rootOf, type Subtree } from '../../../src/proof/formats/merkle.ts';
import { checkNote, formatNote, noteKey, parseNote, parseVkey } from '../../../src/proof/formats/note.ts';
import { formatBundle, newTiles, tilePath } from '../../../src/proof/formats/tiles.ts';
import { formatProof, parseProof } from '../../../src/proof/formats/tlog-proof.ts';

const ORIGIN = 'recordings.example.com/proof/0c2f9a6e-52a4-4a8b-9c55-1f3f6a1a9b77';
const seed = createHash('sha256').update('test vector, never use').digest();
const privateKey = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
  format: 'der',
  type: 'pkcs8',
});
const key = noteKey(ORIGIN, createPublicKey(privateKey));
const statement = (day: string) =>
  `{"day":"${day}","revision":0,"schema":"genesys-media-archive/statement/v1"}\n`;
const entries = [
  formatEntry({ kind: 'archived', day: '2026-03-02', sha256: sha256Hex('{"hello":"receipt"}\n') }),
  formatEntry({ kind: 'statement', day: '2026-03-02', sha256: sha256Hex(statement('2026-03-02')) }),
  formatEntry({ kind: 'statement', day: '2026-03-03', sha256: sha256Hex(statement('2026-03-03')) }),
].map((entry) => Buffer.from(entry));
const leaves = entries.map(leafHash);
const CHECKPOINT = `${ORIGIN}
3
7QGj2Ypy8JsfEZ6IgWqE45IGaLaWeMYlKoMJYrCCIa0=

— ${ORIGIN} nJiEiB5TGfK5wpZKn6V8vhKRH4J0iYxTGruWoocPNT+Unrz8C+4VW/V380rO5Yet8CSxz37g+mTVaBy1wZXYfZzKhQk=
`;

const read = ({ level, index }: Subtree) =>
  rootOf(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));

describe('the known answer of docs/proof.md', () => {
  it('names the key as Go’s note package does', () => {
    expect(key.vkey).toBe(`${ORIGIN}+9c988488+ASNG/ZXJDvicu7e46eNZ00m6ZCdZhBhqbjo4+HhbGXu3`);
    expect(parseVkey(key.vkey)?.id).toBe('9c988488');
  });

  it('hashes entries and leaves byte for byte', () => {
    expect(entries.map(String)).toEqual([
      'archived 2026-03-02 2a1aef714f485e34a9f9b8387e530c077999c49598b3e448f5cb22e70c8d3ab4\n',
      'statement 2026-03-02 71602b0c720650cf5622941f036efff7d2cfeddecd91c2c28f4823f2caccac61\n',
      'statement 2026-03-03 1df0c537476ff6b892c873a708dbf6177e6c3837a1580f472e764ce5222fe603\n',
    ]);
    expect(leaves.map((leaf) => leaf.toString('hex'))).toEqual([
      'c045d52be128599ee808ebbc45f7edde4a006115b8dcd42bd026d20664222e2f',
      '5cb1738406a6d6bad54ad7aba0bbd7272c901daed325fd81a4e96e06258f9f4c',
      '99875661c4b3af0b5770c49e01527c619c33c1ec59e8a2d25ebfbc3d8024df6d',
    ]);
  });

  it('makes that root, that checkpoint and that signature', async () => {
    const root = await hashRange({ start: 0, end: 3 }, read);
    expect(root.toString('hex')).toBe('ed01a3d98a72f09b1f119e88816a84e3920668b69678c6252a830962b08221ad');
    const text = formatCheckpoint({ origin: ORIGIN, size: 3, root });
    const bytes = sign(null, Buffer.from(text), privateKey);
    expect(formatNote({ text, signatures: [{ name: ORIGIN, id: key.id, bytes }] })).toBe(CHECKPOINT);
    const note = parseNote(CHECKPOINT);
    expect(note && checkNote(note, [key])).toBe('valid');
    expect(parseCheckpoint(note?.text ?? '')).toEqual({ origin: ORIGIN, size: 3, root });
  });

  it('writes that proof file, and reads it back', async () => {
    const path = await makeInclusionProof(0, 3, read);
    const proof = { entry: entries[0] as Buffer, index: 0, path, checkpoint: CHECKPOINT };
    expect(formatProof(proof)).toBe(`c2sp.org/tlog-proof@v1
extra YXJjaGl2ZWQgMjAyNi0wMy0wMiAyYTFhZWY3MTRmNDg1ZTM0YTlmOWI4Mzg3ZTUzMGMwNzc5OTljNDk1OThiM2U0NDhmNWNiMjJlNzBjOGQzYWI0Cg==
index 0
XLFzhAam1rrVSteroLvXJyyQHa7TJf2BpOluBiWPn0w=
mYdWYcSzrwtXcMSeAVJ8YZwzwexZ6KLSXr+8PYAk320=

${CHECKPOINT}`);
    expect(parseProof(formatProof(proof))).toEqual(proof);
  });

  it('puts the entries into a bundle that begins with the length of the first', () => {
    expect(newTiles({ start: 0, end: 3 }).map(tilePath)).toEqual(['tile/entries/000.p/3', 'tile/0/000.p/3']);
    const bundle = formatBundle(entries);
    expect(bundle.subarray(0, 12).toString('hex')).toBe(
      '0055617263686976656420' + bundle.subarray(11, 12).toString('hex'),
    );
    expect(bundle).toHaveLength(3 * 2 + 85 + 86 + 86);
  });

  it('opens the example note of Go’s own package', () => {
    // golang.org/x/mod/sumdb/note, example_test.go
    const vkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
    const text =
      'If you think cryptography is the answer to your problem,\nthen you don’t know what your problem is.\n'.replace(
        '’',
        "'",
      );
    const signature =
      'x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=';
    const note = parseNote(`${text}\n— PeterNeumann ${signature}\n`);
    const known = parseVkey(vkey);
    expect(note && known && checkNote(note, [known])).toBe('valid');
    expect(note && checkNote({ ...note, text: text.replace('you', 'You') }, known ? [known] : [])).toBe(
      'invalid',
    );
    expect(note && checkNote(note, [key])).toBe('unknown-key');
  });
});

describe('the test vectors of RFC 6962', () => {
  // certificate-transparency's reference vectors: eight inputs and the roots over the first n of them
  const inputs = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ].map((hex) => Buffer.from(hex, 'hex'));
  const roots = [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ];

  it('come out for each size', () => {
    const all = inputs.map(leafHash);
    expect(roots.map((_, at) => rootOf(all.slice(0, at + 1)).toString('hex'))).toEqual(roots);
    expect(rootOf([]).toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });
});
