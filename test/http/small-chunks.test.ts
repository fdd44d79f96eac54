import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { BodyFraming } from '../../src/http/body-framing.ts';
import { createTransport } from '../../src/http/transport.ts';
import { cut, type Read, read } from './framed-reads.ts';

const chunked = { kind: 'chunked' } as const;
const text = (of: string) => Buffer.from(of, 'latin1');
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const cuts = fc.array(fc.nat(), { maxLength: 40 });

describe('small chunks', () => {
  /** As a connection reads them: what can be gathered together, and step by step what cannot. */
  function readGathered(pieces: readonly Buffer[], room: number): Read & { readonly handed: number } {
    const body = new BodyFraming(chunked);
    const into = Buffer.alloc(room);
    const data: Buffer[] = [];
    for (const [index, piece] of pieces.entries()) {
      let left = piece;
      for (;;) {
        const step = body.step(left);
        if (step.kind === 'malformed') {
          return { body: Buffer.concat(data), ends: 0, malformed: true, rest: left, handed: data.length };
        }
        left = left.subarray(step.used);
        if (step.kind === 'end') {
          const rest = Buffer.concat([left, ...pieces.slice(index + 1)]);
          return { body: Buffer.concat(data), ends: 1, malformed: false, rest, handed: data.length };
        }
        if (step.kind === 'more') break;
        const { used, filled } = body.gather(left, into);
        data.push(Buffer.concat([step.data, into.subarray(0, filled)]));
        left = left.subarray(used);
      }
    }
    return {
      body: Buffer.concat(data),
      ends: 0,
      malformed: false,
      rest: Buffer.alloc(0),
      handed: data.length,
    };
  }

  it('are the same bytes gathered as one by one, and malformed where they are one by one', () => {
    const line = fc.constantFrom('', ' ', ';a', '\t;b', ' x', '\r', ';\0', 'g');
    const pieces = fc.array(
      fc.record({ data: bytes(60), line, end: fc.constantFrom('\r\n', '\r\n', '\n') }),
      {
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(pieces, bytes(20), cuts, fc.integer({ min: 1, max: 100 }), (chunks, behind, at, room) => {
        const wire = Buffer.concat([
          ...chunks.map(({ data, line: tail, end }) =>
            Buffer.concat([text(`${data.length.toString(16)}${tail}${end}`), data, text(end)]),
          ),
          text('0\r\n\r\n'),
          behind,
        ]);
        const { body, ends, malformed } = read(chunked, cut(wire, at));
        expect(readGathered(cut(wire, at), room)).toMatchObject({ body, ends, malformed });
      }),
      { numRuns: 1000 },
    );
  });

  it('of one byte are handed over by the thousand, with padding and extensions too', () => {
    for (const line of ['1\r\n', '1 \r\n', '1;ext\r\n', '00000001\r\n']) {
      const wire = Buffer.concat([text(`${line}x\r\n`.repeat(5000)), text('0\r\n\r\n')]);
      const { body, ends, handed } = readGathered([wire], 2000);
      expect({ bytes: body.length, ends, handed }).toEqual({ bytes: 5000, ends: 1, handed: 3 });
    }
  });

  it('of a body that a host sends byte by byte are a few reads, not one for each', async () => {
    const server = createServer((_request, response) => {
      response.socket?.end(
        `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${'1\r\nx\r\n'.repeat(20_000)}0\r\n\r\n`,
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const transport = createTransport({ guard: { allowLoopback: true } });
    try {
      const request = { method: 'GET', url, headers: {}, failure: 'MEDIA_UNAVAILABLE' } as const;
      const { body } = await transport.send({ ...request, signal: unlimited.signal });
      const seen = { reads: 0, text: '' };
      for await (const chunk of body) {
        seen.reads += 1;
        seen.text += Buffer.from(chunk).toString();
      }
      expect(seen.text).toBe('x'.repeat(20_000));
      expect(seen.reads).toBeLessThan(500);
    } finally {
      transport.close();
      server.close();
    }
  });

  it('end where a large one begins, which is handed over as it is', () => {
    const large = 'y'.repeat(4097);
    const wire = text(`1\r\nx\r\n2\r\nxx\r\n1001\r\n${large}\r\n0\r\n\r\n`);
    expect(readGathered([wire], 16_384)).toMatchObject({ body: text(`xxx${large}`), ends: 1, handed: 2 });
  });
});
