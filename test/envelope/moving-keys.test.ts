import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { createAdopter } from '../../src/envelope/adopt.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { createKmsWrap, type KeyUnwrapper, type KeyWrapper } from '../../src/envelope/key-wrap.ts';
import {
  createAesUnwrapper,
  createAesWrapper,
  createRsaWrapper,
  rsaKeyId,
} from '../../src/envelope/raw-wrap.ts';
import { createResealer, requireReadable } from '../../src/envelope/reencrypt.ts';
import { createRewrapper } from '../../src/envelope/rewrap.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec/envelope.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import { ArchiveError } from '../../src/errors.ts';
import type { InstructionContent, ObjectStat, Sealer } from '../../src/ports.ts';
import { codeOf, failureOf, rejectionOf, run } from './bytes.ts';
import { memoryKeyService } from './memory-key-service.ts';
import { pair3072 } from './rsa-pairs.ts';

const ids = { recordingId: 'r-1', conversationId: 'c-1' };
const organizationId = 'o-1';
const staticKey = randomBytes(32);
const [k1, k2] = [
  { kid: 'k1', key: randomBytes(32) },
  { kid: 'k2', key: randomBytes(32) },
];
const [first, second] = [createAesWrapper(k1), createAesWrapper(k2)];
const unwrapFirst = createAesUnwrapper([k1]);
const unwrapSecond = createAesUnwrapper([k2]);
const frozen = {
  'genesys-cloud-organization-id': 'o-1',
  'conversation-id': 'c-1',
  'recording-id': 'r-1',
};

interface Stored {
  readonly body: Buffer;
  readonly stat: ObjectStat;
  readonly instruction: string | undefined;
}

function stored(sealer: Sealer & { instruction?: InstructionContent }): Stored {
  const body = run(sealer, [Buffer.from('a call')]);
  return {
    body,
    stat: {
      key: 'k',
      metadata: { ...sealer.metadata, 'gca-v': '1' },
      size: body.length,
      lastModified: 0,
      contentType: undefined,
      etag: undefined,
      checksum: undefined,
    },
    instruction: sealer.instruction?.body,
  };
}

const sealed = async (
  format: 's3ec-v2' | 's3ec-v3',
  wrapper: KeyWrapper,
  placement: 'metadata' | 'instruction' = 'metadata',
) => stored(await createS3ecEnvelope({ format, wrapper, placement, organizationId }).seal(ids));
const sealedStatic = async () => stored(await createStaticEnvelope(staticKey).seal(ids));

/** What a reader with nothing but `unwrapper` makes of the object. */
async function read({ stat, body, instruction }: Stored, unwrapper: KeyUnwrapper): Promise<string> {
  const reader = createEnvelopeReader({ unwrappers: [unwrapper] });
  const given = instruction === undefined ? {} : { instruction };
  return run(await reader.unseal(stat, given), [body]).toString();
}

/** A key service that counts, and keeps the very buffers of data keys that pass through its callers' hands. */
function watchedKms() {
  const service = memoryKeyService();
  const seen: { readonly plaintext: Uint8Array; readonly context: object; readonly budget: unknown }[] = [];
  const wrap = createKmsWrap({
    ...service,
    encrypt: (plaintext, context, budget) => {
      seen.push({ plaintext, context, budget });
      return service.encrypt?.(plaintext, context) ?? Promise.reject(new Error('no such call'));
    },
  });
  return { service, seen, wrap };
}

