import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, type Json } from '../../../src/record/canonical-json.ts';
import {
  checkSignature,
  createReceiptSigner,
  formatReceipt,
  signingKeyId,
} from '../../../src/record/receipt/receipt.ts';
import {
  parseReceipt,
  receiptJsonSchema,
  RECEIPT_SCHEMA,
  type Receipt,
} from '../../../src/record/receipt/schema.ts';
import { ArchiveError } from '../../../src/errors.ts';

const digest = 'a'.repeat(64);
const receipt: Receipt = {
  schema: RECEIPT_SCHEMA,
  kind: 'archived',
  ids: { conversation: 'c-1', recording: 'r-1' },
  source: { contentType: 'audio/wav', contentLength: 100, resumes: 1, restarts: 0 },
  plaintext: { bytes: 100, sha256: digest },
  ciphertext: { bytes: 116, sha256: digest, leafBytes: 8_388_608, leaves: [digest] },
  object: {
    key: 'archive/2026/01/02/r-1.enc',
    store: 's3://bucket',
    checksum: { type: 'full', sha256: 'qqo=' },
  },
  envelope: { format: 'static-gcm', metadataSha256: digest },
  times: { recorded: '2026-01-02T03:04:05.000Z', issued: '2026-01-02T03:05:00.000Z' },
  tool: { name: 'genesys-media-archive', version: '1.2.3' },
};
/** RFC 8032, section 7.1, test 1: the secret key in PKCS #8 (RFC 8410). */
const rfc8032 = createPrivateKey({
  key: Buffer.from(
    '302e020100300506032b6570042204209d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'hex',
  ),
  format: 'der',
  type: 'pkcs8',
});
const keysOf = (...keys: KeyObject[]) => new Map(keys.map((key) => [signingKeyId(key), key]));

describe('canonicalJson (RFC 8785)', () => {
  it('agrees with the examples of the RFC, sections 3.2.2 and 3.2.3', () => {
    const value = {
      numbers: [Number('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '€$\u000F\nA\'B"\\\\"/',
      literals: [null, true, false],
    };
    expect(canonicalJson(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
    const order = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    expect([...canonicalJson(order).matchAll(/:"([^"]+)"/g)].map(([, name]) => name)).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  it('does not depend on the order of members, and reads back as the same value', { timeout: 90_000 }, () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(JSON.parse(text) as Json)).toBe(text);
      }),
      { numRuns: 1000 },
    );
    expect(canonicalJson({ b: 1, a: undefined, c: { y: 1, x: 2 } })).toBe('{"b":1,"c":{"x":2,"y":1}}');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, '\ud800', { '\udfff': 1 }])('refuses %j', (value) => {
    expect(() => canonicalJson(value as Json)).toThrow(ArchiveError);
  });
});

describe('what is refused', () => {
  const refusal = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      return error;
    }
    throw new Error('it was taken');
  };

  it('JSON says which kind of value it cannot hold, and that asking again is of no use', () => {
    expect(refusal(() => canonicalJson(Number.NaN))).toMatchObject({
      code: 'UNEXPECTED',
      message: 'JSON cannot hold a number that is not finite',
      retryable: false,
    });
    expect(refusal(() => canonicalJson('\udc00'))).toMatchObject({
      message: 'JSON cannot hold text with a lone surrogate',
    });
  });

  it('a receipt says which member is wrong, where it is one', () => {
    const message = (text: string) => (refusal(() => parseReceipt(text, 'k')) as ArchiveError).message;
    const changed = (change: object) => `${canonicalJson({ ...receipt, ...change })}\n`;
    expect(message(changed({ kind: 'other' }))).toBe('k is not a receipt: see kind');
    expect(message(changed({ times: { ...receipt.times, issued: 'now' } }))).toBe(
      'k is not a receipt: see times.issued',
    );
    for (const text of ['', '{', 'null', `${JSON.stringify(receipt)} `, changed({ extra: 1 })]) {
      expect(message(text)).toBe('k is not a receipt');
    }
  });

  it('keys to sign with that are public, or of another kind', () => {
    const x25519 = generateKeyPairSync('x25519').privateKey;
    for (const key of [createPublicKey(rfc8032), x25519]) {
      expect(refusal(() => createReceiptSigner(key))).toMatchObject({
        code: 'CONFIG_INVALID',
        message: 'the signing key is not an Ed25519 private key',
      });
    }
  });

  it('members that the published schema does not name', () => {
    expect(receiptJsonSchema()).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      additionalProperties: false,
      required: ['schema', 'kind', 'ids', 'times', 'tool'],
    });
  });
});

