import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import { whyMissing } from './foreign-client.ts';
import { sizes, startArchive } from './our-objects.ts';

const missing = whyMissing('openssl 3', 'openssl', 'kdf', '-help');
const document = readFileSync(new URL('../../docs/format.md', import.meta.url), 'utf8');

/** A command of the document's break-glass section, word for word. */
function snippet(name: string): string {
  const [, code] = new RegExp(`<!-- tested: ${name} -->\\n\`\`\`\\w+\\n([^\`]+)\`\`\``).exec(document) ?? [];
  if (code === undefined) throw new Error(`docs/format.md has no tested command ${name}`);
  return code;
}

describe.skipIf(missing !== undefined)(
  `nothing but openssl${missing === undefined ? '' : ` [needs: ${missing}]`}`,
  () => {
    let archive: Awaited<ReturnType<typeof startArchive>>;
    beforeAll(async () => {
      archive = await startArchive();
      await writeFile(path.join(archive.dir, 'private.pem'), archive.settings.rsa, { mode: 0o600 });
    });
    afterAll(async () => {
      await archive.close();
    });

    const shell = (name: string, env: Record<string, string>) =>
      execFileSync('sh', ['-eu', '-c', snippet(name)], {
        cwd: archive.dir,
        env: { PATH: process.env['PATH'] ?? '', ...env },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    const unwrap = (wrap: string, wrapped: string) => {
      const wrappingKey = Buffer.from(archive.settings.aes, 'base64').toString('hex');
      return wrap === 'rsa'
        ? shell('unwrap-rsa', { WRAPPED: wrapped })
        : shell('unwrap-aes', { WRAPPED: wrapped, WRAPPING_KEY: wrappingKey });
    };

    it('decrypts 110 objects of ours, in every format', async () => {
      const objects = [
        ...(await archive.writeAll('static-gcm', 'aes', sizes(30, true))),
        ...(await archive.writeAll('s3ec-v3', 'aes', sizes(30, true))),
        ...(await archive.writeAll('s3ec-v3', 'rsa', sizes(20, false))),
        ...(await archive.writeAll('s3ec-v2', 'aes', sizes(20, false))),
        ...(await archive.writeAll('s3ec-v2', 'rsa', sizes(10, false))),
      ];
      const wrong: object[] = [];
      for (const object of objects) {
        const { stat, body } = await archive.store.get(object.key, unlimited);
        await writeFile(path.join(archive.dir, 'call.enc'), body);
        const value = (name: string) => stat.metadata[name] ?? '';
        if (object.format === 's3ec-v3') {
          const KEY = unwrap(object.wrap, value('x-amz-3'));
          shell('with-derivation', { KEY, MESSAGE_ID: value('x-amz-i'), COMMITMENT: value('x-amz-d') });
        } else if (object.format === 's3ec-v2') {
          shell('no-derivation', { KEY: unwrap(object.wrap, value('x-amz-key-v2')), IV: value('x-amz-iv') });
        } else shell('no-derivation', { KEY: archive.settings.static, IV: value('iv') });
        const digest = createHash('sha256');
        await pipeline(createReadStream(path.join(archive.dir, 'call.wav')), digest);
        if (digest.digest('hex') !== object.sha256) wrong.push(object);
      }
      expect(wrong).toEqual([]);
      expect(objects).toHaveLength(110);
    });
  },
);
