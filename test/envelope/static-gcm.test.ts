import crypto, { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStaticEnvelope, createStaticReader } from '../../src/envelope/static-gcm.ts';
import { bytewise, failureOf, rejectionOf, run } from './bytes.ts';

const ids = { recordingId: 'a1b2c3d4-5678-90ab-cdef-1234567890ab', conversationId: 'c-1' };
const statOf = (metadata: Record<string, string>, size: number) => ({ metadata, size, key: 'k.enc' });

/** The encryption of the tutorial, step 3, in its own words. */
async function encryptAsTutorial(key: Buffer, plaintext: Uint8Array) {
  const iv = crypto.randomBytes(12);
  const algorithm = 'aes-256-gcm';
  const cipher = crypto.createCipheriv(algorithm, key, iv);
  const encryptedStream = Readable.from([plaintext]).pipe(cipher);
  const chunks: Buffer[] = [];
  for await (const chunk of encryptedStream) {
    chunks.push(chunk as Buffer);
  }
  const encryptedBuffer = Buffer.concat(chunks);
  const authTag = cipher.getAuthTag();
  return {
    payload: Buffer.concat([encryptedBuffer, authTag]),
    metadata: { encryption: algorithm, iv: iv.toString('base64') },
  };
}

/** Its published recipe for reading: the last 16 bytes are the tag, the IV is in the metadata. */
function decryptAsTutorial(key: Buffer, payload: Buffer, metadata: Readonly<Record<string, string>>): Buffer {
  const decipher = crypto.createDecipheriv('aes-256-gcm', key, Buffer.from(metadata['iv'] ?? '', 'base64'));
  decipher.setAuthTag(payload.subarray(-16));
  return Buffer.concat([decipher.update(payload.subarray(0, -16)), decipher.final()]);
}

describe('static-gcm and the tutorial', () => {
  it('our objects are read by its published recipe', async () => {
    const key = randomBytes(32);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (plaintext) => {
        const sealer = await createStaticEnvelope(key).seal(ids);
        const payload = run(sealer, [plaintext]);
        expect(payload.length).toBe(plaintext.length + sealer.overhead);
        expect(decryptAsTutorial(key, payload, sealer.metadata)).toEqual(Buffer.from(plaintext));
      }),
      { numRuns: 200 },
    );
  });

  it('its objects are read by us, whole and byte by byte', async () => {
    const key = randomBytes(32);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (plaintext) => {
        const { payload, metadata } = await encryptAsTutorial(key, plaintext);
        const reader = createStaticReader(key);
        const whole = await reader.unseal(statOf(metadata, payload.length));
        expect(run(whole, [payload])).toEqual(Buffer.from(plaintext));
        const slow = await reader.unseal(statOf(metadata, payload.length));
        expect(run(slow, bytewise(payload))).toEqual(Buffer.from(plaintext));
      }),
      { numRuns: 100 },
    );
  });

  it('writes exactly its two metadata, and its bytes given its IV', async () => {
    const key = randomBytes(32);
    const sealer = await createStaticEnvelope(key).seal(ids);
    expect(Object.keys(sealer.metadata).toSorted()).toEqual(['encryption', 'iv']);
    expect(sealer.metadata['encryption']).toBe('aes-256-gcm');
    expect(sealer.metadata['iv']).toMatch(/^[A-Za-z0-9+/]{16}$/);
    const plaintext = randomBytes(1000);
    const cipher = crypto.createCipheriv(
      'aes-256-gcm',
      key,
      Buffer.from(sealer.metadata['iv'] ?? '', 'base64'),
    );
    const theirs = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    expect(run(sealer, [plaintext])).toEqual(theirs);
  });
});

describe('static-gcm', () => {
  it('copies the key and never shows it', async () => {
    const key = randomBytes(32);
    const original = Buffer.from(key);
    const envelope = createStaticEnvelope(key);
    key.fill(0);
    const sealer = await envelope.seal(ids);
    const payload = run(sealer, [Buffer.from('call')]);
    expect(decryptAsTutorial(original, payload, sealer.metadata).toString()).toBe('call');
    expect(inspect([envelope, sealer], { depth: 9, showHidden: true })).not.toContain(
      original.toString('hex'),
    );
  });

  it.each([0, 16, 31, 33, 64])('refuses a key of %i bytes', (length) => {
    for (const create of [createStaticEnvelope, createStaticReader]) {
      const failure = failureOf(() => create(Buffer.alloc(length)));
      expect([failure.code, failure.message]).toEqual([
        'CONFIG_INVALID',
        `the static key has ${length} bytes instead of 32`,
      ]);
    }
  });

  const iv = randomBytes(12).toString('base64');
  it.each<[string, Record<string, string>, number]>([
    ['no metadata', {}, 100],
    ['no iv', { encryption: 'aes-256-gcm' }, 100],
    ['no encryption', { iv }, 100],
    ['another algorithm', { encryption: 'aes-256-ctr', iv }, 100],
    ['another case', { encryption: 'AES-256-GCM', iv }, 100],
    ['an empty iv', { encryption: 'aes-256-gcm', iv: '' }, 100],
    ['an iv of 11 bytes', { encryption: 'aes-256-gcm', iv: randomBytes(11).toString('base64') }, 100],
    ['an iv of 16 bytes', { encryption: 'aes-256-gcm', iv: randomBytes(16).toString('base64') }, 100],
    ['an iv in base64url', { encryption: 'aes-256-gcm', iv: '-_'.repeat(8) }, 100],
    ['an iv with a line break', { encryption: 'aes-256-gcm', iv: `${iv}\n` }, 100],
    ['an iv with a blank', { encryption: 'aes-256-gcm', iv: ` ${iv}` }, 100],
    ['an iv in other letters', { encryption: 'aes-256-gcm', iv: 'é'.repeat(16) }, 100],
    ['a body shorter than a tag', { encryption: 'aes-256-gcm', iv }, 15],
    ['a body longer than a message', { encryption: 'aes-256-gcm', iv }, 2 ** 36 - 15],
  ])('refuses %s before any byte is decrypted', async (_name, metadata, size) => {
    const failure = await rejectionOf(createStaticReader(randomBytes(32)).unseal(statOf(metadata, size)));
    expect([failure.code, failure.retryable]).toEqual(['OBJECT_MALFORMED', false]);
    expect(failure.message).toMatch(
      /^metadata (?:iv|encryption) (?:is|has)|^the object is (?:shorter|longer)/,
    );
  });
});