describe('receipts', () => {
  it('read back as they were written, signed or not', async () => {
    const signer = createReceiptSigner(rfc8032);
    const unsigned = (await formatReceipt(receipt, undefined)).toString();
    expect(parseReceipt(unsigned, 'k')).toEqual(receipt);
    const signed = parseReceipt((await formatReceipt(receipt, signer)).toString(), 'k');
    expect(signed).toMatchObject({ ...receipt, signature: { algorithm: 'Ed25519', keyId: signer.keyId } });
  });

  it('name the key by the hash of its raw bytes', () => {
    // SHA-256 of RFC 8032's first public key d75a98…511a
    expect(createReceiptSigner(rfc8032).keyId).toBe('21fe31dfa154a261');
  });

  it('verify with the right key, and tell an unknown key from a wrong signature', async () => {
    const { publicKey: other } = generateKeyPairSync('ed25519');
    const publicKey = createPublicKey(rfc8032);
    const signed = parseReceipt((await formatReceipt(receipt, createReceiptSigner(rfc8032))).toString(), 'k');
    expect(checkSignature(signed, keysOf(publicKey, other))).toBe('valid');
    expect(checkSignature(signed, keysOf(other))).toBe('unknown-key');
    expect(checkSignature(receipt, keysOf(publicKey))).toBe('unsigned');
    expect(checkSignature({ ...signed, kind: 'adopted' }, keysOf(publicKey))).toBe('invalid');
    const swapped = new Map([[signingKeyId(publicKey), other]]);
    expect(checkSignature(signed, swapped)).toBe('invalid');
  });

  it('no byte can be changed without being noticed', async () => {
    const publicKey = createPublicKey(rfc8032);
    const bytes = await formatReceipt(receipt, createReceiptSigner(rfc8032));
    let unnoticed = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      for (const flip of [1, 2, 16, 128]) {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(at) ^ flip, at);
        try {
          const parsed = parseReceipt(changed.toString('utf8'), 'k');
          if (checkSignature(parsed, keysOf(publicKey)) === 'valid') unnoticed += 1;
        } catch (error) {
          if (!(error instanceof ArchiveError) || error.code !== 'OBJECT_MALFORMED') throw error;
        }
      }
    }
    expect(unnoticed).toBe(0);
  });

  it.each([
    '',
    'null',
    '[]',
    '{}',
    'x'.repeat(100),
    JSON.stringify(receipt),
    canonicalJson({ ...receipt, extra: 1 } as unknown as Json),
    `${canonicalJson({ ...receipt, schema: 'genesys-media-archive/receipt/v2' } as unknown as Json)}\n`,
    `${canonicalJson(receipt as unknown as Json).replace('"kind":"archived"', '"kind":"archived","kind":"archived"')}\n`,
  ])('refuses what is not a receipt in canonical form', (text) => {
    expect(() => parseReceipt(text, 'receipts/x.json')).toThrow(/receipts\/x\.json is not a receipt/);
  });

  it('takes a signature in one spelling only, though others decode to the same bytes', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const text = (await formatReceipt(receipt, createReceiptSigner(privateKey))).toString('utf8');
    const signed = parseReceipt(text, 'k');
    const value = signed.signature?.value ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const last = alphabet.indexOf(value.at(-3) ?? '');
    const others = [
      // 64 bytes leave four bits of the last character unused: 15 other characters decode alike
      ...Array.from({ length: 15 }, (_, bits) => {
        return `${value.slice(0, -3)}${alphabet[(last & 0x30) | ((last + bits + 1) & 0x0f)]}==`;
      }),
      value.slice(0, -1),
      value.slice(0, -2),
      `${value}=`,
      ` ${value}`,
      `${value}\n`,
      `${value.slice(0, 40)} ${value.slice(40)}`,
      Buffer.from(value, 'base64').toString('base64url'),
      `${value}AAAA`,
      '',
    ];
    const keys = new Map([[signingKeyId(publicKey), publicKey]]);
    const verdict = (spelled: string) =>
      checkSignature(
        { ...receipt, signature: { algorithm: 'Ed25519', keyId: signingKeyId(publicKey), value: spelled } },
        keys,
      );
    expect(verdict(value)).toBe('valid');
    const decoded = others.filter((other) =>
      Buffer.from(other, 'base64').equals(Buffer.from(value, 'base64')),
    );
    expect(decoded.length).toBeGreaterThanOrEqual(15);
    expect(others.filter((other) => verdict(other) === 'valid')).toEqual([]);
  });

  it('refuses keys that are not Ed25519', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    expect(() => createReceiptSigner(privateKey)).toThrow(/Ed25519/);
    expect(() => createReceiptSigner(createPublicKey(rfc8032))).toThrow(/Ed25519/);
  });
});
