import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  ciphertextSize,
  createSealingCipher,
  createUnsealingCipher,
  MAX_PLAINTEXT_SIZE,
  plaintextSize,
  TAG_LENGTH,
} from '../../src/envelope/gcm.ts';
import { codeOf, failureOf, run } from './bytes.ts';

const parameters = () => ({ key: randomBytes(32), iv: randomBytes(12) });

describe('sizes', () => {
  it('end at 64 GiB - 32 bytes', () => {
    expect(MAX_PLAINTEXT_SIZE).toBe(64 * 1024 ** 3 - 32);
    expect(ciphertextSize(MAX_PLAINTEXT_SIZE)).toBe(64 * 1024 ** 3 - 16);
    const larger = failureOf(() => ciphertextSize(MAX_PLAINTEXT_SIZE + 1));
    expect([larger.code, larger.message]).toEqual([
      'MEDIA_TOO_LARGE',
      expect.stringContaining('64 GiB - 32 bytes'),
    ]);
    expect([plaintextSize(TAG_LENGTH), ciphertextSize(0)]).toEqual([0, TAG_LENGTH]);
    expect(plaintextSize(MAX_PLAINTEXT_SIZE + TAG_LENGTH)).toBe(MAX_PLAINTEXT_SIZE);
    const longer = failureOf(() => plaintextSize(MAX_PLAINTEXT_SIZE + TAG_LENGTH + 1));
    expect([longer.code, longer.message]).toEqual([
      'OBJECT_MALFORMED',
      expect.stringContaining('longer than'),
    ]);
  });

  it.each([15, 0, -1, 16.5, Number.NaN, Number.POSITIVE_INFINITY])('refuse a body of %s bytes', (size) => {
    const failure = failureOf(() => plaintextSize(size));
    expect([failure.code, failure.message]).toEqual([
      'OBJECT_MALFORMED',
      expect.stringContaining('shorter than'),
    ]);
  });
});

describe('one message', () => {
  it('is read byte by byte, never releasing a byte of the tag', () => {
    const shared = parameters();
    const plaintext = randomBytes(100);
    const body = run(createSealingCipher(shared), [plaintext]);
    const reading = createUnsealingCipher(shared);
    const released: Buffer[] = [];
    for (const [index, byte] of body.entries()) {
      released.push(Buffer.from(reading.update(Uint8Array.of(byte))));
      expect(Buffer.concat(released).length).toBe(Math.max(0, index + 1 - TAG_LENGTH));
    }
    expect(reading.final().length).toBe(0);
    expect(Buffer.concat(released)).toEqual(plaintext);
  });

  it('does not depend on the caller’s buffer after update returned', () => {
    const shared = parameters();
    const plaintext = randomBytes(64);
    const reading = createUnsealingCipher(shared);
    const window = Buffer.alloc(8);
    const out: Uint8Array[] = [];
    const body = run(createSealingCipher(shared), [plaintext]);
    for (let at = 0; at < body.length; at += 8) {
      body.copy(window, 0, at, at + 8);
      out.push(reading.update(window));
    }
    out.push(reading.final());
    expect(Buffer.concat(out)).toEqual(plaintext);
  });

  it('with other additional data, or none, fails authentication', () => {
    const shared = { ...parameters(), additionalAuthenticatedData: Uint8Array.of(0, 0x73) };
    const plaintext = randomBytes(40);
    const body = run(createSealingCipher(shared), [plaintext]);
    expect(run(createUnsealingCipher(shared), [body]).equals(plaintext)).toBe(true);
    for (const other of [Uint8Array.of(0, 0x72), Uint8Array.of(), Uint8Array.of(0, 0x73, 0)]) {
      const reading = createUnsealingCipher({ ...shared, additionalAuthenticatedData: other });
      expect(codeOf(() => run(reading, [body]))).toBe('DECRYPT_FAILED');
    }
  });

  it.each([0, 1, 15])('of %i bytes, shorter than a tag, is malformed', (length) => {
    const reading = createUnsealingCipher(parameters());
    expect(reading.update(Buffer.alloc(length)).length).toBe(0);
    expect(codeOf(() => reading.final())).toBe('OBJECT_MALFORMED');
  });

  it('fails with a message that holds nothing of key or text', () => {
    const reading = createUnsealingCipher(parameters());
    const failure = failureOf(() => run(reading, [randomBytes(64)]));
    expect(failure.retryable).toBe(false);
    expect(failure.cause).toBeUndefined();
    expect(failure.message).toBe(
      'the object did not pass authentication: the key is wrong or the object was changed',
    );
  });
});

