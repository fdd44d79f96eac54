import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HashThread, HashThreadLost } from '../../src/hashing/hash-thread.ts';
import { LAYOUT, type MemoryNews } from '../../src/hashing/hash-worker.ts';

const sha256 = (...chunks: readonly Uint8Array[]) => {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
};
import { heldBytes } from '../held-memory.ts';

describe('HashThread', () => {
  const threads: HashThread[] = [];
  const start = () => {
    const thread = new HashThread();
    threads.push(thread);
    return thread;
  };
  const shared = (thread: HashThread, bytes: Uint8Array) => {
    const buffer = thread.memory.allocate(bytes.byteLength);
    buffer.set(bytes);
    return buffer;
  };
  afterEach(() => {
    vi.restoreAllMocks();
    for (const thread of threads.splice(0)) thread.close();
  });

  it('hashes streams that come in turns, each for itself', async () => {
    const thread = start();
    const streams = Array.from({ length: 10 }, () => ({ id: thread.openStream(), chunks: [] as Buffer[] }));
    for (let round = 0; round < 20; round += 1) {
      for (const { id, chunks } of streams) {
        const chunk = shared(thread, randomBytes(1 + Math.floor(Math.random() * 5000)));
        chunks.push(chunk);
        thread.update(id, chunk);
      }
    }
    const digests = await Promise.all(streams.map(({ id }) => thread.digest(id)));
    expect(digests.map((digest) => digest.toString('hex'))).toEqual(
      streams.map(({ chunks }) => sha256(...chunks)),
    );
  });

  it('hashes pieces, views of larger memory and nothing at all', async () => {
    const thread = start();
    const whole = shared(thread, randomBytes(100_000));
    const pieces = [whole, whole.subarray(1, 2), whole.subarray(99_999), whole.subarray(777, 77_777)];
    const digests = await Promise.all(pieces.map((piece) => thread.digestOf(piece)));
    expect(digests.map((digest) => digest.toString('hex'))).toEqual(pieces.map((piece) => sha256(piece)));
    expect((await thread.digest(thread.openStream())).toString('hex')).toBe(sha256());
    expect((await thread.digestOf(whole.subarray(5, 5))).toString('hex')).toBe(sha256());
  });

  it('goes around its ring of jobs many times', async () => {
    const thread = start();
    const memory = shared(thread, randomBytes(4096));
    for (let round = 0; round < 5 * LAYOUT.RING; round += 64) {
      const pieces = Array.from({ length: 64 }, (_, index) =>
        memory.subarray(index, index + 1 + (round % 4000)),
      );
      const digests = await Promise.all(pieces.map((piece) => thread.digestOf(piece)));
      expect(digests.map((digest) => digest.toString('hex'))).toEqual(pieces.map((piece) => sha256(piece)));
    }
  });

  it('tells which memory it has still to read, and how much', async () => {
    const thread = start();
    const memory = shared(thread, randomBytes(3_000_000));
    expect(thread.memory.isRead(memory)).toBe(false);
    const stream = thread.openStream();
    thread.update(stream, memory);
    expect(thread.memory.isRead(memory)).toBe(true);
    expect(thread.memory.isRead(memory.subarray(5, 6))).toBe(true);
    expect(thread.backlog).toBe(3_000_000);
    expect(thread.pending).toBe(1);
    await thread.digest(stream);
    expect(thread.memory.isRead(memory)).toBe(false);
    expect(thread.backlog).toBe(0);
    expect(thread.pending).toBe(0);
  });

  it('pauses until half of the work is done, and not at all without any', async () => {
    const thread = start();
    await thread.pause();
    const memory = shared(thread, randomBytes(100_000));
    const stream = thread.openStream();
    for (let job = 0; job < 40; job += 1) thread.update(stream, memory);
    await thread.pause();
    expect(thread.pending).toBeLessThanOrEqual(20);
    expect((await thread.digest(stream)).toString('hex')).toBe(sha256(...Array<Buffer>(40).fill(memory)));
  });

  it('forgets a stream whose digest nobody wants', async () => {
    const thread = start();
    const memory = shared(thread, Buffer.from('of an attempt that failed'));
    const stream = thread.openStream();
    thread.update(stream, memory);
    thread.forget(stream);
    // the same number again would go on with the same hash, were it still there
    thread.update(stream, memory);
    expect((await thread.digest(stream)).toString('hex')).toBe(sha256(memory));
  });

  it('takes only memory that it can see, and no more jobs than its ring has', () => {
    const thread = start();
    expect(() => thread.update(1, Buffer.from('ordinary'))).toThrow(TypeError);
    const memory = shared(thread, randomBytes(5_000_000));
    const issue = () => {
      for (let job = 0; job <= LAYOUT.RING; job += 1) thread.update(1, memory);
    };
    expect(issue).toThrow(RangeError);
  });

  it('fails what it had to do when it ends, and everything later', async () => {
    const thread = start();
    const memory = shared(thread, randomBytes(8_000_000));
    const stream = thread.openStream();
    thread.update(stream, memory);
    const waiting = [thread.digestOf(memory), thread.digest(stream), thread.pause()];
    thread.close();
    const [piece, whole, pause] = await Promise.allSettled(waiting);
    expect(piece).toMatchObject({ status: 'rejected', reason: expect.any(HashThreadLost) });
    expect(whole).toMatchObject({ status: 'rejected', reason: expect.any(HashThreadLost) });
    expect(pause).toMatchObject({ status: 'fulfilled' });
    expect(thread.start()).toBe(false);
    expect(thread.memory.isRead(memory)).toBe(false);
    expect(thread.backlog).toBe(0);
    await expect(thread.digestOf(memory)).rejects.toThrow('has ended');
    thread.update(stream, memory);
    expect(thread.pending).toBe(0);
    await thread.pause();
  });

  it('fails like that when it is ended by somebody else', async () => {
    const started: Worker[] = [];
    const ref = vi.spyOn(Worker.prototype, 'ref').mockImplementation(function keep(this: Worker) {
      started.push(this);
    });
    const thread = start();
    const memory = shared(thread, randomBytes(8_000_000));
    const digest = thread.digestOf(memory);
    expect(ref).toHaveBeenCalled();
    await started[0]?.terminate();
    await expect(digest).rejects.toThrow(HashThreadLost);
    expect(thread.start()).toBe(false);
  });

  it('is told to forget memory that is gone', async () => {
    const thread = start();
    const forgotten: number[] = [];
    const { memory } = thread as unknown as { memory: { tell(news: MemoryNews): void } };
    const tell = memory.tell.bind(memory);
    memory.tell = (news) => {
      if (news.shared === undefined) forgotten.push(news.id);
      tell(news);
    };
    for (let round = 0; round < 50; round += 1) await thread.digestOf(shared(thread, randomBytes(1_000_000)));
    for (let tries = 0; tries < 200 && forgotten.length === 0; tries += 1) {
      heldBytes();
      await wait(10);
    }
    expect(forgotten.length).toBeGreaterThan(0);
  });
});