describe('an adopter', () => {
  const adopterOf = (wrapper: KeyWrapper) => createAdopter({ staticKey, wrapper, organizationId });

  it('makes the file that reads an object of the static key without that key', async () => {
    const object = await sealedStatic();
    const file = await adopterOf(first).adopt(object.stat, ids, unlimited);
    expect(file).toMatchObject({
      suffix: '.instruction',
      metadata: { 'x-amz-crypto-instr-file': 'true' },
    });
    const held = JSON.parse(file?.body ?? '') as Record<string, string>;
    expect(held).toMatchObject({
      'x-amz-iv': object.stat.metadata['iv'],
      'x-amz-cek-alg': 'AES/GCM/NoPadding',
      'x-amz-wrap-alg': 'AES/GCM',
      'x-amz-tag-len': '128',
      'x-amz-matdesc': '{"kid":"k1"}',
    });
    expect(await read({ ...object, instruction: file?.body }, unwrapFirst)).toBe('a call');
  });

  it('binds the ids that are known, and passes its budget on', async () => {
    const { wrap, seen } = watchedKms();
    const { stat } = await sealedStatic();
    await adopterOf(wrap).adopt(stat, ids, unlimited);
    await adopterOf(wrap).adopt(stat, { recordingId: 'r-1' }, unlimited);
    const algorithm = { 'aws:x-amz-cek-alg': 'AES/GCM/NoPadding' };
    const { 'conversation-id': _, ...known } = frozen;
    expect(seen.map(({ context }) => context)).toEqual([
      { ...frozen, ...algorithm },
      { ...known, ...algorithm },
    ]);
    expect(seen[0]?.budget).toBe(unlimited);
  });

  it('passes over every other format, without a request', async () => {
    const { wrap, seen } = watchedKms();
    for (const object of [
      await sealed('s3ec-v2', first),
      await sealed('s3ec-v3', first),
      await sealed('s3ec-v3', first, 'instruction'),
    ]) {
      expect(await adopterOf(wrap).adopt(object.stat, ids, unlimited)).toBeUndefined();
    }
    expect(seen).toEqual([]);
  });

  it('makes no request about what cannot be an object of the static key', async () => {
    const { wrap, seen } = watchedKms();
    const { stat } = await sealedStatic();
    for (const bad of [
      { ...stat, size: 15 },
      { ...stat, metadata: { ...stat.metadata, iv: 'AAAA' } },
      { ...stat, metadata: { ...stat.metadata, encryption: 'aes-256-ctr' } },
    ]) {
      expect((await rejectionOf(adopterOf(wrap).adopt(bad, ids, unlimited))).code).toBe('OBJECT_MALFORMED');
    }
    expect(seen).toEqual([]);
  });

  it('needs a key of 32 bytes, and the organization where the wrap binds it', async () => {
    for (const length of [0, 31, 33]) {
      const bad = () => createAdopter({ staticKey: Buffer.alloc(length), wrapper: first });
      expect(failureOf(bad)).toMatchObject({
        code: 'CONFIG_INVALID',
        message: `the static key has ${length} bytes instead of 32`,
      });
    }
    const { wrap } = watchedKms();
    expect(failureOf(() => createAdopter({ staticKey, wrapper: wrap }))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('binds the organization id') as string,
      hint: 'set GENESYS_ORGANIZATION_ID',
    });
    const raw = createAdopter({ staticKey, wrapper: first });
    expect(await raw.adopt((await sealedStatic()).stat, ids, unlimited)).toBeDefined();
  });

  it('keeps a copy of the key, and erases it at its end', async () => {
    const given = Buffer.from(staticKey);
    const { wrap, seen } = watchedKms();
    const adopter = createAdopter({ staticKey: given, wrapper: wrap, organizationId });
    given.fill(0);
    await adopter.adopt((await sealedStatic()).stat, ids, unlimited);
    expect(Buffer.from(seen[0]?.plaintext ?? []).equals(staticKey)).toBe(true);
    adopter.end();
    expect(seen[0]?.plaintext.every((byte) => byte === 0)).toBe(true);
  });
});

