import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { KeyWrapper } from '../../src/envelope/key-wrap.ts';
import { createAesWrapper } from '../../src/envelope/raw-wrap.ts';
import { createS3ecEnvelope } from '../../src/envelope/s3ec/envelope.ts';
import { createStaticEnvelope } from '../../src/envelope/static-gcm.ts';
import type { Envelope } from '../../src/ports.ts';

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

/** How many different values each of `names` had in `count` attempts to archive one and the same recording. */
async function distinct(count: number, envelope: Envelope, names: readonly string[]): Promise<number[]> {
  const seen = names.map(() => new Set<string>());
  for (let attempt = 0; attempt < count; attempt += 1) {
    const { metadata } = await envelope.seal(ids);
    for (const [index, name] of names.entries()) seen[index]?.add(metadata[name] ?? '');
  }
  return seen.map((values) => values.size);
}

/** Seals one and the same recording `count` times in each of the three formats. */
export function describeNonces(count: number): void {
  describe(`${count} attempts at one recording`, () => {
    it('static-gcm: no IV comes twice', async () => {
      expect(await distinct(count, createStaticEnvelope(randomBytes(32)), ['iv'])).toEqual([count]);
    });

    it('s3ec-v2: no IV, data key or wrapped key comes twice', async () => {
      const dataKeys = new Set<string>();
      const envelope = createS3ecEnvelope({ format: 's3ec-v2', wrapper: recording(dataKeys) });
      expect(await distinct(count, envelope, ['x-amz-iv', 'x-amz-key-v2'])).toEqual([count, count]);
      expect(dataKeys.size).toBe(count);
    });

    it('s3ec-v3: no message id, data key, commitment or wrapped key comes twice', async () => {
      const dataKeys = new Set<string>();
      const envelope = createS3ecEnvelope({ format: 's3ec-v3', wrapper: recording(dataKeys) });
      const names = ['x-amz-i', 'x-amz-d', 'x-amz-3'];
      expect(await distinct(count, envelope, names)).toEqual([count, count, count]);
      expect(dataKeys.size).toBe(count);
    });
  });
}
