import { describe, expect, it } from 'vitest';
import { randomBytes } from 'node:crypto';
import type { KeyWrapper } from '../../src/envelope/key-wrap.ts';
import { createAesWrapper } from '../../src/envelope/raw-wrap.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec-envelope.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import type { Envelope } from '../../src/ports.ts';

/** Envelopes of each of the three formats; together 10^5, or 10^6 behind SLOW=1. */
const COUNT = process.env['SLOW'] === '1' ? 333_334 : 33_334;
const ids = { recordingId: 'always-the-same', conversationId: 'c' };

const wrapper = createAesWrapper({ kid: 'k1', key: randomBytes(32) });

/** The same wrapper, and a record of the data keys it made. */
function recording(dataKeys: Set<string>): KeyWrapper {
  return {
    ...wrapper,
    async generate(algorithm, context) {
      const dataKey = await wrapper.generate(algorithm, context);
      dataKeys.add(Buffer.from(dataKey.plaintext).toString('latin1'));
      return dataKey;
    },
  };
}

/** How many different values each of `names` had in {@link COUNT} attempts to archive one and the same recording. */
async function distinct(envelope: Envelope, names: readonly string[]): Promise<number[]> {
  const seen = names.map(() => new Set<string>());
  for (let attempt = 0; attempt < COUNT; attempt += 1) {
    const { metadata } = await envelope.seal(ids);
    for (const [index, name] of names.entries()) seen[index]?.add(metadata[name] ?? '');
  }
  return seen.map((values) => values.size);
}

describe(`${COUNT} attempts at one recording`, () => {
  it('static-gcm: no IV comes twice', { timeout: 600_000 }, async () => {
    expect(await distinct(createStaticEnvelope(randomBytes(32)), ['iv'])).toEqual([COUNT]);
  });

  it('s3ec-v2: no IV, data key or wrapped key comes twice', { timeout: 600_000 }, async () => {
    const dataKeys = new Set<string>();
    const envelope = createS3ecEnvelope({ format: 's3ec-v2', wrapper: recording(dataKeys) });
    expect(await distinct(envelope, ['x-amz-iv', 'x-amz-key-v2'])).toEqual([COUNT, COUNT]);
    expect(dataKeys.size).toBe(COUNT);
  });

  it('s3ec-v3: no message id, data key, commitment or wrapped key comes twice', {
    timeout: 600_000,
  }, async () => {
    const dataKeys = new Set<string>();
    const envelope = createS3ecEnvelope({ format: 's3ec-v3', wrapper: recording(dataKeys) });
    const names = ['x-amz-i', 'x-amz-d', 'x-amz-3'];
    expect(await distinct(envelope, names)).toEqual([COUNT, COUNT, COUNT]);
    expect(dataKeys.size).toBe(COUNT);
  });
});
