import { describe, expect, it } from 'vitest';
import { parseResponseHead } from '../../src/http/response-head.ts';

const head = (lines: readonly string[], { method = 'GET', status = 'HTTP/1.1 200 OK' } = {}) =>
  parseResponseHead([status, ...lines].join('\r\n'), method);
const framing = (lines: readonly string[], options: { method?: string; status?: string } = {}) =>
  head(lines, options)?.framing;

describe('a well-formed head', () => {
  it('has its status, fields by lower-case name, framing and whether the connection stays', () => {
    const parsed = head(['Content-Length: 12', 'X-Amz-Id-2:\t a b ', 'ETag: "é"']);
    expect({ ...parsed, headers: { ...parsed?.headers } }).toStrictEqual({
      status: 200,
      headers: { 'content-length': '12', 'x-amz-id-2': 'a b', etag: '"é"' },
      framing: { kind: 'length', bytes: 12 },
      keepAlive: true,
    });
  });

  it('joins repeated fields in their order, in any case', () => {
    expect(head(['Via: a', 'x: 1', 'VIA: b', 'via:'])?.headers['via']).toBe('a, b, ');
  });

  it('has no fields of its own making', () => {
    const parsed = head(['__proto__: x', 'constructor: y']);
    expect(Object.entries(parsed?.headers ?? {})).toStrictEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(head([])?.headers['toString']).toBeUndefined();
  });

  it.each([
    ['HTTP/1.1 200 OK', 200],
    ['HTTP/1.1 503 Slow Down', 503],
    ['HTTP/1.1 200 ', 200],
    ['HTTP/1.1 404', 404],
    ['HTTP/1.0 100 Continue', 100],
    ['HTTP/1.1 599 \t\x80', 599],
  ])('takes the status line %j', (status, expected) => {
    expect(head([], { status })?.status).toBe(expected);
  });

  it.each(["!#$%&'*+.^_`|~09AZaz-", 'a'])('takes the field name %j', (name) => {
    expect(head([`${name}: v`])?.headers[name.toLowerCase()]).toBe('v');
  });

  it('takes of a value what a value may hold, and only spaces and tabs from its ends', () => {
    expect(head(['a: \t \t'])?.headers['a']).toBe('');
    expect(head(['a:b:c'])?.headers['a']).toBe('b:c');
    expect(head(['a: b\t c'])?.headers['a']).toBe('b\t c');
    expect(head(['a: \xa0b\xa0 '])?.headers['a']).toBe('\xa0b\xa0');
  });
});

describe('a malformed head', () => {
  it.each([
    '',
    'HTTP/2 200',
    'HTTP/2.0 200 OK',
    'HTTP/1.2 200 OK',
    'HTTP/1.1  200 OK',
    ' HTTP/1.1 200 OK',
    'http/1.1 200 OK',
    'HTTP/1x1 200 OK',
    'ICY 200 OK',
    'HTTP/1.1 20 OK',
    'HTTP/1.1 2000 OK',
    'HTTP/1.1 000 OK',
    'HTTP/1.1 600 OK',
    'HTTP/1.1 20x OK',
    'HTTP/1.1 200OK',
    'HTTP/1.1 200 O\x00K',
    'HTTP/1.1 200 OK\r',
    'HTTP/1.1 200 OK\nx: y',
    'x HTTP/1.1 200 OK',
    '\nHTTP/1.1 200 OK',
  ])('is refused for its status line %j', (status) => {
    expect(head(['content-length: 0'], { status })).toBeUndefined();
  });

  it.each([
    ['no colon', 'abc'],
    ['an empty line', ''],
    ['no name', ': v'],
    ['white space before the colon', 'a : v'],
    ['a tab before the colon', 'a\t: v'],
    ['white space before the name', ' a: v'],
    ['a folded line', ' folded: still'],
    ['a folded line without a colon', '\tfolded'],
    ['a separator in the name', 'a(b: v'],
    ['a control character in the name', 'a\x01b: v'],
    ['a byte above ASCII in the name', 'ä: v'],
    ['a line feed in the name', 'a\nb: v'],
    ['NUL', 'a: b\x00c'],
    ['NUL at the end', 'a: b\x00'],
    ['DEL', 'a: b\x7f'],
    ['a bare line feed', 'a: b\nc: d'],
    ['a bare line feed at the end', 'a: b\n'],
    ['a bare line feed at the beginning', 'a:\nb'],
    ['a bare carriage return', 'a: b\rc'],
    ['a bare carriage return at the end', 'a: b\r'],
    ['a vertical tab at the end', 'a: b\x0b'],
    ['a form feed at the beginning', 'a:\x0cb'],
  ])('is refused for %s', (_what, line) => {
    expect(head(['content-length: 0', line, 'x: y'])).toBeUndefined();
  });
});

