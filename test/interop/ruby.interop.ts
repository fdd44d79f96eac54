import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyRecording } from '../../src/audit/read-recording.ts';
import { unlimited } from '../../src/clock.ts';
import { createEnvelopeReader } from '../../src/envelope/envelope-reader.ts';
import { ask, whyMissing } from './foreign-client.ts';
import { type Format, type OurObject, sizes, startArchive, type Wrap } from './our-objects.ts';
import { damageEach, unread } from './reading.ts';
import { SUCCESSOR_SIZES, writeSuccessors } from './successors.ts';

const PROGRAM = 'test/interop/ruby-client.rb';

interface RubyClient {
  readonly client: 'EncryptionV2' | 'EncryptionV3';
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly missing: string | undefined;
  /** Objects it has to read: format, wrap, how many, and whether with the largest sizes. */
  readonly reads: readonly (readonly [Format, Wrap, number, boolean])[];
  /** Where it puts the wrapped data key of what it writes. */
  readonly locations: readonly ('metadata' | 'instruction_file')[];
}

const installed: RubyClient = {
  client: 'EncryptionV2',
  name: "AWS's encryption client V2 for Ruby",
  command: ['ruby', PROGRAM],
  missing: whyMissing(
    'ruby-aws-sdk-s3 and ruby-aws-sdk-kms',
    'ruby',
    '-e',
    'require "aws-sdk-s3"; require "aws-sdk-kms"; Aws::S3::EncryptionV2',
  ),
  reads: [
    ['s3ec-v2', 'kms', 40, true],
    ['s3ec-v2', 'aes', 30, true],
    ['s3ec-v2', 'rsa', 20, false],
    ['adopted', 'kms', 30, true],
    ['adopted', 'aes', 20, false],
    ['adopted', 'rsa', 10, false],
  ],
  locations: ['metadata', 'instruction_file'],
};

/** The current one, in the root that `scripts/interop.sh` builds. */
function currentClient(): RubyClient {
  const { TEST_RUBY_ROOT: root } = process.env;
  const name = "AWS's encryption client V3 for Ruby";
  const what = { client: 'EncryptionV3', name, locations: ['metadata', 'instruction_file'] } as const;
  const reads: RubyClient['reads'] = [
    ['s3ec-v3', 'kms', 40, true],
    ['s3ec-v3', 'aes', 30, true],
    ['s3ec-v3', 'rsa', 20, false],
    ['published', 'kms', 20, false],
    ['published', 'aes', 10, false],
    ['published', 'rsa', 10, false],
  ];
  if (root === undefined || !existsSync(root)) {
    return { ...what, reads, command: ['ruby'], missing: 'TEST_RUBY_ROOT, set by npm run test:interop' };
  }
  copyFileSync(PROGRAM, path.join(root, 'ruby-client.rb'));
  return { ...what, reads, command: ['chroot', root, 'ruby', '/ruby-client.rb'], missing: undefined };
}

for (const { client, name, command, missing, reads, locations } of [installed, currentClient()]) {
  describe.skipIf(missing !== undefined)(
    `${name}${missing === undefined ? '' : ` [needs: ${missing}]`}`,
    () => {
      let archive: Awaited<ReturnType<typeof startArchive>>;
      beforeAll(async () => {
        archive = await startArchive();
      });
      afterAll(async () => {
        await archive.close();
      });

      const settings = () => ({ ...archive.settings, client });
      const read = (objects: readonly OurObject[], change: (object: OurObject) => object = () => ({})) =>
        ask(
          command,
          settings(),
          objects.map((object) => {
            const { key, wrap, context, format } = object;
            const isBeside = format === 'adopted' || format === 'published';
            const location = isBeside ? { location: 'instruction_file' } : {};
            return { key, wrap, ...location, ...(wrap === 'kms' ? { context } : {}), ...change(object) };
          }),
        );
      const total = reads.reduce((sum, [, , count]) => sum + count, 0);

      it(`reads ${total} objects of ours`, async () => {
        const objects: OurObject[] = [];
        for (const [format, wrap, count, large] of reads) {
          objects.push(...(await archive.writeAll(format, wrap, sizes(count, large))));
        }
        expect(unread(objects, await read(objects))).toEqual([]);
        expect(objects).toHaveLength(total);
      });

      it('reads the successors of recordings that were archived again', async () => {
        const objects: OurObject[] = [];
        const formats = [...new Set(reads.map(([format]) => format))].filter((one) => one !== 'adopted');
        for (const format of formats)
          for (const wrap of ['kms', 'aes', 'rsa'] as const)
            objects.push(...(await writeSuccessors(archive, format, wrap, SUCCESSOR_SIZES)));
        expect(objects.map(({ key }) => key.endsWith('.v2.enc'))).toEqual(objects.map(() => true));
        expect(unread(objects, await read(objects))).toEqual([]);
        expect(objects).toHaveLength(formats.length * 3 * SUCCESSOR_SIZES.length);
      });

      it('refuses an object of ours under another context', async () => {
        const objects = await archive.writeAll(
          client === 'EncryptionV3' ? 's3ec-v3' : 's3ec-v2',
          'kms',
          [100, 200],
        );
        const answers = await read(objects, ({ context }) => ({
          context: { ...context, 'recording-id': randomUUID() },
        }));
        expect(answers.map(({ error }) => error !== undefined)).toEqual([true, true]);
      });

      it('would notice an object of ours that is damaged, under another key or cut', async () => {
        for (const wrap of ['kms', 'aes', 'rsa'] as const) {
          const damaged = await damageEach(archive, client === 'EncryptionV3' ? 's3ec-v3' : 's3ec-v2', wrap);
          expect(unread(damaged, await read(damaged))).toHaveLength(damaged.length);
        }
      });

      it('writes objects that we read, every one of 108', async () => {
        const each = 108 / 3 / locations.length;
        const jobs = (['kms', 'aes', 'rsa'] as const).flatMap((wrap: Wrap) =>
          locations.flatMap((location) =>
            sizes(each, location === 'metadata').map((size) => {
              // at this one size the newer Ruby's own network library fails to send a body: "can't set length of shared string"
              const bytes = client === 'EncryptionV3' && size === 5 * 1024 * 1024 - 1 ? size - 1 : size;
              const key = `archive/2026/05/20/${randomUUID()}.enc`;
              const context = { 'recording-id': key.slice('archive/2026/05/20/'.length, -'.enc'.length) };
              return { key, wrap, location, bytes, ...(wrap === 'kms' ? { context } : {}) };
            }),
          ),
        );
        const written = await ask(command, settings(), jobs);
        expect(written.flatMap(({ error }) => error ?? [])).toEqual([]);
        const reader = createEnvelopeReader({ unwrappers: archive.unwrappers });
        const wrong: object[] = [];
        for (const [index, job] of jobs.entries()) {
          try {
            const ports = { store: archive.store, reader };
            const { sha256, bytes } = await verifyRecording(ports, job.key, unlimited);
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
}
