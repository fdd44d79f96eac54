import { generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeConsistencyProof, makeInclusionProof } from '../../src/proof/formats/merkle-proofs.ts';
import { hashRange, leafHash, rootOf, type Subtree } from '../../src/proof/formats/merkle.ts';
import { cosignatureOf, cosignedText } from '../../src/proof/formats/cosignature.ts';
import { COSIGNATURE_TYPE, formatNote, noteKey, rawKey } from '../../src/proof/formats/note.ts';
import { buildGo, filter, HAS_GO } from './tools.ts';

const ORIGIN = 'recordings.example.com/proof/org';
const pair = generateKeyPairSync('ed25519');
const key = noteKey(ORIGIN, pair.publicKey);

const entries = Array.from({ length: 2_000 }, (_, index) => Buffer.from(`entry ${index}\n`));
const leaves = entries.map(leafHash);
const known = new Map<string, Buffer>();
const read = ({ level, index }: Subtree): Buffer => {
  const name = `${level}/${index}`;
  const hash = known.get(name) ?? rootOf(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
  known.set(name, hash);
  return hash;
};
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

interface Claim extends Readonly<Record<string, unknown>> {
  readonly kind: string;
  readonly root: string;
  readonly path: readonly string[];
}

/** A claim with one bit of one of its hashes changed. */
function mutate(claim: Claim, seed: number): Claim {
  const flip = (text: string): string => {
    const bytes = Buffer.from(text, 'base64');
    const at = seed % bytes.length;
    bytes[at] = (bytes[at] as number) ^ (1 << (seed % 8));
    return base64(bytes);
  };
  const at = seed % (claim.path.length + 1);
  return at === claim.path.length
    ? { ...claim, root: flip(claim.root) }
    : { ...claim, path: claim.path.with(at, flip(claim.path[at] as string)) };
}

describe.skipIf(!HAS_GO)(
  'Go’s tlog and note packages (golang-golang-x-mod-dev; skipped where it is not installed)',
  () => {
    let go: ReturnType<typeof buildGo>;
    beforeAll(() => {
      go = buildGo();
    });
    afterAll(() => go.remove());
    const ask = (claims: readonly object[]): Promise<string[]> =>
      filter(
        go.program,
        ['proofs', key.vkey],
        claims.map((claim) => JSON.stringify(claim)),
      );

    it('accept more than 10,000 inclusion and consistency proofs, and refuse each of them after a change of one bit', async () => {
      const claims: Claim[] = [];
      for (let size = 1; size <= 130; size += 1) {
        const root = base64(await hashRange({ start: 0, end: size }, read));
        for (let index = 0; index < size; index += 1) {
          const path = (await makeInclusionProof(index, size, read)).map(base64);
          const entry = base64(entries[index] as Buffer);
          claims.push({ kind: 'inclusion', root, path, size, index, entry });
          const from = index + 1;
          const old = base64(await hashRange({ start: 0, end: from }, read));
          const proof = (await makeConsistencyProof(from, size, read)).map(base64);
          claims.push({ kind: 'consistency', root, path: proof, size, from, old });
        }
      }
      for (let round = 0; round < 500; round += 1) {
        const size = 131 + ((round * 7_919) % 1_869);
        const index = (round * 104_729) % size;
        const root = base64(await hashRange({ start: 0, end: size }, read));
        const path = (await makeInclusionProof(index, size, read)).map(base64);
        claims.push({
          kind: 'inclusion',
          root,
          path,
          size,
          index,
          entry: base64(entries[index] as Buffer),
        });
      }
      expect(claims.length).toBeGreaterThan(17_000);
      const accepted = (await ask(claims)).filter((line) => line === 'ok').length;
      const refused = (await ask(claims.map(mutate))).filter((line) => line.startsWith('refused')).length;
      expect([accepted, refused]).toEqual([claims.length, claims.length]);
    });

    it('take what 100 witnesses signed, and none of it after a change of one character of the checkpoint or the signature', async () => {
      const claims = Array.from({ length: 100 }, (_, index) => {
        const text = `${ORIGIN}\n${index}\n${base64(Buffer.alloc(32, index))}\n`;
        const own = { name: ORIGIN, id: key.id, bytes: sign(null, Buffer.from(text), pair.privateKey) };
        const witness = noteKey(`witness.example.com/${index}`, pair.publicKey, COSIGNATURE_TYPE);
        const time = 1_790_000_000 + index;
        const signed = sign(null, Buffer.from(cosignedText(text, time)), pair.privateKey);
        const note = formatNote({ text, signatures: [own, cosignatureOf(witness, time, signed)] });
        return {
          kind: 'cosigned',
          note,
          witness: witness.name,
          key: base64(rawKey(pair.publicKey)),
        };
      });
      expect((await ask(claims)).filter((line) => line === 'ok')).toHaveLength(100);
      const changed = claims.map((claim, index) => {
        const { note } = claim;
        const at = index % 2 === 0 ? note.length - 20 - index : (index * 31) % note.indexOf('\n\n');
        const other = note[at] === 'A' ? 'B' : 'A';
        return { ...claim, note: `${note.slice(0, at)}${other}${note.slice(at + 1)}` };
      });
      expect((await ask(changed)).every((line) => line.startsWith('refused'))).toBe(true);
    });

    it('open 100 notes with one to three signatures, and none of them after a change of one character', async () => {
      const notes = Array.from({ length: 100 }, (_, index) => {
        const text = `${ORIGIN}\n${index}\n${base64(Buffer.alloc(32, index))}\n`;
        const own = { name: ORIGIN, id: key.id, bytes: sign(null, Buffer.from(text), pair.privateKey) };
        const others = Array.from({ length: index % 3 }, (_each, at) => ({
          name: `other.example/${at}`,
          id: '01020304',
          bytes: Buffer.alloc(72, at),
        }));
        return formatNote({ text, signatures: index % 2 === 0 ? [own, ...others] : [...others, own] });
      });
      expect((await ask(notes.map((note) => ({ kind: 'note', note })))).every((line) => line === 'ok')).toBe(
        true,
      );
      const changed = notes.map((note, index) => {
        const at = (index * 31) % note.indexOf('\n\n');
        return { kind: 'note', note: `${note.slice(0, at)}~${note.slice(at + 1)}` };
      });
      expect((await ask(changed)).every((line) => line.startsWith('refused'))).toBe(true);
    });
  },
);