describe('the end of the body (RFC 9112, section 6.3)', () => {
  it.each([
    ['HEAD', 'HTTP/1.1 200 OK'],
    ['GET', 'HTTP/1.1 204 No Content'],
    ['GET', 'HTTP/1.1 304 Not Modified'],
    ['GET', 'HTTP/1.1 100 Continue'],
    ['GET', 'HTTP/1.1 199 Early'],
  ])('there is no body for %s and %s, even where the fields state one', (method, status) => {
    for (const lines of [[], ['content-length: 9'], ['transfer-encoding: chunked'], ['content-length: x']]) {
      expect(head(lines, { method, status })).toMatchObject({ framing: { kind: 'none' }, keepAlive: true });
    }
  });

  it.each([
    'HTTP/1.1 200 OK',
    'HTTP/1.1 205 Reset Content',
    'HTTP/1.1 203 x',
    'HTTP/1.1 303 x',
    'HTTP/1.1 305 x',
  ])('a body that %s does not frame lasts until the connection ends', (status) => {
    expect(head([], { status })).toMatchObject({ framing: { kind: 'close' }, keepAlive: false });
  });

  it.each(['chunked', 'Chunked', 'CHUNKED'])('is told by chunks for %s', (encoding) => {
    expect(framing([`Transfer-Encoding: ${encoding}`])).toStrictEqual({ kind: 'chunked' });
  });

  it.each([
    'gzip',
    'gzip, chunked',
    'chunked, chunked',
    'chunked;x=y',
    'xchunked',
    'identity',
    '',
    'chunked\xa0',
  ])('the transfer encoding %j is refused', (encoding) => {
    expect(head([`transfer-encoding: ${encoding}`])).toBeUndefined();
  });

  it('chunks and a length together are refused, in either order', () => {
    expect(head(['transfer-encoding: chunked', 'content-length: 5'])).toBeUndefined();
    expect(head(['content-length: 5', 'transfer-encoding: chunked'])).toBeUndefined();
    expect(head(['transfer-encoding: chunked', 'transfer-encoding: chunked'])).toBeUndefined();
  });

  it.each([
    ['0', 0],
    ['007', 7],
    ['999999999999999', 999_999_999_999_999],
  ])('is told by the length %s', (length, bytes) => {
    expect(framing([`content-length: ${length}`])).toStrictEqual({ kind: 'length', bytes });
  });

  it.each([
    '',
    '-1',
    '+1',
    '1.0',
    '1e3',
    '0x10',
    '1 2',
    'a1',
    '1a',
    '5;6',
    '1234567890123456',
    '5,5',
    ', 5',
    '5, ',
  ])('the length %j is refused', (length) => {
    expect(head([`content-length: ${length}`])).toBeUndefined();
  });

  it('equal lengths are one, others are refused', () => {
    expect(framing(['content-length: 5', 'Content-Length: 5', 'content-length: 5'])).toStrictEqual({
      kind: 'length',
      bytes: 5,
    });
    expect(framing(['content-length: 5, 5'])).toStrictEqual({ kind: 'length', bytes: 5 });
    expect(head(['content-length: 5', 'content-length: 6'])).toBeUndefined();
    expect(head(['content-length: 5', 'content-length: 5', 'content-length: 6'])).toBeUndefined();
    expect(head(['content-length: 5', 'content-length: 05'])).toBeUndefined();
  });
});

describe('the connection', () => {
  const kept = (minor: number, ...lines: string[]) =>
    head(['content-length: 1', ...lines], { status: `HTTP/1.${minor} 200 OK` })?.keepAlive;

  it('stays with HTTP/1.1, unless the server says that it closes', () => {
    expect(kept(1)).toBe(true);
    expect(kept(1, 'connection: keep-alive')).toBe(true);
    expect(kept(1, 'connection: close')).toBe(false);
    expect(kept(1, 'Connection: Close')).toBe(false);
    expect(kept(1, 'connection: upgrade, close')).toBe(false);
    expect(kept(1, 'connection: keep-alive', 'connection: close')).toBe(false);
    expect(kept(1, 'connection: closed')).toBe(true);
    expect(kept(1, 'connection: disclose')).toBe(true);
  });

  it('closes with HTTP/1.0, unless the server says that it stays', () => {
    expect(kept(0)).toBe(false);
    expect(kept(0, 'connection: Keep-Alive')).toBe(true);
    expect(kept(0, 'connection: te, keep-alive')).toBe(true);
    expect(kept(0, 'connection: keep-alives')).toBe(false);
    expect(kept(0, 'connection: xkeep-alive')).toBe(false);
    expect(kept(0, 'connection: keep-alive, close')).toBe(false);
  });

  it('closes after chunks that HTTP/1.0 does not know (RFC 9112, section 6.1)', () => {
    expect(
      head(['transfer-encoding: chunked', 'connection: keep-alive'], { status: 'HTTP/1.0 200 OK' }),
    ).toMatchObject({ framing: { kind: 'chunked' }, keepAlive: false });
    expect(head(['transfer-encoding: chunked'])?.keepAlive).toBe(true);
  });
});
