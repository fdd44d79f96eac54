import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { ask, whyMissing } from './foreign-client.ts';
import { type OurObject, sizes, startArchive } from './our-objects.ts';
import { damageEach, unread } from './reading.ts';

const missing = whyMissing('python3-cryptography', 'python3', '-c', 'import cryptography');

describe.skipIf(missing !== undefined)(
  `a reader on python3-cryptography${missing === undefined ? '' : ` [needs: ${missing}]`}`,
  () => {
    let archive: Awaited<ReturnType<typeof startArchive>>;
    beforeAll(async () => {
      archive = await startArchive();
    });
    afterAll(async () => {
      await archive.close();
    });

    const read = async (objects: readonly OurObject[]) => {
      const jobs: object[] = [];
      for (const { key } of objects) {
        const { stat, body } = await archive.store.get(key, unlimited);
        const file = path.join(archive.dir, key.replaceAll('/', '_'));
        await writeFile(file, body);
        jobs.push({ file, metadata: stat.metadata });
      }
      return ask(['python3', 'test/interop/python-client.py'], archive.settings, jobs);
    };

    it('reads 130 objects of ours, in every format', async () => {
      const objects = [
        ...(await archive.writeAll('s3ec-v3', 'aes', sizes(30, true))),
        ...(await archive.writeAll('s3ec-v3', 'rsa', sizes(20, false))),
        ...(await archive.writeAll('s3ec-v2', 'aes', sizes(30, true))),
        ...(await archive.writeAll('s3ec-v2', 'rsa', sizes(20, false))),
        ...(await archive.writeAll('static-gcm', 'aes', sizes(30, true))),
      ];
      expect(unread(objects, await read(objects))).toEqual([]);
      expect(objects).toHaveLength(130);
    });

    it('would notice an object of ours that is damaged, under another key or cut', async () => {
      for (const [format, wrap] of [
        ['s3ec-v3', 'aes'],
        ['s3ec-v3', 'rsa'],
        ['s3ec-v2', 'aes'],
        ['s3ec-v2', 'rsa'],
        ['static-gcm', 'aes'],
      ] as const) {
        const damaged = await damageEach(archive, format, wrap);
        expect(unread(damaged, await read(damaged))).toHaveLength(damaged.length);
      }
    });
  },
);
