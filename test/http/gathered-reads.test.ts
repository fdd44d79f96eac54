import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatheredReads, type GatheringOptions, type Reader } from '../../src/http/gathered-reads.ts';

/** A socket that is fed by hand. */
function openSocket(): Duplex {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  socket.on('error', () => {});
  return socket;
}

/** A reader that takes what comes; its bytes are copied, because they are overwritten later. */
class Taker implements Reader {
  isReadingBody = true;
  wantsMore = false;
  readonly taken: Buffer[] = [];
  readonly told: (Error | undefined)[] = [];

  receive(bytes: Buffer): boolean {
    if (this.told.length > 0) throw new Error('bytes after the end');
    this.taken.push(Buffer.from(bytes));
    return this.wantsMore;
  }

  end(failure: Error | undefined): void {
    this.told.push(failure);
  }

  get text(): string {
    return Buffer.concat(this.taken).toString();
  }
}

function keeping(size: number): GatheringOptions {
  return { buffer: Buffer.alloc(size), freesPieces: false };
}

function open(size: number) {
  const socket = openSocket();
  const taker = new Taker();
  return { socket, taker, reads: new GatheredReads(socket, keeping(size), taker) };
}

describe('gathered reads', () => {
  it('hand over the pieces of one turn of the event loop at once', async () => {
    const { socket, taker, reads } = open(100);
    reads.resume();
    await turn();
    for (const piece of ['one ', 'two ', 'three']) socket.push(piece);
    await turn();
    expect(taker.taken.map(String)).toEqual(['one two three']);
  });

  it('hand over what is no part of a body as it comes, before anything else happens', async () => {
    const { socket, taker, reads } = open(100);
    taker.isReadingBody = false;
    taker.wantsMore = true;
    reads.resume();
    await turn();
    socket.push('one');
    expect(taker.text).toBe('one');
    socket.push('two');
    expect(taker.taken.map(String)).toEqual(['one', 'two']);
  });

  it('hand over the body that follows a head in the order it came', async () => {
    const { socket, taker, reads } = open(100);
    taker.isReadingBody = false;
    taker.wantsMore = true;
    reads.resume();
    await turn();
    socket.push('head');
    taker.isReadingBody = true;
    socket.push('a');
    // The body is over before the turn is: what comes then must not overtake it.
    taker.isReadingBody = false;
    socket.push('b');
    await turn();
    expect(taker.taken.map(String)).toEqual(['head', 'ab']);
  });

  it('hand over no more than fits, and the rest when it is asked for', async () => {
    const { socket, taker, reads } = open(4);
    reads.resume();
    await turn();
    socket.push('0123456789');
    await turn();
    expect(taker.taken.map(String)).toEqual(['0123']);
    expect(socket.isPaused()).toBe(true);
    reads.resume();
    await turn();
    expect(taker.taken.map(String)).toEqual(['0123', '4567']);
    reads.resume();
    await turn();
    expect(taker.taken.map(String)).toEqual(['0123', '4567', '89']);
  });

  it('use one buffer over and over', async () => {
    const socket = openSocket();
    const buffers: ArrayBufferLike[] = [];
    const taker = new Taker();
    taker.receive = (bytes) => {
      buffers.push(bytes.buffer);
      return true;
    };
    const reads = new GatheredReads(socket, keeping(1000), taker);
    reads.resume();
    for (let count = 0; count < 3; count += 1) {
      await turn();
      socket.push('bytes');
      await turn();
    }
    expect(buffers).toHaveLength(3);
    expect(new Set(buffers).size).toBe(1);
  });

  it('read nothing before they are asked, nor after the reader has had enough', async () => {
    const { socket, taker, reads } = open(100);
    socket.push('early');
    await turn();
    expect(taker.taken).toEqual([]);
    reads.resume();
    await turn();
    await turn();
    expect(taker.text).toBe('early');
    socket.push('late');
    await turn();
    expect(taker.text).toBe('early');
    expect(socket.readableLength).toBe(4);
    reads.resume();
    await turn();
    await turn();
    expect(taker.text).toBe('earlylate');
  });

  for (const [how, endIt, told] of [
    ['end', (socket: Duplex) => socket.push(null), undefined],
    ['close', (socket: Duplex) => socket.destroy(), undefined],
    ['error', (socket: Duplex) => socket.destroy(new Error('reset')), 'reset'],
  ] as const) {
    it(`tell of the ${how} after all that came before it`, async () => {
      const { socket, taker, reads } = open(4);
      reads.resume();
      await turn();
      socket.push('0123456');
      endIt(socket);
      for (let count = 0; count < 3; count += 1) await turn();
      expect(taker.text).toBe('0123');
      expect(taker.told).toEqual([]);
      reads.resume();
      for (let count = 0; count < 3; count += 1) await turn();
      expect(taker.text).toBe('0123456');
      reads.resume();
      await turn();
      expect(taker.told.length).toBeGreaterThan(0);
      expect(taker.told[0]?.message).toBe(told);
    });

    it(`tell of the ${how} of an idle connection at once`, async () => {
      const { socket, taker, reads } = open(4);
      taker.isReadingBody = false;
      reads.resume();
      await turn();
      endIt(socket);
      for (let count = 0; count < 3; count += 1) await turn();
      expect(taker.told.length).toBeGreaterThan(0);
      expect(taker.told[0]?.message).toBe(told);
    });
  }

  it('keep every byte in its order, for any arrival and any demand', async () => {
    const plan = fc.record({
      size: fc.integer({ min: 1, max: 40 }),
      pieces: fc.array(fc.uint8Array({ minLength: 1, maxLength: 30 }), { maxLength: 20 }),
      turns: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 20 }),
      answers: fc.array(fc.boolean(), { minLength: 1, maxLength: 20 }),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ size, pieces, turns, answers }) => {
        const socket = openSocket();
        const taker = new Taker();
        let wanted = false;
        let calls = 0;
        const receive = taker.receive.bind(taker);
        taker.receive = (bytes) => {
          if (!wanted) throw new Error('not asked for');
          expect(bytes.length).toBeLessThanOrEqual(size);
          receive(bytes);
          wanted = answers[calls++ % answers.length] ?? true;
          return wanted;
        };
        const reads = new GatheredReads(socket, keeping(size), taker);
        const ask = () => {
          wanted = true;
          reads.resume();
        };
        ask();
        for (const [at, piece] of pieces.entries()) {
          socket.push(piece);
          for (let left = turns[at % turns.length] ?? 0; left > 0; left -= 1) await turn();
          if (!wanted) ask();
        }
        socket.push(null);
        for (let left = 2000; taker.told.length === 0 && left > 0; left -= 1) {
          await turn();
          if (!wanted) ask();
        }
        expect(Buffer.concat(taker.taken).equals(Buffer.concat(pieces))).toBe(true);
        expect(taker.told[0]).toBeUndefined();
        expect(taker.told.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  describe('from a socket whose pieces have one reader', () => {
    function openFreeing(size: number) {
      const socket = openSocket();
      const taker = new Taker();
      const reads = new GatheredReads(socket, { buffer: Buffer.alloc(size), freesPieces: true }, taker);
      return { socket, taker, reads };
    }
    /** In memory of its own, as TLS hands it over. */
    const pieceOf = (text: string) => Buffer.from(new Uint8Array(Buffer.from(text)).buffer);

    it('free a piece of a body once it has been copied', async () => {
      const { socket, taker, reads } = openFreeing(100);
      taker.wantsMore = true;
      reads.resume();
      const pieces = ['one ', 'two ', 'three'].map(pieceOf);
      for (const piece of pieces) socket.push(piece);
      await turn();
      await turn();
      expect(taker.text).toBe('one two three');
      expect(pieces.map(({ byteLength }) => byteLength)).toEqual([0, 0, 0]);
    });

    it('free a piece that did not fit only when its end has been copied as well', async () => {
      const { socket, taker, reads } = openFreeing(4);
      reads.resume();
      const piece = pieceOf('0123456789');
      socket.push(piece);
      await turn();
      await turn();
      reads.resume();
      await turn();
      expect(taker.taken.map(String)).toEqual(['0123', '4567']);
      expect(piece.toString()).toBe('0123456789');
      reads.resume();
      await turn();
      expect(taker.text).toBe('0123456789');
      expect(piece.byteLength).toBe(0);
    });

    it('leave alone what is handed over as it comes: a head, and the body that follows it in the same piece', async () => {
      const { socket, taker, reads } = openFreeing(100);
      const views: Buffer[] = [];
      taker.receive = (bytes) => {
        views.push(bytes);
        taker.isReadingBody = true;
        return true;
      };
      taker.isReadingBody = false;
      reads.resume();
      const head = pieceOf('head, body');
      socket.push(head);
      await turn();
      socket.push(pieceOf(', more'));
      await turn();
      await turn();
      expect(views.map(String)).toEqual(['head, body', ', more']);
      expect(head.byteLength).toBe(10);
    });

    it('leave alone the memory of neighbours', async () => {
      const { socket, taker, reads } = openFreeing(100);
      reads.resume();
      const shared = Buffer.from(new ArrayBuffer(8)).fill('ab');
      socket.push(shared.subarray(0, 4));
      await turn();
      await turn();
      expect(taker.text).toBe('abab');
      expect(shared.toString()).toBe('abababab');
    });
  });

  it('leave the pieces of any other socket to those who made them', async () => {
    const { socket, taker, reads } = open(100);
    reads.resume();
    const piece = Buffer.from(new ArrayBuffer(4)).fill('b');
    socket.push(piece);
    await turn();
    await turn();
    expect(taker.text).toBe('bbbb');
    expect(piece.toString()).toBe('bbbb');
  });
});
