import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { heldBytes } from '../held-memory.ts';
import { bodyOf, contentOf, readAll, sha256 } from './bytes.ts';
import { plain, type RunningSuite } from './conformance-suite.ts';

const MIB = 1024 * 1024;

/** What is stored can be read, by anyone, and is never replaced. */
export function describeStoring(suite: RunningSuite): void {
  const { partBytes } = suite;

  describe('round trip', () => {
    const sizes = [0, 1, 65_536, partBytes - 1, partBytes, partBytes + 1, 3 * partBytes + 1];
    for (const declared of [true, false]) {
      it.for(sizes)(`%i bytes, length ${declared ? 'declared' : 'unknown'}`, async (size) => {
        const key = `${suite.newScope()}/archive/2026/01/31/rec.enc`;
        const content = contentOf(size, size);
        const metadata = { encryption: 'aes-256-gcm', iv: 'AAECAwQFBgcICQoL', 'x-note': 'a  b=c;"d"' };
        const put = await suite.store.put(
          key,
          bodyOf(content),
          { metadata, contentType: 'audio/wav', ...(declared ? { contentLength: size } : {}) },
          unlimited,
        );
        expect(put).toMatchObject({
          outcome: 'stored',
          stat: { key, size, metadata, contentType: 'audio/wav' },
        });

        const head = await suite.subject.reopen().head(key, unlimited);
        expect(head).toMatchObject({ key, size, metadata, contentType: 'audio/wav' });
        expect(put.outcome === 'stored' && put.stat.checksum).toEqual(head?.checksum);
        expect(head?.checksum).toEqual(expectedChecksum(content, head?.checksum?.type, partBytes));
        expect(Math.abs((head?.lastModified ?? 0) - Date.now())).toBeLessThan(3_600_000);

        const got = await suite.subject.reopen().get(key, unlimited);
        expect(got.stat).toMatchObject({ key, size, metadata, contentType: 'audio/wav' });
        expect((await readAll(got.body)).equals(content)).toBe(true);
        expect(await suite.keys(key.slice(0, 6))).toEqual([key]);
      });
    }

    it.for(sizes)('%i bytes in one piece, length declared or not', async (size) => {
      const scope = suite.newScope();
      const content = contentOf(size + 7, size).subarray(7);
      for (const declared of [{ contentLength: size }, {}]) {
        const key = `${scope}/${Object.keys(declared).length}`;
        const put = await suite.store.put(key, content, { ...plain, ...declared }, unlimited);
        expect(put).toMatchObject({ outcome: 'stored', stat: { key, size } });
        expect(await suite.store.put(key, content, { ...plain, ...declared }, unlimited)).toEqual({
          outcome: 'exists',
        });
        expect((await readAll((await suite.store.get(key, unlimited)).body)).equals(content)).toBe(true);
      }
    });

    it('takes a body in chunks of any size, empty ones too', async () => {
      const key = `${suite.newScope()}/k`;
      async function* body() {
        yield Buffer.alloc(0);
        for (const byte of contentOf(300)) yield Buffer.of(byte);
        yield Buffer.alloc(0);
      }
      await suite.store.put(key, body(), plain, unlimited);
      expect(await readAll((await suite.store.get(key, unlimited)).body)).toEqual(contentOf(300));
    });

    it('does not keep hold of a chunk after asking for the next', async () => {
      const key = `${suite.newScope()}/k`;
      const content = contentOf(partBytes + 5 * 65_536);
      const shared = Buffer.alloc(65_536);
      async function* body() {
        for (let at = 0; at < content.byteLength; at += shared.byteLength) {
          const length = content.copy(shared, 0, at, at + shared.byteLength);
          yield shared.subarray(0, length);
        }
      }
      await suite.store.put(key, body(), plain, unlimited);
      expect(sha256(await readAll((await suite.store.get(key, unlimited)).body))).toBe(sha256(content));
    });

    it.for(['a', '.hidden/..x/y...', 'A=@:+b_-.c/d', 'x'.repeat(200), `${'seg/'.repeat(100)}end`])(
      'takes the key %s',
      async (suffix) => {
        const key = `${suite.newScope()}/${suffix}`;
        await suite.store.put(key, bodyOf(contentOf(3)), plain, unlimited);
        expect(await suite.keys(key)).toEqual([key]);
        expect((await suite.store.head(key, unlimited))?.size).toBe(3);
      },
    );
  });

  describe('put only if absent', () => {
    it.for([10, partBytes + 10])('leaves an object of %i bytes as it is', async (size) => {
      const key = `${suite.newScope()}/k`;
      const first = contentOf(size, 1);
      await suite.store.put(key, bodyOf(first), { ...plain, metadata: { writer: 'first' } }, unlimited);
      const second = { ...plain, metadata: { writer: 'second' } };
      const again = await suite.subject.reopen().put(key, bodyOf(contentOf(size, 2)), second, unlimited);
      expect(again).toEqual({ outcome: 'exists' });
      const got = await suite.store.get(key, unlimited);
      expect(got.stat.metadata).toEqual({ writer: 'first' });
      expect((await readAll(got.body)).equals(first)).toBe(true);
    });

    it.for([
      { writers: 16, size: 20_000 },
      { writers: 4, size: partBytes + 1 },
    ])('lets one of $writers racing writers of $size bytes win, whole', async ({ writers, size }) => {
      const key = `${suite.newScope()}/k`;
      const outcomes = await Promise.all(
        Array.from({ length: writers }, async (_, writer) => {
          const written = { ...plain, metadata: { writer: String(writer) } };
          return (await suite.subject.reopen().put(key, bodyOf(contentOf(size, writer)), written, unlimited))
            .outcome;
        }),
      );
      expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'exists')).toHaveLength(writers - 1);
      const winner = outcomes.indexOf('stored');
      const got = await suite.store.get(key, unlimited);
      expect(got.stat.metadata).toEqual({ writer: String(winner) });
      expect((await readAll(got.body)).equals(contentOf(size, winner))).toBe(true);
    });
  });

  it('keeps its memory bounded while 128 MiB pass through', async () => {
    const key = `${suite.newScope()}/large`;
    const block = contentOf(MIB, 3);
    const hash = createHash('sha256');
    let peak = 0;
    const before = heldBytes();
    const measure = () => {
      peak = Math.max(peak, heldBytes() - before);
    };
    async function* body() {
      for (let i = 0; i < 128; i += 1) {
        block.writeUInt32BE(i, 0);
        hash.update(block);
        if (i % 32 === 31) measure();
        yield block;
      }
    }
    const put = await suite.store.put(key, body(), { ...plain, contentLength: 128 * MIB }, unlimited);
    expect(put).toMatchObject({ outcome: 'stored', stat: { size: 128 * MIB } });
    const readBack = createHash('sha256');
    let bytes = 0;
    for await (const chunk of (await suite.store.get(key, unlimited)).body) {
      readBack.update(chunk);
      bytes += chunk.byteLength;
      if (bytes % (32 * MIB) < chunk.byteLength) measure();
    }
    expect(readBack.digest('hex')).toBe(hash.digest('hex'));
    // Three parts and the buffers of a server in the same process; a store that collects the whole body needs 128 MiB.
    expect(peak / MIB).toBeLessThan(64);
  }, 120_000);
}

function expectedChecksum(content: Buffer, type: 'full' | 'composite' | undefined, partBytes: number) {
  if (type !== 'composite') return { type: 'full', sha256: sha256(content) };
  const digests: Buffer[] = [];
  for (let at = 0; at < content.byteLength; at += partBytes) {
    digests.push(
      createHash('sha256')
        .update(content.subarray(at, at + partBytes))
        .digest(),
    );
  }
  return { type, sha256: `${sha256(Buffer.concat(digests))}-${digests.length}` };
}