describe('a rewrapper', () => {
  const toSecond = (unwrapper: KeyUnwrapper) =>
    createRewrapper({ unwrappers: [unwrapper], wrapper: second, organizationId });
  const move = async (object: Stored, unwrapper: KeyUnwrapper, wrapper: KeyWrapper, known = ids) => {
    const rewrapper = createRewrapper({ unwrappers: [unwrapper], wrapper, organizationId });
    const moved = await rewrapper.rewrap(object.stat, object.instruction, known, unlimited);
    if (moved.state === 'metadata') return { ...object, stat: { ...object.stat, metadata: moved.metadata } };
    if (moved.state === 'instruction') return { ...object, instruction: moved.instruction.body };
    throw new Error(moved.state);
  };

  it.each(['s3ec-v2', 's3ec-v3'] as const)('%s: exchanges the wrap in the metadata alone', async (format) => {
    const before = await sealed(format, first);
    const after = await move(before, unwrapFirst, second);
    expect(await read(after, unwrapSecond)).toBe('a call');
    const changed = Object.keys(after.stat.metadata).filter(
      (name) => after.stat.metadata[name] !== before.stat.metadata[name],
    );
    expect(changed.toSorted()).toEqual(
      format === 's3ec-v2' ? ['x-amz-key-v2', 'x-amz-matdesc'] : ['x-amz-3', 'x-amz-m'],
    );
    expect(Object.keys(after.stat.metadata).toSorted()).toEqual(Object.keys(before.stat.metadata).toSorted());
  });

  it('leaves no context of KMS behind with a raw wrap, and takes one on the way back', async () => {
    const { wrap } = watchedKms();
    const raw = await move(await sealed('s3ec-v3', wrap), wrap, second);
    expect(raw.stat.metadata).not.toHaveProperty('x-amz-t');
    expect(await read(raw, unwrapSecond)).toBe('a call');
    const back = await move(raw, unwrapSecond, wrap);
    expect(back.stat.metadata).not.toHaveProperty('x-amz-m');
    expect(JSON.parse(back.stat.metadata['x-amz-t'] ?? '')).toEqual({
      ...frozen,
      'aws:x-amz-cek-alg': '115',
    });
    expect(await read(back, wrap)).toBe('a call');
  });

  it('exchanges an instruction file where there is one, and nothing of the object', async () => {
    const before = await sealed('s3ec-v3', first, 'instruction');
    const after = await move(before, unwrapFirst, second);
    expect(after.stat).toBe(before.stat);
    expect(await read(after, unwrapSecond)).toBe('a call');
    expect(Object.keys(JSON.parse(after.instruction ?? '') as object).toSorted()).toEqual([
      'x-amz-3',
      'x-amz-m',
      'x-amz-w',
    ]);
  });

  it('exchanges the instruction file of an adopted object', async () => {
    const object = await sealedStatic();
    const adopter = createAdopter({ staticKey, wrapper: first });
    const file = await adopter.adopt(object.stat, ids, unlimited);
    const after = await move({ ...object, instruction: file?.body }, unwrapFirst, second);
    expect(await read(after, unwrapSecond)).toBe('a call');
    expect(JSON.parse(after.instruction ?? '')).toMatchObject({
      'x-amz-iv': object.stat.metadata['iv'],
      'x-amz-matdesc': '{"kid":"k2"}',
    });
  });

  it('says what it has no data key of, and what is where it should be', async () => {
    const { stat } = await sealedStatic();
    expect(await toSecond(unwrapFirst).rewrap(stat, undefined, ids, unlimited)).toEqual({
      state: 'unwrapped',
      format: 'static-gcm',
    });
    for (const format of ['s3ec-v2', 's3ec-v3'] as const) {
      const own = await sealed(format, second);
      // without the key: it is not needed to see that
      expect(await toSecond(unwrapFirst).rewrap(own.stat, undefined, ids, unlimited)).toEqual({
        state: 'current',
      });
    }
    const rsa = createRsaWrapper(pair3072.publicKey);
    const forRsa = createRewrapper({ unwrappers: [], wrapper: rsa });
    const own = await sealed('s3ec-v3', rsa);
    expect(await forRsa.rewrap(own.stat, undefined, ids, unlimited)).toEqual({ state: 'current' });
    const namesake = createAesWrapper({ kid: rsaKeyId(pair3072.publicKey), key: k1.key });
    const other = await sealed('s3ec-v3', namesake);
    expect((await rejectionOf(forRsa.rewrap(other.stat, undefined, ids, unlimited))).code).toBe(
      'DECRYPT_FAILED',
    );
  });

  it('ignores a file beside an object that has its data key in its metadata', async () => {
    const object = await sealed('s3ec-v3', first);
    const foreign = await sealed('s3ec-v3', second, 'instruction');
    const after = await move({ ...object, instruction: foreign.instruction }, unwrapFirst, second);
    expect(await read({ ...after, instruction: undefined }, unwrapSecond)).toBe('a call');
  });

  it('does not wrap a data key the object does not commit to, and erases it', async () => {
    const unwrapped: Uint8Array[] = [];
    const watched: KeyUnwrapper = {
      ...unwrapFirst,
      unwrap: async (...given) => {
        const dataKey = await unwrapFirst.unwrap(...given);
        unwrapped.push(dataKey);
        return dataKey;
      },
    };
    const [object, donor] = [await sealed('s3ec-v3', first), await sealed('s3ec-v3', first)];
    const metadata = { ...object.stat.metadata, 'x-amz-3': donor.stat.metadata['x-amz-3'] ?? '' };
    const swapped = { ...object.stat, metadata };
    const refused = await rejectionOf(toSecond(watched).rewrap(swapped, undefined, ids, unlimited));
    expect([refused.code, refused.message]).toEqual([
      'DECRYPT_FAILED',
      expect.stringContaining('does not commit'),
    ]);
    await toSecond(watched).rewrap(object.stat, undefined, ids, unlimited);
    const failing = createRewrapper({
      unwrappers: [watched],
      wrapper: { ...second, wrap: () => Promise.reject(new ArchiveError('KMS_DENIED', 'no')) },
    });
    const denied = await rejectionOf(failing.rewrap(object.stat, undefined, ids, unlimited));
    expect(denied.code).toBe('KMS_DENIED');
    expect(unwrapped.map((key) => key.every((byte) => byte === 0))).toEqual([true, true, true]);
  });

  it.each<[string, string, { recordingId?: string; conversationId?: string }]>([
    ['organization', 'o-2', ids],
    ['recording', 'o-1', { ...ids, recordingId: 'r-2' }],
    ['conversation', 'o-1', { conversationId: 'c-2' }],
  ])('is held to the %s it knows, before KMS is asked', async (_, organization, known) => {
    const { wrap, service } = watchedKms();
    const { stat } = await sealed('s3ec-v3', wrap);
    const rewrapper = createRewrapper({ unwrappers: [wrap], wrapper: second, organizationId: organization });
    const refused = await rejectionOf(rewrapper.rewrap(stat, undefined, known, unlimited));
    expect([refused.code, service.calls.decrypt]).toEqual(['CONTEXT_MISMATCH', 0]);
  });

  it('keeps the context of a KMS wrap, also of ids that are not known here', async () => {
    const { wrap } = watchedKms();
    const { wrap: next } = watchedKms();
    const before = await sealed('s3ec-v3', wrap);
    const rewrapper = createRewrapper({ unwrappers: [wrap], wrapper: next, organizationId });
    const moved = await rewrapper.rewrap(before.stat, undefined, {}, unlimited);
    expect(moved.state === 'metadata' && JSON.parse(moved.metadata['x-amz-t'] ?? '')).toEqual({
      ...frozen,
      'aws:x-amz-cek-alg': '115',
    });
  });

  it('lets KMS move a data key that it can move, and sees none', async () => {
    const { wrap, service } = watchedKms();
    const before = await sealed('s3ec-v3', wrap);
    const asked: unknown[] = [];
    let sameKey = false;
    const next = createKmsWrap({
      ...memoryKeyService(),
      reencrypt: (...given) => {
        asked.push(given);
        return Promise.resolve({ wrapped: Buffer.from('under the next key'), sameKey });
      },
    });
    const rewrapper = createRewrapper({ unwrappers: [wrap], wrapper: next, organizationId });
    const moved = await rewrapper.rewrap(before.stat, undefined, ids, unlimited);
    expect(moved).toEqual({
      state: 'metadata',
      metadata: {
        ...before.stat.metadata,
        'x-amz-3': Buffer.from('under the next key').toString('base64'),
      },
      isCommitted: false,
    });
    expect(asked).toEqual([
      [
        Buffer.from(before.stat.metadata['x-amz-3'] ?? '', 'base64'),
        { ...frozen, 'aws:x-amz-cek-alg': '115' },
        unlimited,
      ],
    ]);
    sameKey = true;
    expect(await rewrapper.rewrap(before.stat, undefined, ids, unlimited)).toEqual({ state: 'current' });
    expect(service.calls.decrypt).toBe(0);
    // a raw wrap is nothing KMS could move
    const raw = await sealed('s3ec-v3', first);
    const both = createRewrapper({ unwrappers: [unwrapFirst], wrapper: next, organizationId });
    expect((await both.rewrap(raw.stat, undefined, ids, unlimited)).state).toBe('metadata');
    expect(asked).toHaveLength(2);
  });

  it('refuses metadata that S3 would refuse', async () => {
    const object = await sealed('s3ec-v3', first);
    const stat = { ...object.stat, metadata: { ...object.stat.metadata, own: 'x'.repeat(1_500) } };
    const wide = createRewrapper({
      unwrappers: [unwrapFirst],
      wrapper: createRsaWrapper(pair3072.publicKey),
    });
    expect((await rejectionOf(wide.rewrap(stat, undefined, ids, unlimited))).code).toBe('CONFIG_INVALID');
  });

  it('needs the organization where the wrap binds it', () => {
    const { wrap } = watchedKms();
    expect(failureOf(() => createRewrapper({ unwrappers: [], wrapper: wrap }))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('binds the organization id') as string,
      hint: 'set GENESYS_ORGANIZATION_ID',
    });
    expect(() => createRewrapper({ unwrappers: [], wrapper: second })).not.toThrow();
  });
});

