import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyFraming, type Step } from '../../src/http/body-framing.ts';
import type { Framing } from '../../src/http/response-head.ts';

interface Read {
  readonly body: Buffer;
  readonly ends: number;
  readonly malformed: boolean;
  /** What was not used of the piece in which the body ended, and the pieces behind it. */
  readonly rest: Buffer;
}

/** Hands the pieces over one by one, as a connection does: what is not used is handed over again. */
function read(framing: Framing, pieces: readonly Buffer[]): Read {
  const body = new BodyFraming(framing);
  const data: Buffer[] = [];
  let malformed = false;
  for (const [index, piece] of pieces.entries()) {
    let left = piece;
    for (;;) {
      const step: Step = body.step(left);
      if (step.kind === 'malformed') {
        malformed = true;
        return { body: Buffer.concat(data), ends: 0, malformed, rest: left };
      }
      if (step.kind === 'data') {
        expect(step.data.length).toBeGreaterThan(0);
        // A view, not a copy.
        expect(step.data.buffer).toBe(left.buffer);
        data.push(step.data);
      }
      left = left.subarray(step.used);
      if (step.kind === 'end') {
        const rest = Buffer.concat([left, ...pieces.slice(index + 1)]);
        return { body: Buffer.concat(data), ends: 1, malformed, rest };
      }
      if (step.kind === 'more') {
        expect(left.length).toBe(0);
        break;
      }
    }
  }
  return { body: Buffer.concat(data), ends: 0, malformed, rest: Buffer.alloc(0) };
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set(at.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

const chunked = { kind: 'chunked' } as const;
const text = (of: string) => Buffer.from(of, 'latin1');
const bytes = (maxLength: number, minLength = 0) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));
const cuts = fc.array(fc.nat(), { maxLength: 40 });
const extension = fc.constantFrom(
  ...['', ' ', '\t', '      ', ' \t ', ';a', ';a=b', ' ;a=b;c="d e"', '\t; x', ';', ' ; ', '; a = b '],
);
const chunk = fc.record({
  data: bytes(300, 1),
  extension,
  upper: fc.boolean(),
  zeros: fc.nat({ max: 3 }),
});
const trailers = fc.array(fc.constantFrom('x: y', 'x-amz-checksum: abc=', 'a:', ' '), { maxLength: 4 });

