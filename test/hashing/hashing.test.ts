import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { HashThread } from '../../src/hashing/hash-thread.ts';
import { createHashing, ThreadedHashing } from '../../src/hashing/hashing.ts';
import { type Hashing, MediaRestart } from '../../src/ports.ts';

const MIB = 1024 * 1024;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('hashing', () => {
  const opened: Hashing[] = [];
  const open = () => {
    const thread = new HashThread();
    const hashing = new ThreadedHashing(thread);
    opened.push(hashing);
    return { thread, hashing };
  };
  afterEach(() => {
    for (const hashing of opened.splice(0)) hashing.close();
  });

  it('is done in place with fewer than two processors', async () => {
    const hashing = createHashing(1.9);
    const { plaintext, hashPiece } = hashing.begin(undefined);
    expect(hashPiece).toBeUndefined();
    expect(plaintext.update(Buffer.from('abc'))).toBeUndefined();
    expect((await plaintext.digest()).toString('hex')).toBe(sha256(Buffer.from('abc')));
    expect(hashing.allocate(5).buffer).toBeInstanceOf(ArrayBuffer);
    const next = hashing.readBuffers(9);
    expect(next()).toBe(next());
    expect(next()).toHaveLength(9);
    hashing.close();
  });

  it('is for a thread from two processors on, which a process need not wait for', () => {
    const hashing = createHashing(2);
    expect(hashing).toBeInstanceOf(ThreadedHashing);
    hashing.close();
  });

  it('of a short body alone, or of one too many, is done in place', async () => {
    const { thread, hashing } = open();
    const alone = hashing.begin(5 * MIB);
    expect(alone.hashPiece).toBeUndefined();
    void alone.plaintext.update(hashing.allocate(10));
    expect(thread.pending).toBe(0);
    const bodies = Array.from({ length: 100 }, () => hashing.begin(700_000));
    for (const { plaintext } of bodies) void plaintext.update(hashing.allocate(10));
    const before = thread.pending;
    const last = hashing.begin(700_000);
    void last.plaintext.update(hashing.allocate(10));
    expect(thread.pending).toBeLessThanOrEqual(before);
    for (const body of [alone, last, ...bodies]) {
      expect((await body.plaintext.digest()).toString('hex')).toBe(sha256(Buffer.alloc(10)));
      body.close();
      body.close();
    }
    // all of them counted as closed, once each
    expect(hashing.begin(5 * MIB).hashPiece).toBeUndefined();
  });

  it('of a short body is done in place, however many there are', () => {
    const { thread, hashing } = open();
    for (let body = 0; body < 10; body += 1) {
      const { plaintext, hashPiece } = hashing.begin(512 * 1024);
      expect(hashPiece).toBeUndefined();
      void plaintext.update(hashing.allocate(10));
    }
    expect(thread.pending).toBe(0);
  });

  it('of thousands of small pieces at once is done somewhere', async () => {
    const { hashing } = open();
    const { hashPiece } = hashing.begin(undefined);
    const memory = hashing.allocate(5000);
    randomBytes(5000).copy(memory);
    const pieces = Array.from({ length: 3000 }, (_, index) => memory.subarray(index, index + 100));
    const digests = await Promise.all(pieces.map(async (piece) => hashPiece?.(piece)));
    expect(digests.map((digest) => digest?.toString('hex'))).toEqual(pieces.map((piece) => sha256(piece)));
  });

  it.each([
    ['a long body', 5 * MIB + 1],
    ['a body of unknown length', undefined],
  ])('of %s goes to the thread, its pieces too', async (_, bytes) => {
    const { thread, hashing } = open();
    const body = hashing.begin(bytes);
    const { plaintext, hashPiece } = body;
    const chunk = hashing.allocate(MIB / 2);
    randomBytes(1000).copy(chunk);
    void plaintext.update(chunk);
    expect(thread.pending).toBe(1);
    const piece = hashPiece?.(chunk);
    expect(thread.pending).toBe(2);
    expect((await plaintext.digest()).toString('hex')).toBe(sha256(chunk));
    expect((await piece)?.toString('hex')).toBe(sha256(chunk));
    body.close();
  });

  it('of whatever comes while the thread is behind is done in place', async () => {
    const { thread, hashing } = open();
    const first = hashing.begin(undefined);
    const much = hashing.allocate(40 * MIB);
    void first.plaintext.update(much);
    const second = hashing.begin(undefined);
    void second.plaintext.update(hashing.allocate(10));
    expect((await second.hashPiece?.(hashing.allocate(11)))?.toString('hex')).toBe(sha256(Buffer.alloc(11)));
    expect((await second.plaintext.digest()).toString('hex')).toBe(sha256(Buffer.alloc(10)));
    expect(thread.pending).toBe(1);
    expect((await first.plaintext.digest()).toString('hex')).toBe(sha256(much));
  });

  it('makes whoever brings too much wait', async () => {
    const { thread, hashing } = open();
    const { plaintext } = hashing.begin(undefined);
    const chunk = hashing.allocate(20 * MIB);
    const room = plaintext.update(chunk);
    expect(room).toBeInstanceOf(Promise);
    await room;
    expect(thread.pending).toBe(0);
    const small = hashing.allocate(MIB);
    const rooms = Array.from({ length: 40 }, () => plaintext.update(small));
    expect(rooms.filter((one) => one !== undefined).length).toBeGreaterThan(0);
    for (const one of rooms) await one;
    await plaintext.digest();
  });

  it('never gives a read a buffer that somebody has still to look at', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ connection: fc.nat(3), reads: fc.integer({ min: 1, max: 20 }) }), {
          maxLength: 40,
        }),
        fc.boolean(),
        async (turns, pauses) => {
          const { hashing } = open();
          const connections = Array.from({ length: 4 }, () => {
            const next = hashing.readBuffers(64 * 1024);
            // as Node does: the next buffer is asked for as soon as one is filled
            return { next, filling: next(), body: hashing.begin(undefined), all: [] as Buffer[] };
          });
          for (const { connection: index, reads } of turns) {
            const connection = connections[index];
            if (connection === undefined) continue;
            for (let read = 0; read < reads; read += 1) {
              const filled = connection.filling;
              const content = randomBytes(filled.byteLength);
              filled.set(content);
              connection.filling = connection.next();
              expect(connections.filter(({ filling }) => filling === connection.filling)).toHaveLength(1);
              expect(filled.equals(content)).toBe(true);
              connection.all.push(content);
              const room = connection.body.plaintext.update(filled);
              if (pauses) await room;
            }
          }
          for (const { body, all } of connections) {
            expect((await body.plaintext.digest()).toString('hex')).toBe(sha256(Buffer.concat(all)));
            body.close();
          }
          hashing.close();
        },
      ),
      { numRuns: 20 },
    );
  });

  it('gives a read the same buffer again where it has been dealt with, and hashed', async () => {
    const { hashing } = open();
    const next = hashing.readBuffers(64 * 1024);
    const first = next();
    expect(next(true)).toBe(first);
    const { plaintext } = hashing.begin(undefined);
    void plaintext.update(first);
    const second = next(true);
    expect(second).not.toBe(first);
    expect(next(true)).toBe(second);
    await plaintext.digest();
    expect(next()).not.toBe(second);
  });

  it('copies what is in memory of somebody else', async () => {
    const { hashing } = open();
    const { plaintext } = hashing.begin(undefined);
    const chunk = randomBytes(MIB + 17);
    const expected = sha256(chunk);
    void plaintext.update(chunk);
    chunk.fill(0);
    expect((await plaintext.digest()).toString('hex')).toBe(expected);
  });

  it('uses few buffers, however many reads', async () => {
    const { thread, hashing } = open();
    const memory = new Set<ArrayBufferLike>();
    const { plaintext } = hashing.begin(undefined);
    const next = hashing.readBuffers(MIB);
    for (let read = 0; read < 200; read += 1) {
      const buffer = next();
      memory.add(buffer.buffer);
      await plaintext.update(buffer);
    }
    await plaintext.digest();
    expect(memory.size).toBeLessThanOrEqual(20);
    expect(thread.pending).toBe(0);
  });

  it('survives its thread: pieces are hashed in place, streams start over, later ones are in place', async () => {
    const { thread, hashing } = open();
    const { plaintext, hashPiece } = hashing.begin(undefined);
    const chunk = hashing.allocate(2 * MIB);
    void plaintext.update(chunk);
    const piece = hashPiece?.(chunk);
    thread.close();
    expect((await piece)?.toString('hex')).toBe(sha256(chunk));
    expect((await hashPiece?.(chunk))?.toString('hex')).toBe(sha256(chunk));
    await expect(plaintext.digest()).rejects.toThrow(MediaRestart);
    const later = hashing.begin(undefined);
    expect(later.hashPiece).toBeUndefined();
    void later.plaintext.update(chunk);
    expect((await later.plaintext.digest()).toString('hex')).toBe(sha256(chunk));
  });
});
