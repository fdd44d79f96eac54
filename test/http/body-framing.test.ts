import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyFraming } from '../../src/http/body-framing.ts';
import { cut, read } from './framed-reads.ts';

const chunked = { kind: 'chunked' } as const;
const text = (of: string) => Buffer.from(of, 'latin1');
const bytes = (maxLength: number, minLength = 0) =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));
const cuts = fc.array(fc.nat(), { maxLength: 40 });
const extension = fc.constantFrom(
  '',
  ' ',
  '\t',
  '      ',
  ' \t ',
  ';a',
  ';a=b',
  ' ;a=b;c="d e"',
  '\t; x',
  ';',
  ' ; ',
  '; a = b ',
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
