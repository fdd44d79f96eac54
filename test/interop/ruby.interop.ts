import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyRecording } from '../../src/archive/read-recording.ts';
import { unlimited } from '../../src/clock.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { ask, whyMissing } from './foreign-client.ts';
import { type OurObject, sizes, startArchive, type Wrap } from './our-objects.ts';

const missing = whyMissing(
  'ruby-aws-sdk-s3 and ruby-aws-sdk-kms',
  'ruby',
  '-e',
  'require "aws-sdk-s3"; require "aws-sdk-kms"; Aws::S3::EncryptionV2',
);
const RUBY = ['ruby', 'test/interop/ruby-client.rb'] as const;

describe.skipIf(missing !== undefined)(
  `AWS's encryption client for Ruby${missing === undefined ? '' : ` [needs: ${missing}]`}`,
  () => {
    let archive: Awaited<ReturnType<typeof startArchive>>;
    beforeAll(async () => {
      archive = await startArchive();
    });
    afterAll(async () => {
      await archive.close();
    });

    const read = (objects: readonly OurObject[], change: (object: OurObject) => object = () => ({})) =>
      ask(
        [...RUBY],
        archive.settings,
        objects.map((object) => {
          const { key, wrap, context } = object;
          return { key, wrap, ...(wrap === 'kms' ? { context } : {}), ...change(object) };
        }),
      );

    it('reads 150 objects of ours', async () => {
      const objects = [
        ...(await archive.writeAll('s3ec-v2', 'kms', sizes(40, true))),
        ...(await archive.writeAll('s3ec-v2', 'aes', sizes(30, true))),
        ...(await archive.writeAll('s3ec-v2', 'rsa', sizes(20, false))),
        ...(await archive.writeAll('adopted', 'kms', sizes(30, true))),
        ...(await archive.writeAll('adopted', 'aes', sizes(20, false))),
        ...(await archive.writeAll('adopted', 'rsa', sizes(10, false))),
      ];
      const answers = await read(objects);
      const wrong = objects.flatMap((object, index) =>
        answers[index]?.sha256 === object.sha256 ? [] : [{ ...object, answer: answers[index] }],
      );
      expect(wrong).toEqual([]);
      expect(objects).toHaveLength(150);
    });

    it('refuses an object of ours under another context', async () => {
      const objects = await archive.writeAll('s3ec-v2', 'kms', [100, 200]);
      const answers = await read(objects, ({ context }) => ({
        context: { ...context, 'recording-id': randomUUID() },
      }));
      expect(answers.map(({ error }) => error !== undefined)).toEqual([true, true]);
    });

    it('writes objects that we read, every one of 108', async () => {
      const jobs = (['kms', 'aes', 'rsa'] as const).flatMap((wrap: Wrap) =>
        (['metadata', 'instruction_file'] as const).flatMap((location) =>
          sizes(18, location === 'metadata').map((bytes) => {
            const key = `archive/2026/05/20/${randomUUID()}.enc`;
            const context = { 'recording-id': key.slice('archive/2026/05/20/'.length, -'.enc'.length) };
            return { key, wrap, location, bytes, ...(wrap === 'kms' ? { context } : {}) };
          }),
        ),
      );
      const written = await ask([...RUBY], archive.settings, jobs);
      expect(written.flatMap(({ error }) => error ?? [])).toEqual([]);
      const reader = createEnvelopeReader({ unwrappers: archive.unwrappers });
      const wrong: object[] = [];
      for (const [index, job] of jobs.entries()) {
        try {
          const { sha256, bytes } = await verifyRecording(
            { store: archive.store, reader },
            job.key,
            unlimited,
          );
          if (sha256 !== written[index]?.sha256 || bytes !== job.bytes) wrong.push({ ...job, sha256 });
        } catch (error) {
          wrong.push({ ...job, error: String(error) });
        }
      }
      expect(wrong).toEqual([]);
      expect(jobs).toHaveLength(108);
    });
  },
);