describe('a resealer', () => {
  it('makes V3 objects that bind what is known', async () => {
    const { wrap } = watchedKms();
    const resealer = createResealer(wrap, organizationId);
    expect(resealer.format).toBe('s3ec-v3');
    const whole = await resealer.seal(ids, unlimited);
    expect(JSON.parse(whole.metadata['x-amz-t'] ?? '')).toEqual({ ...frozen, 'aws:x-amz-cek-alg': '115' });
    expect(whole).not.toHaveProperty('instruction');
    const { metadata } = await resealer.seal({}, unlimited);
    expect(JSON.parse(metadata['x-amz-t'] ?? '')).toEqual({
      'genesys-cloud-organization-id': 'o-1',
      'aws:x-amz-cek-alg': '115',
    });
    expect(failureOf(() => createResealer(wrap, undefined))).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('binds the organization id') as string,
      hint: 'set GENESYS_ORGANIZATION_ID',
    });
    expect(codeOf(() => createResealer(wrap, undefined))).toBe('CONFIG_INVALID');
    expect(createResealer(first, undefined).format).toBe('s3ec-v3');
  });

  it('is tried with the reader before anything is written', async () => {
    const resealer = createResealer(first, undefined);
    const readable = (unwrapper: KeyUnwrapper) =>
      requireReadable(resealer, createEnvelopeReader({ unwrappers: [unwrapper] }), unlimited);
    const budgets: unknown[] = [];
    const watched: KeyUnwrapper = {
      ...unwrapFirst,
      unwrap: (key, algorithm, budget) => {
        budgets.push(budget);
        return unwrapFirst.unwrap(key, algorithm, budget);
      },
    };
    await expect(readable(watched)).resolves.toBeUndefined();
    expect(budgets).toEqual([unlimited]);
    const failure = await rejectionOf(readable(unwrapSecond));
    expect(failure).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('could not be read back') as string,
      hint: expect.stringContaining('ARCHIVE_PRIVATE_KEY_FILE') as string,
    });
    const denied = new ArchiveError('KMS_DENIED', 'no');
    const failing = { ...unwrapFirst, unwrap: () => Promise.reject(denied) };
    expect(await rejectionOf(readable(failing))).toBe(denied);
  });
});
