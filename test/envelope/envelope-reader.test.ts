import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { createAdopter } from '../../src/envelope/adopt.ts';
import { createEnvelopeReader, type ReadingKeys } from '../../src/envelope/envelope-reader.ts';
import { createAesUnwrapper, createAesWrapper } from '../../src/envelope/raw-wrap.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec/envelope.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import type { InstructionContent, Sealer } from '../../src/ports.ts';
import { codeOf, rejectionOf, run } from './bytes.ts';

const ids = { recordingId: 'r-1', conversationId: 'c-1' };
const staticKey = randomBytes(32);
const wrappingKey = { kid: 'k1', key: randomBytes(32) };
const wrapper = createAesWrapper(wrappingKey);
const wrapped: ReadingKeys = { unwrappers: [createAesUnwrapper([wrappingKey])] };
const plaintext = randomBytes(100);

function stored(sealer: Sealer & { instruction?: InstructionContent }) {
  const body = run(sealer, [plaintext]);
  const stat = { key: 'k', metadata: sealer.metadata, size: body.length, lastModified: 0 };
  return { body, stat: { ...stat, contentType: undefined, etag: undefined, checksum: undefined }, sealer };
}

const split = async () => {
  const options = { format: 's3ec-v3', wrapper, placement: 'instruction' } as const;
  const object = stored(await createS3ecEnvelope(options).seal(ids));
  return { ...object, file: object.sealer.instruction?.body ?? '' };
};
const whole = async (format: 's3ec-v2' | 's3ec-v3') =>
  stored(await createS3ecEnvelope({ format, wrapper }).seal(ids));
const adopted = async () => {
  const object = stored(await createStaticEnvelope(staticKey).seal(ids));
  const adopter = createAdopter({ staticKey, wrapper });
  return { ...object, file: (await adopter.adopt(object.stat, ids, unlimited))?.body ?? '' };
};

/** Where instruction files are read from, counting. */
function files(content: string | undefined) {
  const read = { times: 0 };
  const readInstruction = () => {
    read.times += 1;
    return Promise.resolve(content);
  };
  return { read, readInstruction };
}

describe('a reader of every format', () => {
  it('asks for an instruction file where the data key is in one', async () => {
    const { stat, body, file } = await split();
    const { read, readInstruction } = files(file);
    const reader = createEnvelopeReader(wrapped);
    expect(run(await reader.unseal(stat, { readInstruction }), [body]).equals(plaintext)).toBe(true);
    expect(read.times).toBe(1);
    const missing = files(undefined);
    const failure = await rejectionOf(reader.unseal(stat, missing));
    expect([failure.code, failure.message]).toEqual(['OBJECT_MALFORMED', expect.stringMatching(/missing/)]);
  });

  it('asks for none that was given to it', async () => {
    const { stat, body, file } = await split();
    const { read, readInstruction } = files('not this one');
    const given = { instruction: file, readInstruction };
    expect(run(await createEnvelopeReader(wrapped).unseal(stat, given), [body]).equals(plaintext)).toBe(true);
    expect(read.times).toBe(0);
  });

  it.each(['s3ec-v2', 's3ec-v3'] as const)(
    'asks for none where %s has its data key with it',
    async (format) => {
      const { stat, body } = await whole(format);
      const { read, readInstruction } = files('not this one');
      for (const keys of [wrapped, { ...wrapped, staticKey }]) {
        const unsealer = await createEnvelopeReader(keys).unseal(stat, { readInstruction });
        expect(run(unsealer, [body]).equals(plaintext)).toBe(true);
      }
      expect(read.times).toBe(0);
    },
  );

  it('reads an object of the static key with that key, or else with what an instruction file gives', async () => {
    const { stat, body, file } = await adopted();
    const own = files(file);
    const withKey = createEnvelopeReader({ staticKey });
    expect(run(await withKey.unseal(stat, own), [body]).equals(plaintext)).toBe(true);
    expect(own.read.times).toBe(0);
    const withoutKey = createEnvelopeReader(wrapped);
    expect(run(await withoutKey.unseal(stat, own), [body]).equals(plaintext)).toBe(true);
    expect(own.read.times).toBe(1);
    for (const keys of [{}, wrapped]) {
      const failure = await rejectionOf(createEnvelopeReader(keys).unseal(stat, files(undefined)));
      expect(failure).toMatchObject({
        code: 'DECRYPT_FAILED',
        message: 'no key is configured for objects of format static-gcm',
        hint: 'set ENCRYPTION_KEY_HEX to the key they were written with',
      });
    }
  });

  it('takes an object without metadata for one of V2 whose file has them', async () => {
    const { stat, body } = await whole('s3ec-v2');
    const bare = { ...stat, metadata: {} };
    const { readInstruction } = files(JSON.stringify(stat.metadata));
    const unsealer = await createEnvelopeReader(wrapped).unseal(bare, { readInstruction });
    expect(run(unsealer, [body]).equals(plaintext)).toBe(true);
  });

  it('says which wrap it holds no key for', async () => {
    const { stat } = await whole('s3ec-v3');
    const failure = await rejectionOf(createEnvelopeReader({}).unseal(stat));
    expect([failure.code, failure.message]).toEqual([
      'DECRYPT_FAILED',
      'no key is configured for data keys wrapped by AES/GCM',
    ]);
  });

  it('holds a raw wrap to no ids, for it binds none', async () => {
    const { stat, body } = await whole('s3ec-v3');
    const reader = createEnvelopeReader({ ...wrapped, organizationId: 'o-2' });
    const other = { recordingId: 'r-2', conversationId: 'c-2' };
    expect(run(await reader.unseal(stat, { expected: other }), [body]).equals(plaintext)).toBe(true);
  });

  it('refuses a static key of another length', () => {
    expect(codeOf(() => createEnvelopeReader({ staticKey: randomBytes(31) }))).toBe('CONFIG_INVALID');
  });
});

describe('a reader of parts', () => {
  it('decrypts any part, and says whether the object commits to the key that does', async () => {
    const { file: adoption, ...inStatic } = await adopted();
    const { file, ...inFile } = await split();
    const objects = [
      ['static-gcm', inStatic, { staticKey }, undefined, false],
      ['static-gcm, adopted', inStatic, wrapped, adoption, false],
      ['s3ec-v2', await whole('s3ec-v2'), wrapped, undefined, false],
      ['s3ec-v3', await whole('s3ec-v3'), wrapped, undefined, true],
      ['s3ec-v3 with a file', inFile, wrapped, file, true],
    ] as const;
    for (const [what, { stat, body }, keys, content, keyIsBound] of objects) {
      const reader = createEnvelopeReader(keys);
      const part = await reader.unsealRange(stat, files(content));
      expect([what, part.keyIsBound, part.plaintextBytes]).toEqual([what, keyIsBound, 100]);
      const bytes = Buffer.from(part.decryptAt(7, body.subarray(7, 60)));
      expect([what, bytes.equals(plaintext.subarray(7, 60))]).toEqual([what, true]);
    }
  });

  it('needs no options', async () => {
    const { stat } = await whole('s3ec-v3');
    expect((await createEnvelopeReader(wrapped).unsealRange(stat)).plaintextBytes).toBe(100);
  });
});
