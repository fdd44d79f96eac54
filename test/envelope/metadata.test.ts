import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isBlank,
  parseBase64,
  parseInstruction,
  parseNonce,
  parseStringMap,
  requireExactly,
  requireFittingMetadata,
  requireValue,
} from '../../src/envelope/metadata.ts';
import { codeOf, failureOf } from './bytes.ts';

const messageOf = (action: () => unknown) => {
  const failure = failureOf(action);
  expect([failure.code, failure.retryable]).toEqual(['OBJECT_MALFORMED', false]);
  return failure.message;
};

describe('a metadata value', () => {
  it('is text of 1 to 8192 printable ASCII characters', () => {
    for (const value of ['x', ' ', '~', 'x'.repeat(8192)])
      expect(requireValue({ a: value }, 'a')).toBe(value);
    expect(messageOf(() => requireValue({}, 'a'))).toBe('metadata a is missing');
    expect(messageOf(() => requireValue({ a: '' }, 'a'))).toBe('metadata a is empty');
    expect(messageOf(() => requireValue({ a: 'x'.repeat(8193) }, 'a'))).toBe('metadata a is too long');
    for (const bad of ['\u001f', '\u007f', '\u0080', 'é', 'x\n', '=?UTF-8?B?w6k=?=\u0000']) {
      expect(messageOf(() => requireValue({ a: bad }, 'a'))).toBe('metadata a is not printable ASCII');
    }
  });

  it('is an own property of text: nothing that comes with objects or was stored as something else', () => {
    expect(messageOf(() => requireValue({}, 'constructor'))).toBe('metadata constructor is missing');
    const numbers = JSON.parse('{"a": 128}') as Record<string, string>;
    expect(messageOf(() => requireValue(numbers, 'a'))).toBe('metadata a is not text');
  });

  it('may have to be a certain one', () => {
    expect(() => requireExactly({ a: '128' }, 'a', '128')).not.toThrow();
    for (const a of ['129', '128 ', '1280']) {
      expect(messageOf(() => requireExactly({ a }, 'a', '128'))).toBe('metadata a is not "128"');
    }
    expect(messageOf(() => requireExactly({}, 'a', '128'))).toBe('metadata a is missing');
  });

  it('never shows in a message', () => {
    const secret = 'c2VjcmV0LXNlY3JldA';
    for (const parse of [() => parseBase64({ a: secret }, 'a'), () => parseStringMap({ a: secret }, 'a')]) {
      expect(messageOf(parse)).not.toContain(secret.slice(0, 6));
    }
  });
});

describe('base64', () => {
  it('has one spelling for every sequence of bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
        const a = Buffer.from(bytes).toString('base64');
        expect(parseBase64({ a }, 'a', bytes.length)).toEqual(Buffer.from(bytes));
        expect(messageOf(() => parseBase64({ a }, 'a', bytes.length + 1))).toMatch(/instead of/);
      }),
    );
    for (const a of ['QUI', 'QUI==', 'QUJ=', 'QU JD', '-_-_', '====', 'QUJD=', 'QQ=', 'QR==']) {
      expect(messageOf(() => parseBase64({ a }, 'a'))).toBe('metadata a is not canonical base64');
    }
  });

  it('has any length where none is asked for', () => {
    for (const length of [1, 12, 500]) {
      const bytes = Buffer.alloc(length, 7);
      expect(parseBase64({ a: bytes.toString('base64') }, 'a')).toEqual(bytes);
    }
  });

  it('of a nonce is not all zeros', () => {
    const nonce = Buffer.alloc(12);
    nonce[11] = 1;
    expect(parseNonce({ a: nonce.toString('base64') }, 'a', 12)).toEqual(nonce);
    expect(messageOf(() => parseNonce({ a: Buffer.alloc(12).toString('base64') }, 'a', 12))).toMatch(/zeros/);
  });
});

describe('JSON', () => {
  it('is one flat object of strings', () => {
    const map = { 'aws:x-amz-cek-alg': '115', quote: '"', backslash: '\\', escaped: '\u00e9"\\' };
    const ascii = JSON.stringify(map).replaceAll('\u00e9', String.raw`\u00e9`);
    expect(parseStringMap({ a: ascii }, 'a')).toEqual(map);
    expect(parseStringMap({ a: ' { "b" : "c" } ' }, 'a')).toEqual({ b: 'c' });
    expect(parseStringMap({ a: '{}' }, 'a')).toEqual({});
    const own = parseStringMap({ a: '{"__proto__":"x"}' }, 'a');
    expect(Object.entries(own)).toEqual([['__proto__', 'x']]);
  });

  it.each([
    ['{', 'is not JSON'],
    ['"x"', 'is not a JSON object'],
    ['1', 'is not a JSON object'],
    ['null', 'is not a JSON object'],
    ['["a"]', 'is not a JSON object'],
    ['{"b":1}', 'holds a value that is not a string'],
    ['{"x-amz-tag-len":128}', 'holds a value that is not a string'],
    ['{"b":null}', 'holds a value that is not a string'],
    ['{"b":{"c":"d"}}', 'holds a value that is not a string'],
    ['{"b":"c","b":"c"}', 'names something twice'],
    [String.raw`{"b":"c","\u0062":"d"}`, 'names something twice'],
  ])('is not %s', (a, message) => {
    expect(messageOf(() => parseStringMap({ a }, 'a'))).toBe(`metadata a ${message}`);
  });

  it('of an instruction file may have the two lengths as whole numbers', () => {
    const body = '{"x-amz-tag-len":128,"x-amz-unencrypted-content-length":4,"x-amz-iv":"i"}';
    expect(parseInstruction(body)).toEqual({
      'x-amz-tag-len': '128',
      'x-amz-unencrypted-content-length': '4',
      'x-amz-iv': 'i',
    });
    for (const bad of [
      '{"x-amz-tag-len":128.5}',
      '{"x-amz-tag-len":true}',
      '{"x-amz-iv":1}',
      '{"x-amz-tag-len":1e99}',
    ]) {
      expect(messageOf(() => parseInstruction(bad))).toBe(
        'the instruction file holds a value that is not a string',
      );
    }
    const twice = '{"x-amz-tag-len":128,"x-amz-tag-len":128}';
    expect(messageOf(() => parseInstruction(twice))).toBe('the instruction file names something twice');
  });

  it('of an instruction file has at most 64 KiB', () => {
    const pad = (length: number) => `{}${' '.repeat(length - 2)}`;
    expect(parseInstruction(pad(65_536))).toEqual({});
    expect(messageOf(() => parseInstruction(pad(65_537)))).toBe('the instruction file is too long');
  });
});

describe('blank', () => {
  it('is what says nothing', () => {
    for (const map of [{}, { a: '' }, { a: '{}' }]) expect(isBlank(map, 'a')).toBe(true);
    for (const map of [{ a: ' ' }, { a: '{"b":"c"}' }]) expect(isBlank(map, 'a')).toBe(false);
  });
});

describe('user metadata', () => {
  it('fit into 2,048 bytes, their names with the prefix S3 gives them', () => {
    const room = 2048 - 'x-amz-meta-a'.length;
    expect(() => requireFittingMetadata({ a: 'x'.repeat(room) })).not.toThrow();
    expect(failureOf(() => requireFittingMetadata({ a: 'x'.repeat(room + 1) }))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'the envelope needs 2049 bytes of S3 user metadata of 2048',
      hint: 'use a smaller RSA key, shorter ids, or instruction files',
    });
    expect(codeOf(() => requireFittingMetadata({ a: 'x'.repeat(room), b: '' }))).toBe('CONFIG_INVALID');
  });
});
