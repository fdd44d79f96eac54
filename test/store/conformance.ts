import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Budget, unlimited } from '../../src/clock.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { ObjectStore, PutOptions } from '../../src/ports.ts';
import { bodyOf, contentOf, readAll, sha256 } from './bytes.ts';

export interface StoreUnderTest {
  readonly store: ObjectStore;
  /** Another instance on the same objects, as another process would have. */
  reopen(): ObjectStore;
  /** Whatever is neither an object nor its metadata: temporary files, open multipart uploads. */
  leftovers(): Promise<readonly string[]>;
  /** Makes the next read of `key` break off after about `afterBytes`. */
  cutRead(key: string, afterBytes: number): Promise<ObjectStore>;
  close(): Promise<void>;
}

/** What an implementation cannot do, each with its reason; the suite then asserts that it refuses clearly. */
export interface Exemptions {
  /** "a" and "a/b" are both objects. */
  readonly objectBelowObject?: string;
}

export interface SuiteOptions {
  /** Bytes at which the implementation changes its way of storing; sizes around it are tried. */
  readonly partBytes: number;
  readonly exempt?: Exemptions;
  /** Why the whole suite cannot run here. */
  readonly skip?: string | undefined;
}

const MIB = 1024 * 1024;

/** Holds one implementation to the text of `ObjectStore`. */
export function describeStore(
  name: string,
  options: SuiteOptions,
  make: () => Promise<StoreUnderTest>,
): void {
  const { partBytes, exempt = {} } = options;
  const reason = options.skip === undefined ? '' : ` [needs: ${options.skip}]`;

  describe.skipIf(options.skip !== undefined)(`${name}${reason}`, () => {
    let subject: StoreUnderTest;
    let store: ObjectStore;
    let serial = 0;
    /** Keys of one test share a prefix of their own. */
    const scope = () => `t${String(++serial).padStart(4, '0')}`;
    const keys = async (prefix: string) => {
      const found: string[] = [];
      for await (const { key } of store.list(prefix, unlimited)) found.push(key);
      return found;
    };

    beforeAll(async () => {
      subject = await make();
      store = subject.store;
    });
    afterEach(async () => {
      expect(await subject.leftovers()).toEqual([]);
    });
    afterAll(async () => {
      await subject.close();
    });

    describe('round trip', () => {
      const sizes = [0, 1, 65_536, partBytes - 1, partBytes, partBytes + 1, 3 * partBytes + 1];
      for (const declared of [true, false]) {
        it.for(sizes)(`%i bytes, length ${declared ? 'declared' : 'unknown'}`, async (size) => {
          const key = `${scope()}/archive/2026/01/31/rec.enc`;
          const content = contentOf(size, size);
          const metadata = { encryption: 'aes-256-gcm', iv: 'AAECAwQFBgcICQoL', 'x-note': 'a  b=c;"d"' };
          const put = await store.put(
            key,
            bodyOf(content),
            { metadata, contentType: 'audio/wav', ...(declared ? { contentLength: size } : {}) },
            unlimited,
          );
          expect(put).toMatchObject({
            outcome: 'stored',
            stat: { key, size, metadata, contentType: 'audio/wav' },
          });

          const head = await subject.reopen().head(key, unlimited);
          expect(head).toMatchObject({ key, size, metadata, contentType: 'audio/wav' });
          expect(put.outcome === 'stored' && put.stat.checksum).toEqual(head?.checksum);
          expect(head?.checksum).toEqual(expectedChecksum(content, head?.checksum?.type, partBytes));
          expect(Math.abs((head?.lastModified ?? 0) - Date.now())).toBeLessThan(3_600_000);

          const got = await subject.reopen().get(key, unlimited);
          expect(got.stat).toMatchObject({ key, size, metadata, contentType: 'audio/wav' });
          expect((await readAll(got.body)).equals(content)).toBe(true);
          expect(await keys(key.slice(0, 6))).toEqual([key]);
        });
      }

      it('takes a body in chunks of any size, empty ones too', async () => {
        const key = `${scope()}/k`;
        async function* body() {
          yield Buffer.alloc(0);
          for (const byte of contentOf(300)) yield Buffer.of(byte);
          yield Buffer.alloc(0);
        }
        await store.put(key, body(), plain, unlimited);
        expect(await readAll((await store.get(key, unlimited)).body)).toEqual(contentOf(300));
      });

      it('does not keep hold of a chunk after asking for the next', async () => {
        const key = `${scope()}/k`;
        const content = contentOf(partBytes + 5 * 65_536);
        const shared = Buffer.alloc(65_536);
        async function* body() {
          for (let at = 0; at < content.byteLength; at += shared.byteLength) {
            const length = content.copy(shared, 0, at, at + shared.byteLength);
            yield shared.subarray(0, length);
          }
        }
        await store.put(key, body(), plain, unlimited);
        expect(sha256(await readAll((await store.get(key, unlimited)).body))).toBe(sha256(content));
      });

      it.for(['a', '.hidden/..x/y...', 'A=@:+b_-.c/d', 'x'.repeat(200), `${'seg/'.repeat(100)}end`])(
        'takes the key %s',
        async (suffix) => {
          const key = `${scope()}/${suffix}`;
          await store.put(key, bodyOf(contentOf(3)), plain, unlimited);
          expect(await keys(key)).toEqual([key]);
          expect((await store.head(key, unlimited))?.size).toBe(3);
        },
      );
    });

    describe('put only if absent', () => {
      it.for([10, partBytes + 10])('leaves an object of %i bytes as it is', async (size) => {
        const key = `${scope()}/k`;
        const first = contentOf(size, 1);
        await store.put(key, bodyOf(first), { ...plain, metadata: { writer: 'first' } }, unlimited);
        const second = { ...plain, metadata: { writer: 'second' } };
        const again = await subject.reopen().put(key, bodyOf(contentOf(size, 2)), second, unlimited);
        expect(again).toEqual({ outcome: 'exists' });
        const got = await store.get(key, unlimited);
        expect(got.stat.metadata).toEqual({ writer: 'first' });
        expect((await readAll(got.body)).equals(first)).toBe(true);
      });

      it.for([
        { writers: 16, size: 20_000 },
        { writers: 4, size: partBytes + 1 },
      ])('lets one of $writers racing writers of $size bytes win, whole', async ({ writers, size }) => {
        const key = `${scope()}/k`;
        const outcomes = await Promise.all(
          Array.from({ length: writers }, async (_, writer) => {
            const written = { ...plain, metadata: { writer: String(writer) } };
            return (await subject.reopen().put(key, bodyOf(contentOf(size, writer)), written, unlimited))
              .outcome;
          }),
        );
        expect(outcomes.filter((outcome) => outcome === 'stored')).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome === 'exists')).toHaveLength(writers - 1);
        const winner = outcomes.indexOf('stored');
        const got = await store.get(key, unlimited);
        expect(got.stat.metadata).toEqual({ writer: String(winner) });
        expect((await readAll(got.body)).equals(contentOf(size, winner))).toBe(true);
      });
    });

    describe('all or nothing', () => {
      const stages = [
        { when: 'before the first byte', bytes: 0 },
        { when: 'within the first part', bytes: 70_000 },
        { when: 'after the second part', bytes: 2 * partBytes + 70_000 },
      ];

      it.for(stages)('a body that throws $when: the very error, and no object', async ({ bytes }) => {
        const key = `${scope()}/k`;
        const failure = new ArchiveError('MEDIA_TRUNCATED', 'made up');
        async function* body() {
          yield* bodyOf(contentOf(bytes));
          throw failure;
        }
        await expect(store.put(key, body(), plain, unlimited)).rejects.toBe(failure);
        expect(await keys(key)).toEqual([]);
        // and the key is still free
        expect(await store.put(key, bodyOf(contentOf(5)), plain, unlimited)).toMatchObject({
          outcome: 'stored',
        });
      });

      it.for(stages)('a signal that aborts $when, while the body stalls', async ({ bytes }) => {
        const key = `${scope()}/k`;
        const reason = new ArchiveError('INTERRUPTED', 'made up');
        const controller = new AbortController();
        let closed = false;
        async function* body() {
          try {
            yield* bodyOf(contentOf(bytes));
            setTimeout(() => controller.abort(reason), 20);
            await new Promise((resolve) => {
              controller.signal.addEventListener('abort', () => setTimeout(resolve, 20), { once: true });
            });
            yield Buffer.alloc(1);
          } finally {
            closed = true;
          }
        }
        const budget: Budget = { deadline: Number.POSITIVE_INFINITY, signal: controller.signal };
        await expect(store.put(key, body(), plain, budget)).rejects.toBe(reason);
        expect(await keys(key)).toEqual([]);
        await expect.poll(() => closed).toBe(true);
      });

      it.for(stages)('a deadline that passes $when', async ({ bytes }) => {
        const key = `${scope()}/k`;
        const budget = { deadline: Date.now() + 50, signal: unlimited.signal };
        async function* body() {
          yield* bodyOf(contentOf(bytes));
          while (Date.now() <= budget.deadline) await new Promise((resolve) => setTimeout(resolve, 5));
          yield Buffer.alloc(1);
          yield Buffer.alloc(1);
        }
        await expect(store.put(key, body(), plain, budget)).rejects.toMatchObject({
          code: 'OUT_OF_TIME',
          retryable: true,
        });
        expect(await keys(key)).toEqual([]);
      });

      it.for([
        { declared: 10, actual: 9 },
        { declared: 10, actual: 11 },
        { declared: 0, actual: 1 },
        { declared: partBytes + 100_000, actual: partBytes },
        { declared: partBytes, actual: partBytes + 1 },
        { declared: 2 * partBytes + 1, actual: 2 * partBytes },
      ])('$actual bytes where $declared were declared', async ({ declared, actual }) => {
        const key = `${scope()}/k`;
        const put = store.put(
          key,
          bodyOf(contentOf(actual)),
          { ...plain, contentLength: declared },
          unlimited,
        );
        await expect(put).rejects.toMatchObject({ code: 'STORE_MISMATCH', retryable: true });
        expect(await keys(key)).toEqual([]);
      });

      it('starts nothing after the deadline, nor once interrupted', async () => {
        const key = `${scope()}/k`;
        let read = false;
        async function* body() {
          read = true;
          yield Buffer.alloc(1);
        }
        const late = { deadline: Date.now() - 1, signal: unlimited.signal };
        const reason = new ArchiveError('INTERRUPTED', 'made up');
        const stopped = { deadline: Number.POSITIVE_INFINITY, signal: AbortSignal.abort(reason) };
        const list = async (budget: Budget) => {
          for await (const object of store.list('', budget)) return object;
          return undefined;
        };
        for (const start of [
          (budget: Budget) => store.put(key, body(), plain, budget),
          (budget: Budget) => store.head(key, budget),
          (budget: Budget) => store.get(key, budget),
          list,
        ]) {
          await expect(start(late)).rejects.toMatchObject({ code: 'OUT_OF_TIME' });
          await expect(start(stopped)).rejects.toBe(reason);
        }
        expect(read).toBe(false);
        expect(await keys(key)).toEqual([]);
      });
    });

    describe('reading', () => {
      const content = contentOf(2 * partBytes + 1000, 7);
      let key: string;
      beforeAll(async () => {
        key = `${scope()}/big`;
        await store.put(key, bodyOf(content), plain, unlimited);
      });

      it.for([
        [0, 0],
        [0, 9],
        [1, 65_536],
        [partBytes - 1, partBytes],
        [content.byteLength - 1, content.byteLength - 1],
        [content.byteLength - 5, content.byteLength + 99],
        [0, content.byteLength - 1],
      ] as const)('bytes %i to %i', async ([first, last]) => {
        const got = await store.get(key, unlimited, { first, last });
        expect(got.stat.size).toBe(content.byteLength);
        expect((await readAll(got.body)).equals(content.subarray(first, last + 1))).toBe(true);
      });

      it('refuses ranges that are none, or lie beyond the end', async () => {
        const beyond = { first: content.byteLength, last: content.byteLength };
        for (const range of [
          beyond,
          { first: 5, last: 4 },
          { first: -1, last: 4 },
          { first: 0.5, last: 4 },
        ]) {
          await expect(store.get(key, unlimited, range)).rejects.toMatchObject({ code: 'OBJECT_MALFORMED' });
        }
      });

      it('can be left before the end', async () => {
        const { body } = await store.get(key, unlimited);
        for await (const chunk of body) {
          expect(chunk.byteLength).toBeGreaterThan(0);
          break;
        }
        expect((await store.head(key, unlimited))?.size).toBe(content.byteLength);
      });

      it('stops when the signal aborts', async () => {
        const controller = new AbortController();
        const reason = new ArchiveError('INTERRUPTED', 'made up');
        const { body } = await store.get(key, {
          deadline: Number.POSITIVE_INFINITY,
          signal: controller.signal,
        });
        const read = async () => {
          for await (const _ of body) controller.abort(reason);
        };
        await expect(read()).rejects.toBe(reason);
      });

      it('reports a connection or file that ends early, never a short success', async () => {
        const doomed = `${scope()}/doomed`;
        await store.put(doomed, bodyOf(content), plain, unlimited);
        const cut = await subject.cutRead(doomed, partBytes);
        let bytes = 0;
        const read = async () => {
          for await (const chunk of (await cut.get(doomed, unlimited)).body) bytes += chunk.byteLength;
        };
        await expect(read()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
        expect(bytes).toBeGreaterThan(0);
        expect(bytes).toBeLessThan(content.byteLength);
      });

      it('says that there is no such object', async () => {
        const missing = `${scope()}/missing`;
        expect(await store.head(missing, unlimited)).toBeUndefined();
        await expect(store.get(missing, unlimited)).rejects.toMatchObject({
          code: 'OBJECT_NOT_FOUND',
          retryable: false,
        });
        expect(await store.head(`${key}/below`, unlimited)).toBeUndefined();
        expect(await keys(missing)).toEqual([]);
      });
    });

    describe('listing', () => {
      const nasty = [
        'a-b/1',
        'a.b/1',
        'a/b/1',
        'a/b-c',
        'a/b.c',
        'a/b0',
        'a0',
        'a:',
        'A/z',
        'Z',
        '_',
        'a/b=1',
        'a@',
        '+',
        'b',
        'c/1',
        'c/10',
        'c/2',
      ];

      it('gives keys in byte order over several pages, below any prefix', async () => {
        const top = scope();
        const all = nasty.map((key) => `${top}/${key}`);
        for (const key of all) await store.put(key, bodyOf(contentOf(key.length)), plain, unlimited);
        const sorted = all
          .map((key) => Buffer.from(key))
          .sort((a, b) => a.compare(b))
          .map(String);
        expect(await keys(`${top}/`)).toEqual(sorted);
        for (const prefix of ['a', 'a/', 'a/b', 'a/b-', 'c/1', 'none', 'a/b/1/x']) {
          const expected = sorted.filter((key) => key.startsWith(`${top}/${prefix}`));
          expect({ prefix, keys: await keys(`${top}/${prefix}`) }).toEqual({ prefix, keys: expected });
        }
        for await (const { key, size, lastModified } of store.list(`${top}/`, unlimited)) {
          expect(size).toBe(key.length);
          expect(Number.isSafeInteger(lastModified)).toBe(true);
        }
      });

      it('is lazy, and can be left', async () => {
        const top = scope();
        for (const key of ['1', '2', '3', '4', '5'])
          await store.put(`${top}/${key}`, bodyOf(contentOf(1)), plain, unlimited);
        for await (const { key } of store.list(top, unlimited)) {
          expect(key).toBe(`${top}/1`);
          break;
        }
      });

      const both = exempt.objectBelowObject;
      it(`${both === undefined ? 'keeps' : 'refuses'} "a/b" beside "a"${both === undefined ? '' : ` (${both})`}`, async () => {
        const top = scope();
        await store.put(`${top}/a`, bodyOf(contentOf(1)), plain, unlimited);
        const below = store.put(`${top}/a/b`, bodyOf(contentOf(2)), plain, unlimited);
        if (both === undefined) {
          expect(await below).toMatchObject({ outcome: 'stored' });
          expect(await keys(top)).toEqual([`${top}/a`, `${top}/a/b`]);
          return;
        }
        await expect(below).rejects.toMatchObject({ code: 'KEY_COLLISION', retryable: false });
        await store.put(`${top}/c/d`, bodyOf(contentOf(1)), plain, unlimited);
        const above = store.put(`${top}/c`, bodyOf(contentOf(1)), plain, unlimited);
        await expect(above).rejects.toMatchObject({ code: 'KEY_COLLISION', retryable: false });
        expect(await keys(top)).toEqual([`${top}/a`, `${top}/c/d`]);
        expect(await store.head(`${top}/c`, unlimited)).toBeUndefined();
      });
    });

    describe('refusing', () => {
      const bad = [
        '',
        '/a',
        'a/',
        'a//b',
        '.',
        '..',
        '../a',
        'a/../b',
        'a/./b',
        'a\\b',
        'a b',
        'ä',
        'a\u0000b',
        'a\nb',
        '%2e',
        'a?b',
      ];
      it.for([...bad, 'k'.repeat(513)])('the key %j', async (key) => {
        const refusal = { code: 'KEY_INVALID', retryable: false };
        await expect(store.put(key, bodyOf(contentOf(1)), plain, unlimited)).rejects.toMatchObject(refusal);
        await expect(store.head(key, unlimited)).rejects.toMatchObject(refusal);
        await expect(store.get(key, unlimited)).rejects.toMatchObject(refusal);
      });

      it('metadata that a store would change or drop', async () => {
        const key = `${scope()}/k`;
        for (const metadata of [
          { Upper: 'x' },
          { 'a b': 'x' },
          { umlaut: 'ä' },
          { line: 'a\r\nb' },
          { padded: ' x' },
          { empty: '' },
          { long: 'x'.repeat(2048) },
        ] as Record<string, string>[]) {
          const put = store.put(key, bodyOf(contentOf(1)), { ...plain, metadata }, unlimited);
          await expect(put).rejects.toMatchObject({ code: 'OBJECT_MALFORMED', retryable: false });
        }
        expect(await keys(key)).toEqual([]);
      });
    });

    it('keeps its memory bounded while 128 MiB pass through', async () => {
      const key = `${scope()}/large`;
      const block = contentOf(MIB, 3);
      const hash = createHash('sha256');
      let peak = 0;
      const before = process.memoryUsage().arrayBuffers;
      const measure = () => {
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
      };
      async function* body() {
        for (let i = 0; i < 128; i += 1) {
          block.writeUInt32BE(i, 0);
          hash.update(block);
          measure();
          yield block;
        }
      }
      const put = await store.put(key, body(), { ...plain, contentLength: 128 * MIB }, unlimited);
      expect(put).toMatchObject({ outcome: 'stored', stat: { size: 128 * MIB } });
      const readBack = createHash('sha256');
      for await (const chunk of (await store.get(key, unlimited)).body) {
        measure();
        readBack.update(chunk);
      }
      expect(readBack.digest('hex')).toBe(hash.digest('hex'));
      // Three parts, and what waits for the garbage collector; a store that collects the whole body needs 128 MiB.
      expect(peak / MIB).toBeLessThan(96);
    }, 120_000);
  });
}

const plain: PutOptions = { metadata: {}, contentType: 'application/octet-stream' };

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
