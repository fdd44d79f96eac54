import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { ask, whyMissing } from './foreign-client.ts';
import { sizes, startArchive } from './our-objects.ts';

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

    it('reads 130 objects of ours, in every format', async () => {
      const objects = [
        ...(await archive.writeAll('s3ec-v3', 'aes', sizes(30, true))),
        ...(await archive.writeAll('s3ec-v3', 'rsa', sizes(20, false))),
        ...(await archive.writeAll('s3ec-v2', 'aes', sizes(30, true))),
        ...(await archive.writeAll('s3ec-v2', 'rsa', sizes(20, false))),
        ...(await archive.writeAll('static-gcm', 'aes', sizes(30, true))),
      ];
      const jobs: object[] = [];
      for (const { key } of objects) {
        const { stat, body } = await archive.store.get(key, unlimited);
        const file = path.join(archive.dir, key.replaceAll('/', '_'));
        await writeFile(file, body);
        jobs.push({ file, metadata: stat.metadata });
      }
      const answers = await ask(['python3', 'test/interop/python-client.py'], archive.settings, jobs);
      const wrong = objects.flatMap((object, index) =>
        answers[index]?.sha256 === object.sha256 ? [] : [{ ...object, answer: answers[index] }],
      );
      expect(wrong).toEqual([]);
      expect(objects).toHaveLength(130);
    });
  },
);