describe('a chunked body', () => {
  it('comes out whole and ends once, however it is cut; what follows is left', () => {
    fc.assert(
      fc.property(
        fc.array(chunk, { maxLength: 6 }),
        extension,
        trailers,
        bytes(40),
        cuts,
        (chunks, last, fields, behind, at) => {
          const wire = Buffer.concat([
            ...chunks.flatMap(({ data, extension: tail, upper, zeros }) => {
              const hex = data.length.toString(16);
              const size = '0'.repeat(zeros) + (upper ? hex.toUpperCase() : hex);
              return [text(`${size}${tail}\r\n`), data, text('\r\n')];
            }),
            text(`0${last}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`),
            behind,
          ]);
          expect(read(chunked, cut(wire, at))).toStrictEqual({
            body: Buffer.concat(chunks.map(({ data }) => data)),
            ends: 1,
            malformed: false,
            rest: behind,
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never ends, and is not malformed, before its last byte', () => {
    const wire = text('3;x\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nt: v\r\n\r\n');
    for (let length = 0; length < wire.length; length += 1) {
      expect(read(chunked, [wire.subarray(0, length)])).toMatchObject({ ends: 0, malformed: false });
    }
    expect(read(chunked, [wire])).toMatchObject({ ends: 1, body: text('abc0123456789abcdef') });
  });

  it.each([
    ['no size', '\r\n'],
    ['an extension without a size', ';a\r\n'],
    ['a size that is not hexadecimal', 'g\r\n'],
    ['a sign', '-1\r\n'],
    ['a plus', '+1\r\n'],
    ['a prefix', '0x1\r\n'],
    ['white space before the size', ' 1\r\n'],
    ['a tab before the size', '\t1\r\n'],
    ['only white space', '  \r\n'],
    ['a vertical tab behind the size', '1\v\r\n'],
    ['a no-break space behind the size', '1\xa0\r\n'],
    ['a size, blanks and a sign', '1 -\r\n'],
    ['white space and a bare line feed', '1 \n'],
    ['a carriage return between blanks', '1 \r \r\n'],
    ['a comma between two sizes', '1,1\r\n'],
    ['a null character in an extension', '1;a\0b\r\n'],
    ['a digit behind padding', '1 ;a\r\nxx\r\n'],
    ['a size of 13 digits behind zeros', '0001000000000000\r\n'],
    ['two words', '1 1\r\n'],
    ['two words with a tab', '1\t1\r\n'],
    ['a size of 13 digits', '1000000000000\r\n'],
    ['a size that ends in a bare line feed', '1\na\r\n'],
    ['a bare carriage return in the line', '1;a\rb\r\n'],
    ['no line end behind the data', '1\r\nab\r\n'],
    ['a bare line feed behind the data', '1\r\na\n0\r\n\r\n'],
    ['a doubled carriage return behind the data', '1\r\na\r\r\n'],
    ['a second line end behind the data', '1\r\na\r\n\r\n'],
    ['a trailer that ends in a bare line feed', '0\r\nx: y\n\r\n'],
    ['a bare line feed at the end', '0\r\n\n'],
  ])('is malformed for %s, however it is cut', (_what, wire) => {
    expect(read(chunked, [text(wire)]).malformed).toBe(true);
    expect(
      read(
        chunked,
        [...text(wire)].map((byte) => Buffer.of(byte)),
      ).malformed,
    ).toBe(true);
  });

  it.each(['2 ', '2\t', '2       ', '2 \t;a=b', '00000002', '0000000000000002', '2;', '2 ;'])(
    'reads a padded size, as servers write that keep room for it: %j',
    (line) => {
      const wire = text(`${line}\r\nab\r\n0  \r\n\r\n`);
      for (let at = 0; at <= wire.length; at += 1) {
        expect(read(chunked, cut(wire, [at]))).toMatchObject({ body: text('ab'), ends: 1, malformed: false });
      }
    },
  );

  it('takes a size of 12 digits', () => {
    expect(read(chunked, [text('0000000000aB\r\nx')])).toMatchObject({ malformed: false, body: text('x') });
  });

  it('takes a line of 1,024 characters with its carriage return, and no longer one', () => {
    const line = (length: number) => `1;${'x'.repeat(length - 3)}\r`;
    expect(read(chunked, [text(`${line(1024)}\na\r\n`)])).toMatchObject({
      malformed: false,
      body: text('a'),
    });
    expect(read(chunked, [text(`${line(1025)}\na\r\n`)]).malformed).toBe(true);
    // Not even begun: nothing is collected without bound.
    expect(read(chunked, [text(`1;${'x'.repeat(1000)}`), text('x'.repeat(22))]).malformed).toBe(false);
    expect(read(chunked, [text(`1;${'x'.repeat(1000)}`), text('x'.repeat(23))]).malformed).toBe(true);
  });

  it('takes trailers of 16 KiB together, and no more', () => {
    const trailer = `${'t'.repeat(1022)}:\r\n`.slice(1);
    const kilobyte = `x${trailer}`;
    expect(kilobyte.length - 2).toBe(1023);
    const most = kilobyte.repeat(16);
    expect(read(chunked, [text(`0\r\n${most}${'y'.repeat(16)}\r\n\r\n`)])).toMatchObject({ ends: 1 });
    expect(read(chunked, [text(`0\r\n${most}${'y'.repeat(17)}\r\n\r\n`)])).toMatchObject({ malformed: true });
  });
});

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

  it('end where a large one begins, which is handed over as it is', () => {
    const large = 'y'.repeat(4097);
    const wire = text(`1\r\nx\r\n2\r\nxx\r\n1001\r\n${large}\r\n0\r\n\r\n`);
    expect(readGathered([wire], 16_384)).toMatchObject({ body: text(`xxx${large}`), ends: 1, handed: 2 });
  });
});

describe('a body with a length', () => {
  it('comes out whole and ends once, however it is cut; what follows is left', () => {
    fc.assert(
      fc.property(bytes(300), bytes(40), cuts, (body, behind, at) => {
        const pieces = [...cut(Buffer.concat([body, behind]), at), Buffer.alloc(0)];
        expect(read({ kind: 'length', bytes: body.length }, pieces)).toStrictEqual({
          body,
          ends: 1,
          malformed: false,
          rest: behind,
        });
      }),
    );
  });

  it('is empty once nothing is left of it', () => {
    const framing = new BodyFraming({ kind: 'length', bytes: 2 });
    expect(framing.isEmpty).toBe(false);
    expect(framing.endsWithConnection).toBe(false);
    expect(framing.step(text('a'))).toMatchObject({ kind: 'data', used: 1 });
    expect(framing.isEmpty).toBe(false);
    expect(framing.step(text(''))).toStrictEqual({ kind: 'more', used: 0 });
    expect(framing.step(text('bc'))).toMatchObject({ kind: 'data', data: text('b'), used: 1 });
    expect(framing.isEmpty).toBe(true);
    expect(framing.step(text('c'))).toStrictEqual({ kind: 'end', used: 0 });
  });
});

describe('a body that the connection ends', () => {
  it('is all that comes', () => {
    fc.assert(
      fc.property(bytes(300), cuts, (body, at) => {
        const framing = { kind: 'close' } as const;
        expect(read(framing, cut(body, at))).toMatchObject({ body, ends: 0, malformed: false });
      }),
    );
    const framing = new BodyFraming({ kind: 'close' });
    expect(framing.endsWithConnection).toBe(true);
    expect(framing.isEmpty).toBe(false);
  });
});

describe('no body', () => {
  it('has ended before the first byte', () => {
    const framing = new BodyFraming({ kind: 'none' });
    expect(framing.isEmpty).toBe(true);
    expect(framing.endsWithConnection).toBe(false);
    expect(framing.step(text('HTTP/1.1'))).toStrictEqual({ kind: 'end', used: 0 });
  });

  it('is not what chunks are, even when none has come', () => {
    expect(new BodyFraming(chunked).isEmpty).toBe(false);
    expect(new BodyFraming(chunked).endsWithConnection).toBe(false);
  });
});