describe('limits and misuse', () => {
  it('a plaintext up to the limit is sealed, one byte more is refused and the message cannot be finished', () => {
    const limited = { ...parameters(), maxPlaintextSize: 100 };
    expect(run(createSealingCipher(limited), [Buffer.alloc(60), Buffer.alloc(40)]).length).toBe(116);
    const sealing = createSealingCipher(limited);
    sealing.update(Buffer.alloc(100));
    expect(codeOf(() => sealing.update(Buffer.alloc(1)))).toBe('MEDIA_TOO_LARGE');
    expect(codeOf(() => sealing.final())).toBe('UNEXPECTED');
  });

  it('a body up to the limit is read, one byte more is refused before it is decrypted', () => {
    const shared = parameters();
    const body = run(createSealingCipher(shared), [Buffer.alloc(101)]);
    expect(run(createUnsealingCipher({ ...shared, maxPlaintextSize: 101 }), [body]).length).toBe(101);
    const reading = createUnsealingCipher({ ...shared, maxPlaintextSize: 100 });
    const failure = failureOf(() => reading.update(body));
    expect([failure.code, failure.message]).toEqual([
      'OBJECT_MALFORMED',
      expect.stringContaining('longer than'),
    ]);
    expect(codeOf(() => reading.final())).toBe('UNEXPECTED');
  });

  it.each([
    ['sealing', createSealingCipher],
    ['unsealing', createUnsealingCipher],
  ])('%s refuses use after its end', (_name, create) => {
    const cipher = create(parameters());
    cipher.update(randomBytes(32));
    try {
      cipher.final();
    } catch {
      // a random body does not authenticate; the message has ended all the same
    }
    for (const use of [() => cipher.update(randomBytes(1)), () => cipher.final()]) {
      const failure = failureOf(use);
      expect([failure.code, failure.retryable]).toEqual(['UNEXPECTED', false]);
      expect(failure.message).toMatch(/after its message had ended/);
    }
  });
});

describe('a body that is encrypted', () => {
  const chunksOf = async function* (chunks: readonly Uint8Array[]) {
    for (const chunk of chunks) yield chunk;
  };
  const collect = async (body: AsyncIterable<Uint8Array>) => {
    const copies: Buffer[] = [];
    for await (const chunk of body) copies.push(Buffer.from(chunk));
    return Buffer.concat(copies);
  };

  it('is what its chunks and its end give', async () => {
    const shared = parameters();
    const chunks = [randomBytes(70_000), randomBytes(0), randomBytes(1)];
    const body = await collect(createSealingCipher(shared).encrypt(chunksOf(chunks), async () => {}));
    expect(body.equals(run(createSealingCipher(shared), chunks))).toBe(true);
  });

  it('gives the memory of a chunk back when the next one is asked for', async () => {
    const body = createSealingCipher(parameters()).encrypt(chunksOf([randomBytes(70_000)]), async () => {});
    const { value: first } = await body.next();
    expect(first?.byteLength).toBe(70_000);
    const { value: tag } = await body.next();
    expect([first?.byteLength, tag?.byteLength]).toEqual([0, TAG_LENGTH]);
  });

  it('has no tag before all of it has been checked, and none when it has not passed', async () => {
    const events: string[] = [];
    const plaintext = async function* () {
      yield randomBytes(10);
      events.push('end of the plaintext');
    };
    const failed = new Error('cut');
    const body = createSealingCipher(parameters()).encrypt(plaintext(), async () => {
      events.push('checked');
      throw failed;
    });
    await expect(collect(body)).rejects.toBe(failed);
    expect(events).toEqual(['end of the plaintext', 'checked']);
    expect(await body.next()).toEqual({ done: true, value: undefined });
  });

  it('closes its source when the rest is not taken', async () => {
    let closed = false;
    const plaintext = async function* () {
      try {
        for (;;) yield randomBytes(10);
      } finally {
        closed = true;
      }
    };
    const body = createSealingCipher(parameters()).encrypt(plaintext(), async () => {});
    await body.next();
    await body.return();
    expect(closed).toBe(true);
  });
});
