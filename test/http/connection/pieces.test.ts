import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Connection } from '../../../src/http/connection/connection.ts';

/** The other end of a connection, by hand: what it was given, and a way to take it. */
class Wire extends Duplex {
  readonly written: Buffer[] = [];
  private readonly takers: ((error?: Error) => void)[] = [];

  constructor() {
    super({ writableHighWaterMark: 1 });
    this.on('error', () => {});
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, taken: (error?: Error) => void): void {
    this.written.push(Buffer.from(chunk));
    this.takers.push(taken);
  }

  /** Takes the piece that waits, and lets the next one be written. */
  async accept(error?: Error): Promise<void> {
    this.takers.shift()?.(error);
    await turn();
  }
}

const PIECE = 512 * 1024;

function connect() {
  const wire = new Wire();
  const free: Connection[] = [];
  const connection = new Connection(wire, {
    gather: Buffer.alloc(1024 * 1024),
    onFree: (it) => void free.push(it),
  });
  return { wire, connection, free };
}

const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

describe('a long request over TLS', () => {
  const body = Buffer.alloc(2 * PIECE + 1, 'abcdefg');

  it('is given to the socket piece by piece, each when the one before it has gone', async () => {
    const { wire, connection, free } = connect();
    const answered = connection.send('PUT', 'head\r\n\r\n', body);
    await turn();
    expect(wire.written.map((piece) => piece.length)).toEqual([8]);
    await wire.accept();
    expect(wire.written.map((piece) => piece.length)).toEqual([8, PIECE]);
    await turn();
    expect(wire.writableLength).toBe(PIECE);
    await wire.accept();
    await wire.accept();
    await wire.accept();
    expect(wire.written.map((piece) => piece.length)).toEqual([8, PIECE, PIECE, 1]);
    expect(Buffer.concat(wire.written.slice(1)).equals(body)).toBe(true);
    wire.push(ANSWER);
    expect((await answered).head.status).toBe(200);
    expect(free).toEqual([connection]);
  });

  it('of one piece is given with its head', async () => {
    const { wire, connection } = connect();
    const answered = connection.send('PUT', 'head\r\n\r\n', body.subarray(0, PIECE));
    await wire.accept();
    await wire.accept();
    expect(wire.written.map((piece) => piece.length)).toEqual([8, PIECE]);
    wire.push(ANSWER);
    await answered;
  });

  it('is not gone on with when a piece could not be sent', async () => {
    const { wire, connection } = connect();
    const answered = connection.send('PUT', 'head\r\n\r\n', body);
    await turn();
    await wire.accept();
    const failed = answered.then(
      () => 'answered',
      (error: Error) => error.message,
    );
    await wire.accept(new Error('reset'));
    expect(await failed).toBe('reset');
    await turn();
    expect(wire.written.map((piece) => piece.length)).toEqual([8, PIECE]);
    expect(wire.destroyed).toBe(true);
  });

  it('ends its connection when it is answered before all of it was given to the socket', async () => {
    const { wire, connection, free } = connect();
    const answered = connection.send('PUT', 'head\r\n\r\n', body);
    await turn();
    await wire.accept();
    wire.push(ANSWER);
    await answered;
    expect(free).toEqual([]);
    expect(wire.destroyed).toBe(true);
    await wire.accept();
    expect(wire.written.map((piece) => piece.length)).toEqual([8, PIECE]);
  });
});

describe('a response over TLS', () => {
  async function ask() {
    const connected = connect();
    const answered = connected.connection.send('GET', 'head\r\n\r\n', undefined);
    await turn();
    await connected.wire.accept();
    return { ...connected, answered };
  }

  it('is there as soon as its head is, without waiting for the event loop', async () => {
    const { wire, answered } = await ask();
    const seen: string[] = [];
    const watched = answered.then(() => seen.push('head'));
    wire.push('HTTP/1.1 200 OK\r\ncontent-');
    wire.push('length: 5\r\n\r\n');
    for (let count = 0; count < 5; count += 1) await Promise.resolve();
    expect(seen).toEqual(['head']);
    await watched;
  });

  it('has its body handed over in one piece for one turn of the event loop', async () => {
    const { wire, answered } = await ask();
    wire.push('HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n');
    const { body } = await answered;
    const first = body.next();
    await turn();
    for (const piece of ['one  ', 'two  ', 'three']) wire.push(piece);
    expect(String(await first)).toBe('one  two  three');
    expect(await body.next()).toBeUndefined();
    expect(body.complete).toBe(true);
  });

  it('that ends with the connection is whole when the connection has ended, not before all of it was read', async () => {
    const { wire, answered } = await ask();
    wire.push('HTTP/1.1 200 OK\r\n\r\nfirst');
    const { body } = await answered;
    wire.push(null);
    expect(String(await body.next())).toBe('first');
    expect(body.complete).toBe(false);
    expect(await body.next()).toBeUndefined();
    expect(body.complete).toBe(true);
  });

  it('that ends with the connection is not whole when the connection has failed', async () => {
    const { wire, answered } = await ask();
    wire.push('HTTP/1.1 200 OK\r\n\r\nfirst');
    const { body } = await answered;
    wire.destroy(new Error('reset'));
    await turn();
    expect(String(await body.next())).toBe('first');
    await expect(body.next()).rejects.toThrow('reset');
    expect(body.complete).toBe(false);
  });
});
